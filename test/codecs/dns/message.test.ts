import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Packet } from 'dns2';
import fc from 'fast-check';
import { encodeMessage } from '../../../src/codecs/dns/encode.ts';
import { encodeData, type RecordValue, typeCode } from '../../../src/codecs/dns/encode-data.ts';
import { type DnsRecord, readMessage, recordAt } from '../../../src/codecs/dns/message.ts';
import { nameText, wireName } from '../../../src/codecs/dns/name.ts';
import { encodeQuestion, readQuery } from '../../../src/codecs/dns/query.ts';
import { CLASS_IN, Flag, Rcode, RecordType } from '../../../src/codecs/dns/wire-format.ts';
import { MalformedPacket } from '../../../src/codecs/malformed-packet.ts';
import { goldenDnsAnswers, goldenDnsQueries } from '../golden/dns.ts';
import { fromHex } from '../golden/from-hex.ts';

const NAME = 'dgx01.pod1.example.com';
const question = (type: number, name = NAME) => ({ name: wireName(name), type, class: CLASS_IN });

function record(name: string, value: RecordValue, ttlSeconds = 60): DnsRecord {
  return { name: wireName(name), type: typeCode(value.type), class: CLASS_IN, ttlSeconds, data: encodeData(value) };
}

/** What another implementation reads of it. */
function parsed(bytes: Uint8Array): Packet {
  const packet = Packet.parse(Buffer.from(bytes));
  assert.deepEqual(packet.errors, []);
  return packet;
}

test('a query is read with its flags, question and EDNS', () => {
  const query = readQuery(goldenDnsQueries['unbound: PTR with DO and mixed case'] as Uint8Array);
  assert.equal(query.id, 0x0102);
  assert.equal(query.flags & (Flag.RD | Flag.CD), Flag.RD | Flag.CD);
  assert.equal(nameText(query.question.name), '21.0.77.10.iN-ADdr.aRpA');
  assert.equal(query.question.type, RecordType.PTR);
  assert.deepEqual(query.edns, { version: 0, payloadBytes: 1232, dnssecOk: true, hasOptions: false });
  const withCookie = readQuery(goldenDnsQueries['dig: A with a cookie'] as Uint8Array);
  assert.equal(withCookie.edns?.hasOptions, true);
  assert.equal(readQuery(goldenDnsQueries['glibc: A'] as Uint8Array).edns, undefined);
});

const HEAD = '3a1b 0100 0001 0000 0000';
const ASKED = '01 61 00 0001 0001';
const OPT = '00 0029 04d0 00000000 0000';
const MALFORMED: Readonly<Record<string, string>> = {
  'no question': `3a1b 0100 0000 0000 0000 0000`,
  'two questions': `3a1b 0100 0002 0000 0000 0000 ${ASKED} ${ASKED}`,
  'an answer': `3a1b 8100 0001 0000 0000 0000 ${ASKED}`,
  'a pointer in the question': `${HEAD} 0000 c000 0001 0001`,
  'two OPT records': `${HEAD} 0002 ${ASKED} ${OPT} ${OPT}`,
  'OPT of another name than the root': `${HEAD} 0001 ${ASKED} 01 61 00 0029 04d0 00000000 0000`,
  'OPT in the answer section': `3a1b 0100 0001 0001 0000 0000 ${ASKED} ${OPT}`,
  'an option longer than OPT': `${HEAD} 0001 ${ASKED} 00 0029 04d0 00000000 0004 000a 0008`,
  'half an option': `${HEAD} 0001 ${ASKED} 00 0029 04d0 00000000 0002 000a`,
  'OPT that is not there': `${HEAD} 0001 ${ASKED}`,
  'sixty thousand records': `${HEAD} ffff ${ASKED} ${OPT}`,
};
for (const [what, bytes] of Object.entries(MALFORMED)) {
  test(`a query with ${what} is malformed`, () => {
    assert.throws(() => readQuery(fromHex(bytes)), MalformedPacket);
  });
}

const VALUES: readonly RecordValue[] = [
  { type: 'A', address: '10.77.0.21' },
  { type: 'AAAA', address: '2001:db8::77:1' },
  { type: 'CNAME', target: 'host.example.org' },
  { type: 'PTR', target: NAME },
  { type: 'NS', target: 'podboot.pod1.example.com' },
  { type: 'SRV', priority: 0, weight: 5, port: 389, target: NAME },
  { type: 'TXT', text: 'v=spf1 -all' },
  {
    ...{
      type: 'SOA',
      primary: 'podboot.pod1.example.com',
      mailbox: 'hostmaster.pod1.example.com',
      serial: 4_000_000_000,
    },
    ...{ refresh: 3600, retry: 600, expire: 604_800, minimum: 60 },
  },
];
for (const value of VALUES) {
  test(`${value.type} reads as it was written, by dns2 and by ourselves`, () => {
    const asked = question(typeCode(value.type));
    const answer = record(NAME, value);
    const fields = { id: 7, flags: Flag.QR | Flag.AA, questionBytes: encodeQuestion(asked) };
    const bytes = encodeMessage({ ...fields, records: { answer: [answer] } });
    const [read] = parsed(bytes).answers as unknown as readonly Record<string, unknown>[];
    const { type, ...rest } = value;
    const expected: Record<string, unknown> = { ...rest };
    if (type === 'CNAME' || type === 'PTR') Object.assign(expected, { domain: value.target, target: undefined });
    if (type === 'NS') Object.assign(expected, { ns: value.target, target: undefined });
    if (type === 'TXT') Object.assign(expected, { data: [value.text], text: undefined });
    if (type === 'SOA') {
      Object.assign(expected, {
        admin: value.mailbox,
        mailbox: undefined,
        expiration: value.expire,
        expire: undefined,
      });
    }
    for (const [name, wanted] of Object.entries(expected)) assert.equal(String(read?.[name]), String(wanted), name);
    const message = readMessage(bytes);
    assert.deepEqual(
      message.records.map((place) => recordAt(bytes, place)),
      [answer],
    );
  });
}

