import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Packet } from 'dns2';
import { Rcode } from '../../../src/codecs/dns/wire-format.ts';
import { parseSubnet } from '../../../src/domain/ipv4.ts';
import { goldenDnsQueries } from '../../codecs/golden/dns.ts';
import { mutate } from '../../fuzz/mutate.ts';
import { Random } from '../../fuzz/random.ts';
import { settle } from '../../harness/clock.ts';
import {
  configuration,
  DnsPod,
  DOMAIN,
  ip,
  lines,
  mac,
  node,
  parse,
  query,
  SERVER,
  STRANGER,
  settingsOf,
} from './dns-pod.ts';

const NAME = `switch1.${DOMAIN}`;
const { TXT, AXFR } = Packet.TYPE;
const bytesOf = (hex: string) => Uint8Array.from(Buffer.from(hex.replace(/\s+/g, ''), 'hex'));
const LARGE = `records: [${Array.from({ length: 40 }, (_, index) => `{ name: big, type: TXT, value: "${index} ${'x'.repeat(60)}" }`).join(', ')}]`;

describe('what goes out', () => {
  test('id and letters come back as they were sent, from the cache too', async () => {
    const pod = await DnsPod.up();
    for (const [id, name] of [
      [1, NAME],
      [2, NAME],
      [0xffff, NAME],
      [4, 'SwItCh1.Pod1.eXample.COM'],
    ] as const) {
      const answer = await pod.ask(name, { id });
      assert.equal(answer.header.id, id);
      assert.equal(answer.questions[0]?.name, name);
      assert.equal(answer.answers[0]?.address, '10.77.0.10');
    }
    assert.equal(pod.service.statistics().fromCache, 2);
  });

  test('a kept answer is forgotten when a node, a lease or the configuration changes', async () => {
    const pod = await DnsPod.up();
    const kept = () => pod.service.statistics().keptAnswers;
    const ask = async () => void (await pod.ask(NAME));
    await ask();
    assert.equal(kept(), 1);
    pod.nodes.put(node('dgx01', [{ address: ip('10.77.0.21') }]));
    await pod.ask(`dgx01.${DOMAIN}`);
    assert.equal(kept(), 1);
    pod.lease('10.77.0.101', 1, { hostname: 'someone' });
    await ask();
    assert.equal(kept(), 1);
    pod.lease('10.77.0.101', 1, { hostname: 'someone' });
    await ask();
    assert.equal(pod.service.statistics().fromCache, 1, 'a renewal changes nothing');
    await pod.service.reload(settingsOf(configuration('ttl: 5m')));
    assert.deepEqual((await pod.answers(NAME)).answer, [`${NAME} A 300 10.77.0.10`]);
  });

  test('EDNS: an OPT record comes back only where one was sent', async () => {
    const pod = await DnsPod.up();
    assert.equal((await pod.ask(NAME)).additionals.length, 0);
    const [opt] = (await pod.ask(NAME, { edns: { udpPayloadSize: 4096, doFlag: true } })).additionals;
    assert.equal(opt?.type, Packet.TYPE.EDNS);
    assert.equal(opt?.class, 1232);
    assert.equal(opt?.version, 0);
  });

  test('a version of EDNS that there is not is BADVERS, and says which there is', async () => {
    const pod = await DnsPod.up();
    const answer = await pod.ask(NAME, { edns: { version: 1 } });
    assert.equal(answer.header.rcode, Rcode.BADVERS);
    assert.equal(answer.additionals[0]?.version, 0);
    assert.equal(answer.answers.length, 0);
  });

  for (const [what, payload, isWhole] of [
    ['without EDNS', undefined, false],
    ['for 600 bytes', 600, false],
    ['for less than 512, which means 512', 100, false],
    ['for 4096, of which 1232 are given', 4096, false],
  ] as const) {
    test(`a long answer ${what} is truncated to its question`, async () => {
      const pod = await DnsPod.up(configuration(LARGE));
      const edns = payload === undefined ? {} : { edns: { udpPayloadSize: payload } };
      const answer = await pod.ask(`big.${DOMAIN}`, { type: TXT, ...edns });
      assert.equal(answer.header.tc, isWhole ? 0 : 1);
      assert.equal(answer.answers.length, 0);
      assert.equal(answer.questions.length, 1);
    });
  }

  test('a middling answer fits with EDNS and not without', async () => {
    const pod = await DnsPod.up(configuration(LARGE.replace(/(.*?\},){12}/s, 'records: [')));
    const asked = { type: TXT };
    assert.equal((await pod.ask(`big.${DOMAIN}`, asked)).header.tc, 1);
    const whole = await pod.ask(`big.${DOMAIN}`, { ...asked, edns: { udpPayloadSize: 1232 } });
    assert.equal(whole.header.tc === 1 || whole.answers.length > 0, true);
  });
});

