import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Packet } from 'dns2';
import { Rcode } from '../../../src/codecs/dns/wire-format.ts';
import { settle } from '../../harness/clock.ts';
import {
  address,
  answerTo,
  CLIENT,
  configuration,
  DnsPod,
  DOMAIN,
  type HeardQuery,
  ip,
  lines,
  parse,
  query,
  SECOND_UPSTREAM,
  settingsOf,
  UPSTREAM,
  type Upstream,
} from './dns-pod.ts';

const NAME = 'www.example.org';
const ONE = configuration(`upstreams: [${UPSTREAM}]`);
const TWO = configuration(`upstreams: [${UPSTREAM}, ${SECOND_UPSTREAM}]`);
const good = (heard: HeardQuery) =>
  answerTo(heard, ({ answers }, name) => void answers.push(address(name, '192.0.2.80')));
const failing = (rcode: number) => (heard: HeardQuery) => answerTo(heard, () => undefined, { rcode });

async function pair(yaml: string, respond: Upstream['respond'] = good): Promise<{ pod: DnsPod; upstream: Upstream }> {
  const pod = await DnsPod.up(yaml);
  return { pod, upstream: await pod.upstream(UPSTREAM, respond) };
}

/** Asks without waiting for the answer, and returns how to look for it. */
function begin(pod: DnsPod, name = NAME, from = CLIENT): Promise<Uint8Array | undefined> {
  return pod.exchange(query(name), from);
}

test('a name elsewhere is asked for, and the answer is the client’s in id and letters', async () => {
  const { pod, upstream } = await pair(ONE);
  const answer = await pod.ask('WWW.Example.org', { id: 99 });
  assert.equal(answer.header.id, 99);
  assert.equal(answer.questions[0]?.name, 'WWW.Example.org');
  assert.equal(answer.header.ra, 1);
  assert.equal(answer.header.aa, 0);
  assert.equal(answer.answers[0]?.address, '192.0.2.80');
  assert.equal(answer.additionals.length, 0, 'it sent no OPT');
  assert.equal(upstream.heard[0]?.packet.additionals[0]?.class, 1232, 'we did');
});

test('ids, ports and letters of our questions are another each time', async () => {
  const { pod, upstream } = await pair(ONE);
  for (let index = 0; index < 40; index += 1) await begin(pod, `name${index}.a-longer-domain.example.org`);
  const distinct = (values: readonly unknown[]) => new Set(values).size;
  assert.equal(upstream.heard.length, 40);
  assert.ok(distinct(upstream.heard.map(({ packet }) => packet.header.id)) > 35);
  assert.equal(distinct(upstream.heard.map(({ from }) => from.port)), 40);
  const letters = upstream.heard.map(({ packet }) => packet.questions[0]?.name.replace(/^.*?\./, ''));
  assert.ok(distinct(letters) > 35, letters.join());
  assert.equal([...pod.host.sockets].length, 1, 'each socket is closed when its answer is there');
});

describe('what does not answer the question is not believed', () => {
  const forgeries: Record<string, (heard: HeardQuery) => Uint8Array> = {
    'another id': (heard) => {
      const bytes = good(heard);
      bytes[1]! ^= 1;
      return bytes;
    },
    'another name': (heard) => {
      const bytes = good(heard);
      bytes[13]! ^= 1;
      return bytes;
    },
    'another type': (heard) => {
      const other = { ...heard, packet: parse(heard.bytes) };
      other.packet.questions[0]!.type = 16;
      return good(other);
    },
    'a question of its own': (heard) => {
      const bytes = good(heard);
      bytes[5] = 0;
      return bytes;
    },
    'a query': (heard) => heard.bytes,
    'half an answer': (heard) => good(heard).slice(0, -2),
  };
  for (const [what, forge] of Object.entries(forgeries)) {
    test(`${what}; the right answer that follows is`, async () => {
      const { pod } = await pair(ONE, (heard) => [forge(heard), good(heard)]);
      assert.deepEqual((await pod.answers(NAME)).answer[0]?.split(' ')[3], '192.0.2.80');
      assert.equal(pod.service.statistics().foreign, 1);
    });
  }

  test('the right bytes from another address or port', async () => {
    const { pod, upstream } = await pair(ONE, () => undefined);
    const liar = await pod.upstream('192.0.2.66', () => undefined);
    const answer = begin(pod);
    await settle();
    const [heard] = upstream.heard;
    liar.socket?.send(good(heard!), heard!.from);
    await settle();
    assert.equal(await answer, undefined);
    assert.equal(pod.service.statistics().foreign, 1);
  });
});