test('the owner is a pointer where the question has it, and SRV targets never are', () => {
  const records = { answer: [record(NAME, { type: 'SRV', priority: 1, weight: 1, port: 1, target: NAME })] };
  const asked = encodeQuestion(question(RecordType.SRV));
  const bytes = encodeMessage({ id: 1, flags: Flag.QR, questionBytes: asked, records });
  assert.equal(bytes.length, 12 + asked.length + 2 + 10 + 6 + wireName(NAME).length);
});

test('a text of 700 bytes goes as three strings, never cut within a character', () => {
  const text = 'ż'.repeat(350);
  const bytes = encodeMessage({
    ...{ id: 1, flags: Flag.QR, questionBytes: encodeQuestion(question(RecordType.TXT)) },
    records: { answer: [record(NAME, { type: 'TXT', text })] },
  });
  const strings = parsed(bytes).answers[0]?.data as string[];
  assert.deepEqual(
    strings.map((each) => Buffer.from(each).length),
    [254, 254, 192],
  );
  assert.equal(strings.join(''), text);
});

test('BADVERS is split between the header and OPT', () => {
  const questionBytes = encodeQuestion(question(RecordType.A));
  const opt = { payloadBytes: 1232, dnssecOk: false };
  const bytes = encodeMessage({ id: 1, flags: Flag.QR, rcode: Rcode.BADVERS, questionBytes, opt });
  assert.equal(parsed(bytes).header.rcode, Rcode.BADVERS);
  assert.equal(readMessage(bytes).rcode, Rcode.BADVERS);
});

test("records of another encoder's compressed answers are the same after they were put together anew", () => {
  for (const [name, bytes] of Object.entries(goldenDnsAnswers)) {
    const message = readMessage(bytes);
    const records: Record<'answer' | 'authority' | 'additional', DnsRecord[]> = {
      answer: [],
      authority: [],
      additional: [],
    };
    for (const place of message.records) records[place.section].push(recordAt(bytes, place));
    const again = encodeMessage({
      ...{ id: message.id, flags: message.flags, questionBytes: encodeQuestion(message.question), records },
    });
    const one = parsed(bytes);
    const other = parsed(again);
    assert.deepEqual(other.answers, one.answers, name);
    assert.deepEqual(other.authorities, one.authorities, name);
    assert.deepEqual(
      other.additionals,
      one.additionals.filter(({ type }) => type !== Packet.TYPE.EDNS),
      name,
    );
  }
});

test('an answer that says more records than it has room for is refused before anything is made for them', () => {
  const bytes = Uint8Array.from(goldenDnsAnswers['a chain of CNAMEs with OPT'] as Uint8Array);
  bytes.set([0xff, 0xff], 6);
  assert.throws(() => readMessage(bytes), /65536 records do not fit/);
});

test('data that does not fill its record, or goes on behind it, is malformed', () => {
  const cname = (lengthAndData: string) =>
    fromHex(`0001 8180 0001 0001 0000 0000 01 61 00 0005 0001 c00c 0005 0001 0000003c ${lengthAndData}`);
  const read = (bytes: Uint8Array) => recordAt(bytes, readMessage(bytes).records[0]!);
  assert.equal(nameText(read(cname('0003 01 62 00')).data), 'b');
  assert.throws(() => read(cname('0004 01 62 00 00')), MalformedPacket);
  assert.throws(() => read(cname('0001 01')), MalformedPacket);
});

test('a time to live with its uppermost bit is 0 (RFC 2181 section 8)', () => {
  const bytes = fromHex('0001 8180 0001 0001 0000 0000 01 61 00 0001 0001 c00c 0001 0001 80000001 0004 0a4d0001');
  assert.equal(readMessage(bytes).records[0]?.ttlSeconds, 0);
});

test('a message of 64 KiB is the most; more is refused', () => {
  const text = 'x'.repeat(250);
  const many = (count: number) => Array.from({ length: count }, () => record(NAME, { type: 'TXT', text }));
  const questionBytes = encodeQuestion(question(RecordType.TXT));
  const encode = (count: number) =>
    encodeMessage({ id: 1, flags: Flag.QR, questionBytes, records: { answer: many(count) } });
  assert.equal(readMessage(encode(240)).records.length, 240);
  assert.throws(() => encode(260), RangeError);
});

test('reading random bytes ends in a message or in MalformedPacket', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      for (const read of [readQuery, readMessage]) {
        try {
          read(bytes);
        } catch (error) {
          assert.ok(error instanceof MalformedPacket);
        }
      }
    }),
    { numRuns: 2_000 },
  );
});