describe('what is refused', () => {
  test('a zone as a whole', async () => {
    const pod = await DnsPod.up();
    assert.equal((await pod.ask(DOMAIN, { type: AXFR })).header.rcode, Rcode.REFUSED);
  });

  test('other classes', async () => {
    const pod = await DnsPod.up();
    const answer = await pod.ask('version.bind', { type: TXT, class: Packet.CLASS.CH });
    assert.equal(answer.header.rcode, Rcode.REFUSED);
    assert.equal(answer.questions[0]?.class, Packet.CLASS.CH);
  });

  test('other opcodes are not implemented, and keep their opcode', async () => {
    const pod = await DnsPod.up();
    const update = query(NAME, { flags: { opcode: 5 } });
    const answer = parse((await pod.exchange(update)) as Uint8Array);
    assert.equal(answer.header.rcode, Rcode.NOTIMP);
    assert.equal(answer.header.opcode, 5);
  });

  test('a name elsewhere where nobody can be asked', async () => {
    const pod = await DnsPod.up();
    const answer = await pod.ask('www.example.org');
    assert.equal(answer.header.rcode, Rcode.REFUSED);
    assert.equal(answer.header.ra, 0);
  });

  test('malformed questions are told as such, once a second, and counted', async () => {
    const pod = await DnsPod.up();
    const bad = query(NAME).slice(0, -3);
    const answer = (await pod.exchange(bad)) as Uint8Array;
    assert.equal(answer.length, 12);
    assert.equal(answer[3]! & 15, Rcode.FORMERR);
    assert.equal(pod.service.statistics().malformed, 1);
    assert.match(pod.events.of('dns.malformed')[0]?.text ?? '', /10\.77\.0\.50: DNS query: the question is cut short/);
  });

  test('answers and half headers get none', async () => {
    const pod = await DnsPod.up();
    assert.equal(await pod.exchange(query(NAME, { flags: { qr: 1 } })), undefined);
    for (let length = 0; length < 12; length += 1)
      assert.equal(await pod.exchange(query(NAME).slice(0, length)), undefined);
    assert.equal(await pod.exchange(bytesOf('0000 8000 0000 0000 0000 0000')), undefined);
  });
});

test('20,000 mutated datagrams, and the service answers as before', async () => {
  const pod = await DnsPod.up(configuration(LARGE));
  const random = new Random(53);
  const seeds = Object.values(goldenDnsQueries);
  for (let round = 0; round < 100; round += 1) {
    for (let index = 0; index < 200; index += 1) await pod.throw(mutate(seeds, random));
    await settle(1);
  }
  assert.ok((pod.service.statistics().malformed ?? 0) > 1_000);
  assert.deepEqual((await pod.answers(NAME)).answer, [`${NAME} A 60 10.77.0.10`]);
});