test('an upstream that writes names in small letters is verified by TCP once, and then believed', async () => {
  const lower = (heard: HeardQuery) => {
    const bytes = good(heard);
    const name = heard.packet.questions[0]!.name;
    bytes.set(
      Buffer.from(
        parse(bytes)
          .questions[0]!.name.toLowerCase()
          .split('.')
          .flatMap((l) => [l.length, ...Buffer.from(l)]),
      ),
      12,
    );
    return name === '' ? bytes : bytes;
  };
  const { pod, upstream } = await pair(ONE, lower);
  assert.equal((await pod.answers(NAME)).rcode, Rcode.NOERROR);
  const byTcp = () => upstream.heard.filter(({ transport }) => transport === 'tcp').length;
  assert.equal(byTcp(), 1);
  await pod.ask('other-name.example.org');
  assert.equal(byTcp(), 1);
});

test('a truncated answer is fetched by TCP; the client gets what fits', async () => {
  const text = Array.from({ length: 8 }, () => 'x'.repeat(250));
  const { pod, upstream } = await pair(ONE, (heard) =>
    answerTo(
      heard,
      ({ answers }, name) => {
        if (heard.transport === 'tcp') {
          answers.push(new Packet.Resource({ name, type: Packet.TYPE.TXT, class: 1, ttl: 60, data: text }));
        }
      },
      heard.transport === 'udp' ? { tc: 1 } : {},
    ),
  );
  const byUdp = await pod.ask(NAME, { type: Packet.TYPE.TXT, edns: { udpPayloadSize: 4096 } });
  assert.deepEqual([byUdp.header.tc, byUdp.answers.length], [1, 0]);
  const tcp = pod.connect();
  tcp.send(query(NAME, { type: Packet.TYPE.TXT }));
  await settle();
  assert.equal(parse(tcp.answers[0]!).answers[0]!.data?.length, 8);
  assert.deepEqual(
    upstream.heard.map(({ transport }) => transport),
    ['udp', 'tcp'],
    'the second one was kept',
  );
});

