import { Packet } from 'dns2';
import { fromHex } from './from-hex.ts';

/** Queries as resolvers send them. */
export const goldenDnsQueries: Readonly<Record<string, Uint8Array>> = {
  'glibc: A': fromHex(
    '3a1b 0100 0001 0000 0000 0000 05 6467783031 04 706f6431 07 6578616d706c65 03 636f6d 00 0001 0001',
  ),
  'dig: A with a cookie': fromHex(
    '77e2 0120 0001 0000 0000 0001 05 6467783031 04 706f6431 07 6578616d706c65 03 636f6d 00 0001 0001' +
      '00 0029 04d0 0000 0000 000c 000a 0008 1122334455667788',
  ),
  'unbound: PTR with DO and mixed case': fromHex(
    '0102 0110 0001 0000 0000 0001 02 3231 01 30 02 3737 02 3130 07 694e2d41446472 04 61527041 00 000c 0001' +
      '00 0029 04d0 0000 8000 0000',
  ),
  'the root': fromHex('0001 0100 0001 0000 0000 0000 00 0002 0001'),
};

const NAME = 'registry.pod1.example.com';
const record = (name: string, type: number, fields: object) =>
  new Packet.Resource({ name, type, class: 1, ttl: 3600, ...fields });

function answer(type: number, build: (packet: Packet) => void): Uint8Array {
  const packet = new Packet();
  Object.assign(packet.header, { id: 0x1234, qr: 1, rd: 1, ra: 1 });
  packet.questions.push(new Packet.Question(NAME, type, 1));
  build(packet);
  return Uint8Array.from(packet.toBuffer());
}

/** Answers as upstream servers send them, compressed by another encoder than ours. */
export const goldenDnsAnswers: Readonly<Record<string, Uint8Array>> = {
  'a chain of CNAMEs with OPT': answer(Packet.TYPE.A, ({ answers, additionals }) => {
    answers.push(record(NAME, Packet.TYPE.CNAME, { domain: 'web.pod1.example.com' }));
    answers.push(record('web.pod1.example.com', Packet.TYPE.CNAME, { domain: 'host.example.com' }));
    answers.push(record('host.example.com', Packet.TYPE.A, { address: '192.0.2.1' }));
    additionals.push(Packet.Resource.EDNS([]));
  }),
  'SRV, MX and TXT with addresses beside': answer(Packet.TYPE.SRV, ({ answers, additionals }) => {
    answers.push(record(NAME, Packet.TYPE.SRV, { priority: 1, weight: 2, port: 5000, target: 'host.example.com' }));
    answers.push(record(NAME, Packet.TYPE.MX, { priority: 10, exchange: 'mail.example.com' }));
    answers.push(record(NAME, Packet.TYPE.TXT, { data: ['one', 'two'] }));
    additionals.push(record('host.example.com', Packet.TYPE.AAAA, { address: '2001:db8::1' }));
  }),
  'no such name, with SOA and OPT': answer(Packet.TYPE.A, ({ header, authorities, additionals }) => {
    header.rcode = 3;
    const times = { serial: 2026010100, refresh: 3600, retry: 600, expiration: 604800, minimum: 300 };
    authorities.push(
      record('example.com', Packet.TYPE.SOA, { primary: 'ns.example.com', admin: 'root.example.com', ...times }),
    );
    additionals.push(Packet.Resource.EDNS([], { udpPayloadSize: 1232 }));
  }),
  'types that nobody here knows': answer(65, ({ answers }) => {
    answers.push(record(NAME, 65, { data: Buffer.from('0001000001000302683202683300', 'hex') }));
    answers.push(
      record(NAME, 46, { data: Buffer.from('0001080300000e1069a1b2c369a1b2c312340363616d0000112233', 'hex') }),
    );
  }),
};