describe('strangers', () => {
  test('get our own names, nothing else, and the operator learns of it', async () => {
    const pod = await DnsPod.up(configuration('upstreams: [192.0.2.53]'));
    const own = await pod.ask(NAME, { from: STRANGER });
    assert.deepEqual(lines(own.answers), [`${NAME} A 60 10.77.0.10`]);
    assert.equal(own.header.ra, 0, 'not for them');
    assert.equal((await pod.ask('example.org', { from: STRANGER })).header.rcode, Rcode.REFUSED);
    assert.match(pod.events.of('dns.refused')[0]?.text ?? '', /198\.51\.100\.7 asked for example\.org and was refused/);
    assert.match(pod.events.of('dns.refused')[0]?.mend ?? '', /dns\.clients/);
    assert.equal(pod.service.statistics().forwarded, 0);
  });

  test('are those on no link, no subnet and not in dns.clients', async () => {
    const pod = await DnsPod.up(configuration('clients: [198.51.100.0/24]'));
    const refused = async (from: string) => {
      await pod.ask('example.org', { from });
      return pod.events.of('dns.refused').some(({ text }) => text.startsWith(from));
    };
    assert.equal(await refused('10.77.0.50'), false, 'on the link');
    assert.equal(await refused('10.79.0.15'), false, 'behind a relay');
    assert.equal(await refused('198.51.100.7'), false, 'named by the operator');
    assert.equal(await refused('10.79.0.70'), true, 'outside of the relayed subnet');
    assert.equal(await refused('10.78.1.5'), true, "another interface's subnet");
    pod.onLink = [parseSubnet('10.79.0.64/26')!];
    await pod.service.interfaceChanged('eno2');
    pod.events.events.length = 0;
    assert.equal(await refused('10.79.0.70'), false, 'the interface has another address now');
  });

  test('get so many answers a second; then some truncated ones, so that who is real can come by TCP', async () => {
    const pod = await DnsPod.up();
    const seen = { whole: 0, cut: 0, none: 0 };
    for (let index = 0; index < 400; index += 1) {
      const bytes = await pod.exchange(query(NAME), STRANGER);
      if (bytes === undefined) seen.none += 1;
      else if (parse(bytes).header.tc === 1) seen.cut += 1;
      else seen.whole += 1;
    }
    assert.deepEqual(seen, { whole: 300, cut: 50, none: 50 });
    assert.equal(pod.events.of('dns.limited').length, 100);
    assert.deepEqual(lines((await pod.ask(NAME)).answers), [`${NAME} A 60 10.77.0.10`], 'our own are not held back');
    pod.clock.advance(1_000);
    assert.equal((await pod.ask(NAME, { from: STRANGER })).header.tc, 0);
    const tcp = pod.connect(STRANGER);
    tcp.send(query(NAME));
    await settle();
    assert.equal(tcp.answers.length, 1);
  });
});

describe('TCP', () => {
  test('a long answer comes whole, and several questions on one connection', async () => {
    const pod = await DnsPod.up(configuration(LARGE));
    const tcp = pod.connect();
    tcp.send(query(`big.${DOMAIN}`, { type: TXT, id: 1 }), query(NAME, { id: 2 }));
    await settle();
    tcp.send(query(NAME, { id: 3 }));
    await settle();
    assert.deepEqual(
      tcp.answers.map((bytes) => parse(bytes).header.id),
      [1, 2, 3],
    );
    assert.equal(parse(tcp.answers[0]!).answers.length, 40);
    assert.equal(pod.service.statistics().tcpQuestions, 3);
  });

  test('a question may come byte by byte', async () => {
    const pod = await DnsPod.up();
    const tcp = pod.connect();
    const bytes = query(NAME);
    for (const byte of [bytes.length >>> 8, bytes.length & 255, ...bytes]) {
      tcp.stream.write(Uint8Array.of(byte));
      await settle(1);
    }
    await settle();
    assert.equal(tcp.answers.length, 1);
  });

  test('who says nothing whole for ten seconds is hung up on; who asks is not', async () => {
    const pod = await DnsPod.up();
    const [idle, dripping, busy] = [pod.connect(), pod.connect(), pod.connect()];
    for (let second = 0; second < 12; second += 1) {
      dripping.stream.write(Uint8Array.of(0));
      if (second % 5 === 0) busy.send(query(NAME));
      await pod.clock.advanceSettling(1_000);
    }
    assert.deepEqual([idle.closed, dripping.closed, busy.closed], [true, true, false]);
    assert.equal(pod.service.statistics().tcpConnections, 1);
  });

  test('who has said all is answered, and hung up on', async () => {
    const pod = await DnsPod.up();
    const tcp = pod.connect();
    tcp.send(query(NAME));
    tcp.stream.end();
    await settle();
    assert.equal(tcp.answers.length, 1);
    assert.equal(tcp.closed, true);
    assert.equal(pod.service.statistics().tcpConnections, 0);
  });

  test('nonsense ends the connection: an answer, a message that is too long', async () => {
    const pod = await DnsPod.up();
    const [one, other] = [pod.connect(), pod.connect()];
    one.send(query(NAME, { flags: { qr: 1 } }));
    other.stream.write(Uint8Array.of(0xff, 0xff));
    await settle();
    assert.deepEqual([one.closed, other.closed], [true, true]);
  });

  test('one machine has 32 connections, and no more', async () => {
    const pod = await DnsPod.up();
    const all = Array.from({ length: 40 }, () => pod.connect());
    await settle();
    assert.equal(all.filter(({ closed }) => closed).length, 8);
    const other = pod.connect('10.77.0.60');
    other.send(query(NAME));
    await settle();
    assert.equal(other.answers.length, 1);
    assert.equal(pod.service.statistics().tcpRefused, 8);
  });

  test('who does not fetch its answers is read no further, and gets them all later', async () => {
    const pod = await DnsPod.up(configuration(LARGE));
    const tcp = pod.connect();
    tcp.stream.pause();
    for (let index = 0; index < 200; index += 1) tcp.send(query(`big.${DOMAIN}`, { type: TXT, id: index }));
    await settle();
    assert.ok((pod.service.statistics().tcpQuestions ?? 0) < 100, String(pod.service.statistics().tcpQuestions));
    tcp.stream.resume();
    await settle(400);
    assert.equal(tcp.answers.length, 200);
  });
});