describe('the cache', () => {
  test('answers age, and are asked for again when their time is over', async () => {
    const { pod, upstream } = await pair(ONE);
    assert.deepEqual((await pod.answers(NAME)).answer[0]?.split(' ')[2], '300');
    pod.clock.advance(100_000);
    assert.deepEqual((await pod.answers('WWW.EXAMPLE.ORG')).answer[0]?.split(' ')[2], '200');
    assert.equal(upstream.heard.length, 1);
    pod.clock.advance(200_000);
    assert.deepEqual((await pod.answers(NAME)).answer[0]?.split(' ')[2], '300');
    assert.equal(upstream.heard.length, 2);
    assert.equal(pod.service.statistics().forwardCacheHits, 1);
  });

  test('the shortest time of a chain counts', async () => {
    const { pod, upstream } = await pair(ONE, (heard) =>
      answerTo(heard, ({ answers }, name) => {
        answers.push(
          new Packet.Resource({ name, type: Packet.TYPE.CNAME, class: 1, ttl: 10, domain: 'a.example.org' }),
        );
        answers.push(address('a.example.org', '192.0.2.80', 3600));
      }),
    );
    await pod.ask(NAME);
    pod.clock.advance(9_000);
    assert.deepEqual(
      (await pod.answers(NAME)).answer.map((line) => line.split(' ')[2]),
      ['1', '3591'],
    );
    pod.clock.advance(1_000);
    await pod.ask(NAME);
    assert.equal(upstream.heard.length, 2);
  });

  const soa = (minimum: number, ttl: number) => (heard: HeardQuery) =>
    answerTo(
      heard,
      ({ authorities }) => {
        const times = { serial: 1, refresh: 1, retry: 1, expiration: 1, minimum };
        const names = { primary: 'ns.example.org', admin: 'root.example.org' };
        authorities.push(
          new Packet.Resource({ name: 'example.org', type: Packet.TYPE.SOA, class: 1, ttl, ...names, ...times }),
        );
      },
      { rcode: Rcode.NXDOMAIN },
    );
  for (const [minimum, ttl, seconds] of [
    [60, 3600, 60],
    [3600, 60, 60],
    [86_400, 86_400, 900],
  ] as const) {
    test(`no such name is kept for ${seconds} s where SOA says ${minimum} and lives ${ttl}`, async () => {
      const { pod, upstream } = await pair(ONE, soa(minimum, ttl));
      assert.equal((await pod.ask(NAME)).header.rcode, Rcode.NXDOMAIN);
      pod.clock.advance(1000 * seconds - 1);
      assert.equal((await pod.ask(NAME)).header.rcode, Rcode.NXDOMAIN);
      assert.equal(upstream.heard.length, 1);
      pod.clock.advance(1);
      await pod.ask(NAME);
      assert.equal(upstream.heard.length, 2);
    });
  }

  test('no such name without SOA, and a time of 0, are not kept', async () => {
    const { pod, upstream } = await pair(ONE, failing(Rcode.NXDOMAIN));
    await pod.ask(NAME);
    await pod.ask(NAME);
    assert.equal(upstream.heard.length, 2);
    upstream.respond = (heard) =>
      answerTo(heard, ({ answers }, name) => void answers.push(address(name, '192.0.2.1', 0)));
    await pod.ask(NAME);
    await pod.ask(NAME);
    assert.equal(upstream.heard.length, 4);
  });

  test('with DO and without are two answers; DO is passed on and comes back', async () => {
    const { pod, upstream } = await pair(ONE, (heard) =>
      answerTo(
        heard,
        ({ answers, additionals }, name) => {
          answers.push(address(name, '192.0.2.80'));
          additionals.push(Packet.Resource.EDNS([], { doFlag: true }));
        },
        { ad: 1 },
      ),
    );
    const plain = await pod.ask(NAME);
    const signed = await pod.ask(NAME, { edns: { doFlag: true } });
    assert.deepEqual(
      upstream.heard.map(({ packet }) => (packet.additionals[0] as { doFlag?: boolean }).doFlag),
      [false, true],
    );
    const isAuthentic = (packet: Packet) => (packet.header as { ad?: number }).ad;
    assert.deepEqual([isAuthentic(plain), isAuthentic(signed)], [0, 1]);
    assert.deepEqual(
      signed.additionals.map(({ type }) => type),
      [Packet.TYPE.EDNS],
    );
    assert.equal((signed.additionals[0] as { doFlag?: boolean }).doFlag, true);
  });

  test('other upstreams may say other things: it is forgotten with them', async () => {
    const { pod, upstream } = await pair(ONE);
    await pod.ask(NAME);
    await pod.service.reload(settingsOf(TWO));
    await pod.ask(NAME);
    assert.equal(upstream.heard.length, 2);
  });
});

describe('upstreams that fail', () => {
  test('the next one is asked when the first is silent, and first once that happened twice', async () => {
    const { pod, upstream } = await pair(TWO, () => undefined);
    const second = await pod.upstream(SECOND_UPSTREAM, good);
    for (const name of ['a.example.org', 'b.example.org']) {
      assert.equal(await begin(pod, name), undefined);
      const late = pod.nextAnswer();
      await pod.clock.advanceSettling(400);
      assert.equal(parse(await late).answers[0]?.address, '192.0.2.80');
    }
    assert.equal(upstream.heard.length, 2);
    assert.equal(second.heard.length, 2);
    await pod.ask('c.example.org');
    assert.equal(upstream.heard.length, 2, 'it rests');
    assert.match(pod.events.of('dns.upstream-silent')[0]?.text ?? '', /192\.0\.2\.53 does not answer/);
    pod.clock.advance(11_000);
    upstream.respond = good;
    await pod.ask('d.example.org');
    assert.equal(upstream.heard.length, 3, 'it is tried again');
  });

  for (const rcode of [Rcode.SERVFAIL, Rcode.REFUSED]) {
    test(`the next one is asked at once when the first says ${rcode}`, async () => {
      const { pod } = await pair(TWO, failing(rcode));
      await pod.upstream(SECOND_UPSTREAM, good);
      assert.equal((await pod.ask(NAME)).answers[0]?.address, '192.0.2.80');
    });
  }

  test('all of them fail: SERVFAIL, and the same is not asked again for two seconds', async () => {
    const { pod, upstream } = await pair(ONE, failing(Rcode.SERVFAIL));
    assert.equal((await pod.ask(NAME)).header.rcode, Rcode.SERVFAIL);
    const asked = upstream.heard.length;
    assert.equal((await pod.ask(NAME)).header.rcode, Rcode.SERVFAIL);
    assert.equal(upstream.heard.length, asked);
    pod.clock.advance(2_001);
    upstream.respond = good;
    assert.equal((await pod.ask(NAME)).header.rcode, Rcode.NOERROR);
  });

  test('nobody answers: SERVFAIL before the client asks again, with a mend', async () => {
    const { pod, upstream } = await pair(ONE, () => undefined);
    const answers: Uint8Array[] = [];
    const socket = await pod.network
      .host('patient', [{ name: 'eno1', link: 'pod', address: '10.77.0.66' }])
      .openDatagram({
        ...{ address: '10.77.0.66', port: 0 },
      });
    socket.onMessage((data) => answers.push(data.slice()));
    socket.send(query(NAME), { address: '10.77.0.1', port: 53 });
    await pod.clock.advanceSettling(4_400, 100);
    assert.deepEqual(answers, []);
    assert.equal(upstream.heard.length, 2, 'a question that was lost is asked again');
    await pod.clock.advanceSettling(200, 100);
    assert.equal(parse(answers[0]!).header.rcode, Rcode.SERVFAIL);
    assert.match(pod.events.of('dns.failed')[0]?.mend ?? '', /dns\.upstreams/);
    assert.equal(pod.host.sockets.size, 1, 'no socket is left');
  });

  test('a server from before EDNS is asked without it', async () => {
    const { pod, upstream } = await pair(ONE, (heard) =>
      heard.packet.additionals.length > 0 ? failing(Rcode.FORMERR)(heard) : good(heard),
    );
    assert.equal((await pod.ask(NAME)).answers[0]?.address, '192.0.2.80');
    await pod.ask('other.example.org');
    assert.equal(upstream.heard.length, 3, 'and from then on at once');
  });

  test('an answer with a record that breaks its type is no answer', async () => {
    const { pod } = await pair(ONE, (heard) =>
      answerTo(heard, ({ answers, additionals }, name) => {
        answers.push(new Packet.Resource({ name, type: 99, class: 1, ttl: 1, data: Buffer.from([1]) }));
        additionals.push(Packet.Resource.EDNS([]));
        additionals.push(new Packet.Resource({ name, type: 36, class: 1, ttl: 1, data: Buffer.from([1]) }));
      }),
    );
    assert.equal((await pod.ask(NAME)).header.rcode, Rcode.SERVFAIL);
  });
});