describe('the service', () => {
  test('listens where dns is true, by UDP on the interface and by TCP, and nowhere else', async () => {
    const pod = await DnsPod.up();
    const [socket, ...others] = [...pod.host.sockets];
    assert.deepEqual(others, []);
    assert.deepEqual(
      [socket?.options.interfaceName, socket?.options.address, socket?.options.port],
      ['eno2', SERVER, 53],
    );
    assert.equal(pod.service.statistics().listening, 1);
    await pod.service.stop();
    assert.equal(pod.host.sockets.size, 0);
    assert.equal(pod.clock.pendingTimers, 0);
  });

  test('opens both or none: a TCP port that is taken closes the UDP one', async () => {
    const pod = new DnsPod();
    pod.streams.taken.add(`${SERVER}:53`);
    await assert.rejects(pod.service.start(), /TCP port 53 of 10\.77\.0\.1 is in use/);
    assert.equal(pod.host.sockets.size, 0);
  });

  test('is switched off and on by a reload', async () => {
    const pod = await DnsPod.up();
    await pod.service.reload(settingsOf(configuration().replace('dns: true', 'dns: false')));
    assert.equal(pod.host.sockets.size, 0);
    await pod.service.reload(settingsOf(configuration()));
    assert.deepEqual((await pod.answers(NAME)).answer, [`${NAME} A 60 10.77.0.10`]);
  });

  test('a reload that is refused leaves all as it was', async () => {
    const pod = await DnsPod.up();
    pod.streams.taken.add('10.78.0.1:53');
    const both = configuration('ttl: 5m').replace(
      '10.78.0.1, dhcp: authoritative',
      '10.78.0.1, dhcp: authoritative, dns: true',
    );
    await assert.rejects(pod.service.reload(settingsOf(both)), /in use/);
    assert.equal(pod.host.sockets.size, 1);
    assert.deepEqual((await pod.answers(NAME)).answer, [`${NAME} A 60 10.77.0.10`]);
  });

  test('an interface that goes is told; when it is back, it is heard again', async () => {
    const pod = await DnsPod.up();
    pod.host.setAddress('eno2', undefined);
    await pod.service.interfaceChanged('eno2');
    assert.match(pod.events.of('dns.interface-lost')[0]?.text ?? '', /no DNS on eno2 at the moment/);
    pod.host.setAddress('eno2', SERVER);
    await pod.service.interfaceChanged('eno2');
    assert.deepEqual((await pod.answers(NAME)).answer, [`${NAME} A 60 10.77.0.10`]);
  });

  test("a node's first question after its lease is a step of its boot, once", async () => {
    const pod = await DnsPod.up();
    await pod.ask(NAME, { from: '10.77.0.120' });
    assert.deepEqual(pod.events.of('dns.first-question'), [], 'it has no lease');
    pod.lease('10.77.0.120', 1, { seconds: 43_200 });
    pod.clock.advance(6_000);
    for (let index = 0; index < 3; index += 1) await pod.ask(NAME, { from: '10.77.0.120' });
    pod.clock.advance(60_000);
    await pod.ask(NAME, { from: '10.77.0.120' });
    const [event, ...more] = pod.events.of('dns.first-question');
    assert.deepEqual(more, []);
    assert.deepEqual(event?.subject, { address: ip('10.77.0.120'), interfaceName: 'eno2' });
    assert.match(event?.text ?? '', /10\.77\.0\.120 asks for switch1\.pod1\.example\.com A/);
    pod.clock.advance(7_200_000);
    pod.lease('10.77.0.120', 1, { seconds: 43_200, mac: mac(1) });
    await pod.ask(NAME, { from: '10.77.0.120' });
    assert.equal(pod.events.of('dns.first-question').length, 2, 'it has booted again');
  });
});