describe('bounds', () => {
  test('the same question of many clients is asked once, and all get the answer', async () => {
    let release: (() => void) | undefined;
    const { pod, upstream } = await pair(ONE, () => undefined);
    upstream.respond = (heard) => {
      release = () => upstream.socket?.send(good(heard), heard.from);
      return undefined;
    };
    const answered: string[] = [];
    for (let index = 0; index < 50; index += 1) {
      const from = `10.77.0.${100 + index}`;
      const socket = await pod.network
        .host(from, [{ name: 'e', link: 'pod', address: from }])
        .openDatagram({ address: from, port: 0 });
      socket.onMessage(() => answered.push(from));
      socket.send(query(NAME), { address: '10.77.0.1', port: 53 });
    }
    await settle();
    assert.equal(upstream.heard.length, 1);
    release?.();
    await settle();
    assert.equal(new Set(answered).size, 50);
  });

  test('one client has at most 128 questions on their way; others are not kept waiting by it', async () => {
    const { pod, upstream } = await pair(ONE, () => undefined);
    for (let index = 0; index < 140; index += 1) await begin(pod, `made-up-${index}.example.org`);
    assert.equal(upstream.heard.length, 128);
    assert.equal(pod.service.statistics().forwardBusy, 12);
    assert.match(pod.events.of('dns.busy')[0]?.text ?? '', /10\.77\.0\.50/);
    upstream.respond = good;
    assert.equal((await pod.ask(NAME, { from: '10.77.0.60' })).header.rcode, Rcode.NOERROR);
  });

  test('a question that comes back to us in our own letters is a loop, and ends there', async () => {
    const { pod, upstream } = await pair(ONE, () => undefined);
    const name = 'a-name-with-many-letters.example.org';
    await begin(pod, name);
    const echo = await pod.exchange(upstream.heard[0]!.bytes, '10.77.0.99');
    assert.equal(parse(echo!).header.rcode, Rcode.SERVFAIL);
    assert.match(pod.events.of('dns.loop')[0]?.text ?? '', /10\.77\.0\.99 asked us for/);
    const fromUpstream = await pod.exchange(query(name), UPSTREAM);
    assert.equal(parse(fromUpstream!).header.rcode, Rcode.REFUSED, 'it is no client of ours');
  });

  test('an upstream on our own network that asks us what we ask it is a loop too', async () => {
    const pod = await DnsPod.up(configuration('upstreams: [10.77.0.53]'));
    const upstream = await pod.upstream('10.77.0.53', () => undefined);
    await begin(pod);
    upstream.socket?.send(query(NAME), { address: '10.77.0.1', port: 53 });
    await settle();
    assert.equal(pod.service.statistics().forwardLoops, 1);
  });
});

describe('whom we ask', () => {
  test('this host’s own servers where the configuration names none, without ourselves', async () => {
    const pod = new DnsPod(configuration('ttl: 60s'));
    pod.hostNameServers = [ip('10.77.0.1'), ip(UPSTREAM)];
    const upstream = await pod.upstream(UPSTREAM, good);
    await pod.service.start();
    await pod.ask(NAME);
    assert.equal(upstream.heard.length, 1);
    pod.hostNameServers = [ip(SECOND_UPSTREAM)];
    const second = await pod.upstream(SECOND_UPSTREAM, good);
    pod.clock.advance(60_000);
    await pod.ask(NAME);
    assert.equal(second.heard.length, 1, 'another /etc/resolv.conf is noticed within a minute');
  });

  test('nobody, where the host names nobody but us: that is told', async () => {
    const pod = new DnsPod(configuration('ttl: 60s'));
    pod.hostNameServers = [ip('10.77.0.1')];
    await pod.service.start();
    assert.equal((await pod.ask(NAME)).header.rcode, Rcode.REFUSED);
    assert.equal(pod.events.of('dns.no-upstream').length, 1);
  });

  test('not for who does not want it (RD is 0)', async () => {
    const { pod, upstream } = await pair(ONE);
    const answer = await pod.ask(NAME, { flags: { rd: 0 } });
    assert.deepEqual([answer.header.rcode, answer.header.ra], [Rcode.REFUSED, 1]);
    assert.equal(upstream.heard.length, 0);
  });
});

test('an alias of ours that leads elsewhere is followed to its end', async () => {
  const yaml = configuration(`upstreams: [${UPSTREAM}]\n  records: [{ name: away, type: CNAME, value: ${NAME}. }]`);
  const { pod, upstream } = await pair(yaml);
  const answer = await pod.ask(`away.${DOMAIN}`);
  assert.deepEqual(
    lines(answer.answers).map((line) => line.toLowerCase()),
    [`away.${DOMAIN} cname 60 ${NAME}`, `${NAME} a 300 192.0.2.80`],
  );
  assert.equal(upstream.heard[0]?.packet.questions[0]?.name.toLowerCase(), NAME);
  upstream.respond = failing(Rcode.SERVFAIL);
  pod.clock.advance(301_000);
  assert.equal((await pod.ask(`away.${DOMAIN}`)).header.rcode, Rcode.SERVFAIL, 'half an answer would be kept');
});
