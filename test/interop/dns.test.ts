import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Daemon } from '../harness/daemon.ts';
import type { Namespace } from '../harness/namespace.ts';
import { type Background, pause, until } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';
import { SERVER, SITE, Site } from './site.ts';
import { Udhcpc } from './udhcpc-client.ts';

const skip = unmet({ root: true, tools: ['ip', 'dig', 'kdig', 'dnsmasq', 'busybox'] });
const DOMAIN = 'pod1.example.com';
const UPSTREAM = '192.0.2.53';
const STRANGER = '198.51.100.7';
const full = (name: string) => `${name}.${DOMAIN}`;

const CONFIGURATION = {
  ...SITE,
  interfaces: { eno2: { address: SERVER, dhcp: 'authoritative', dns: true } },
  subnets: { '10.77.0.0/24': { interface: 'eno2', pools: ['10.77.0.100-10.77.0.199'], leaseTime: '1h' } },
  reservations: [{ name: 'switch1', mac: '52:54:00:aa:00:01', address: '10.77.0.10' }],
  dns: {
    upstreams: [UPSTREAM],
    records: [
      { name: 'registry', type: 'A', value: '10.77.0.5' },
      { name: 'registry', type: 'AAAA', value: '2001:db8::5' },
      { name: 'web', type: 'CNAME', value: 'registry' },
      { name: 'away', type: 'CNAME', value: 'www.example.org.' },
      { name: '_ldap._tcp', type: 'SRV', value: '0 5 389 registry' },
      { name: 'note', type: 'TXT', value: 'any "text" at all' },
      { name: '*.apps', type: 'A', value: '10.77.0.6' },
      ...Array.from({ length: 40 }, (_, index) => ({ name: 'big', type: 'TXT', value: `${index} ${'x'.repeat(60)}` })),
    ],
  },
};

let site: Site;
let host: Namespace;
let upstream: Background;
let strangers: Namespace;

before(async () => {
  if (skip !== false) return;
  site = new Site();
  // The world behind the server's other interface: an upstream server, and somebody who is none of ours.
  const world = site.network.namespace('world');
  site.network.cable(
    { namespace: site.server, name: 'eno1', address: '192.0.2.1/24' },
    { namespace: world, name: 'eth0', address: `${UPSTREAM}/24` },
  );
  world.ip('addr', 'add', `${STRANGER}/32`, 'dev', 'lo');
  world.ip('route', 'add', `${SERVER}/32`, 'via', '192.0.2.1');
  site.server.ip('route', 'add', `${STRANGER}/32`, 'via', UPSTREAM);
  upstream = world.background([
    ...['dnsmasq', '-k', '--conf-file=/dev/null', '--user=root', '--no-resolv', '--no-hosts', '--log-facility=-'],
    ...['--log-queries', '--listen-address', UPSTREAM, '--bind-interfaces', '--local-ttl=30', '--edns-packet-max=4096'],
    ...[
      '--local=/example.org/',
      '--host-record=www.example.org,192.0.2.80',
      '--cname=alias.example.org,www.example.org',
    ],
    ...[
      '--ptr-record=80.2.0.192.in-addr.arpa,www.example.org',
      '--srv-host=_sip._udp.example.org,www.example.org,5060',
    ],
    ...Array.from({ length: 20 }, (_, index) => `--txt-record=big.example.org,${index}${'y'.repeat(200)}`),
  ]);
  strangers = world;
  site.daemon = await Daemon.start(site.server, CONFIGURATION);
  await upstream.said(/started, version/);
  host = site.client('52:54:00:77:00:f1', '10.77.0.50/24');
  await site.daemon.enrol({
    name: 'dgx01',
    interfaces: [
      { name: 'eno1', role: 'boot', mac: '52:54:00:77:00:01', address: '10.77.0.21' },
      { name: 'ipmi', role: 'bmc', mac: '52:54:00:77:00:02', address: '10.77.0.22' },
    ],
  });
});
after(async () => {
  await upstream?.stop();
  await site?.[Symbol.asyncDispose]();
});

interface Told {
  readonly status: string;
  readonly flags: string[];
  readonly answer: string[];
  readonly authority: string[];
  readonly text: string;
}

/** Runs dig or kdig, whose outputs differ in layout alone. */
function ask(tool: 'dig' | 'kdig', words: readonly string[], from: Namespace = host): Told {
  const patience = tool === 'dig' ? ['+time=3', '+tries=1'] : ['+time=3', '+retry=0'];
  const { stdout, stderr } = from.run([tool, `@${SERVER}`, ...patience, ...words]);
  const section = (name: string) =>
    (new RegExp(`;; ${name} SECTION:\\n([^\\n;]+(?:\\n[^\\n;]+)*)`).exec(stdout)?.[1] ?? '')
      .split('\n')
      .filter(Boolean)
      .map((line) => line.replace(/\s+/g, ' ').trim());
  return {
    status: /status: (\w+)/.exec(stdout)?.[1] ?? 'no answer',
    flags: (/[fF]lags: ([a-z ]+);/.exec(stdout)?.[1] ?? '').trim().split(' '),
    answer: section('ANSWER'),
    authority: section('AUTHORITY'),
    text: stdout + stderr,
  };
}

const RECORDS: readonly [name: string, type: string, answer: readonly string[]][] = [
  [full('dgx01'), 'A', [`${full('dgx01')}. 60 IN A 10.77.0.21`]],
  [full('eno1.dgx01'), 'A', [`${full('eno1.dgx01')}. 60 IN A 10.77.0.21`]],
  [full('dgx01-bmc'), 'A', [`${full('dgx01-bmc')}. 60 IN A 10.77.0.22`]],
  [full('bmc.dgx01'), 'A', [`${full('bmc.dgx01')}. 60 IN A 10.77.0.22`]],
  [full('switch1'), 'A', [`${full('switch1')}. 60 IN A 10.77.0.10`]],
  [full('podboot'), 'A', [`${full('podboot')}. 60 IN A ${SERVER}`]],
  [full('registry'), 'AAAA', [`${full('registry')}. 60 IN AAAA 2001:db8::5`]],
  [full('any.thing.apps'), 'A', [`${full('any.thing.apps')}. 60 IN A 10.77.0.6`]],
  [full('web'), 'A', [`${full('web')}. 60 IN CNAME ${full('registry')}.`, `${full('registry')}. 60 IN A 10.77.0.5`]],
  [full('web'), 'CNAME', [`${full('web')}. 60 IN CNAME ${full('registry')}.`]],
  [full('_ldap._tcp'), 'SRV', [`${full('_ldap._tcp')}. 60 IN SRV 0 5 389 ${full('registry')}.`]],
  [full('note'), 'TXT', [`${full('note')}. 60 IN TXT "any \\"text\\" at all"`]],
  [DOMAIN, 'NS', [`${DOMAIN}. 60 IN NS ${full('podboot')}.`]],
  ['21.0.77.10.in-addr.arpa', 'PTR', [`21.0.77.10.in-addr.arpa. 60 IN PTR ${full('dgx01')}.`]],
  ['22.0.77.10.in-addr.arpa', 'PTR', [`22.0.77.10.in-addr.arpa. 60 IN PTR ${full('dgx01-bmc')}.`]],
];

for (const tool of ['dig', 'kdig'] as const) {
  describe(`${tool} gets`, () => {
    for (const [name, type, answer] of RECORDS) {
      for (const transport of ['+notcp', '+tcp']) {
        test(`${type} of ${name} (${transport})`, { skip }, () => {
          const told = ask(tool, [transport, name, type]);
          assert.equal(told.status, 'NOERROR', told.text);
          assert.deepEqual(told.answer, answer);
          assert.ok(told.flags.includes('aa'), told.flags.join());
        });
      }
    }

    test('SOA with a serial number that grows', { skip }, async () => {
      const serial = () => {
        const [line = ''] = ask(tool, [DOMAIN, 'SOA']).answer;
        assert.match(
          line,
          new RegExp(`^${DOMAIN}. 60 IN SOA ${full('podboot')}. hostmaster.${DOMAIN}. \\d+ 3600 600 604800 60$`),
        );
        return Number(line.split(' ')[6]);
      };
      const before = serial();
      await site.daemon.enrol({
        name: `extra-${tool}`,
        interfaces: [{ name: 'eno1', role: 'boot', mac: tool === 'dig' ? '52:54:00:77:01:01' : '52:54:00:77:01:02' }],
      });
      assert.ok(serial() > before);
    });

    test('no such name, and no such data, each with SOA', { skip }, () => {
      for (const [name, type, status] of [
        [full('nothing'), 'A', 'NXDOMAIN'],
        [full('dgx01'), 'AAAA', 'NOERROR'],
        [full('_tcp'), 'A', 'NOERROR'],
        ['99.0.77.10.in-addr.arpa', 'PTR', 'NXDOMAIN'],
      ] as const) {
        const told = ask(tool, [name, type]);
        assert.equal(told.status, status, told.text);
        assert.deepEqual(told.answer, []);
        assert.match(told.authority[0] ?? '', / 60 IN SOA podboot\./);
      }
    });

    test('a long answer truncated by UDP, and whole by TCP as it asks again', { skip }, () => {
      const cut = ask(tool, ['+ignore', full('big'), 'TXT']);
      assert.ok(cut.flags.includes('tc'), cut.text);
      assert.deepEqual(cut.answer, []);
      assert.equal(ask(tool, [full('big'), 'TXT']).answer.length, 40);
    });

    test('OPT where it sent one, and none where not', { skip }, () => {
      assert.match(ask(tool, ['+edns=0', full('dgx01')]).text, /udp: 1232|UDP size: 1232/i);
      assert.doesNotMatch(ask(tool, ['+noedns', full('dgx01')]).text, /EDNS/);
    });

    test('BADVERS for a version of EDNS that there is not', { skip }, () => {
      const words = tool === 'dig' ? ['+edns=1', '+noednsneg'] : ['+edns=1'];
      assert.match(ask(tool, [...words, full('dgx01')]).text, /BADVERS/);
    });

    test('refusals: other classes, whole zones', { skip }, () => {
      assert.equal(ask(tool, ['version.bind', 'CH', 'TXT']).status, 'REFUSED');
      assert.match(ask(tool, [DOMAIN, 'AXFR']).text, /Transfer failed|REFUSED|failed to query/i);
    });
  });
}

test('dig: other opcodes are not implemented', { skip }, () => {
  assert.equal(ask('dig', ['+opcode=4', full('dgx01')]).status, 'NOTIMP');
});

test('kdig: several questions on one TCP connection', { skip }, () => {
  const { stdout } = host.run([
    'kdig',
    `@${SERVER}`,
    '+tcp',
    '+keepopen',
    '+short',
    full('dgx01'),
    full('switch1'),
    full('registry'),
  ]);
  assert.deepEqual(stdout.trim().split('\n'), ['10.77.0.21', '10.77.0.10', '10.77.0.5']);
});

describe('by way of a real dnsmasq', () => {
  const queries = (name: string) =>
    upstream.output.split('\n').filter((line) => line.toLowerCase().includes(`] ${name} from 192.0.2.1`)).length;

  test('a name, in the letters in which it was asked for', { skip }, () => {
    const told = ask('dig', ['WWW.example.ORG']);
    assert.match(told.text, /;WWW\.example\.ORG\./);
    assert.match(told.answer[0] ?? '', /^www\.example\.org\. 30 IN A 192\.0\.2\.80$/i);
    assert.ok(told.flags.includes('ra'));
    assert.ok(!told.flags.includes('aa'));
  });

  test('its answer is kept and ages', { skip }, async () => {
    const first = ask('kdig', ['alias.example.org']);
    assert.equal(first.answer.length, 2, first.text);
    await pause(1_100);
    const before = queries('alias.example.org');
    const second = ask('kdig', ['alias.example.org']);
    assert.match(second.answer[0] ?? '', / (28|29) IN CNAME /);
    assert.equal(queries('alias.example.org'), before);
  });

  test('other types, and the absence of a name', { skip }, () => {
    assert.deepEqual(ask('dig', ['-x', '192.0.2.80']).answer, ['80.2.0.192.in-addr.arpa. 30 IN PTR www.example.org.']);
    assert.match(
      ask('dig', ['_sip._udp.example.org', 'SRV']).answer[0] ?? '',
      / IN SRV 0 0 5060 www\.example\.org\.$/i,
    );
    assert.equal(ask('dig', ['nothing.example.org']).status, 'NXDOMAIN');
  });

  test('an answer of 4 KB comes by TCP from there to here, and from here to the client', { skip }, () => {
    const told = ask('dig', ['big.example.org', 'TXT']);
    assert.equal(told.answer.length, 20, told.text);
    assert.match(told.text, /\(TCP\)/);
  });

  test('an alias of ours is followed to its end there', { skip }, () => {
    const { answer } = ask('dig', [full('away')]);
    assert.deepEqual(
      answer.map((line) => line.toLowerCase()),
      [`${full('away')}. 60 in cname www.example.org.`, answer[1]?.toLowerCase()],
    );
    assert.match(answer[1] ?? '', / IN A 192\.0\.2\.80$/);
  });

  test('it stops answering: SERVFAIL in time, and an event that says what to do', { skip }, async () => {
    upstream.signal('SIGSTOP');
    try {
      const told = host.run(['dig', `@${SERVER}`, '+time=8', '+tries=1', 'silence.example.org']).stdout;
      assert.match(told, /status: SERVFAIL/);
      const line = await site.daemon.logged(({ type }) => type === 'dns.failed', 'the failure is told');
      assert.match(String(line.mend), /dns\.upstreams/);
    } finally {
      upstream.signal('SIGCONT');
    }
  });
});

describe('from a network that is not ours', () => {
  test('by UDP from another interface nobody is heard at all', { skip }, () => {
    assert.equal(ask('dig', ['-b', STRANGER, full('dgx01')], strangers).status, 'no answer');
    assert.equal(ask('dig', ['-b', STRANGER, 'www.example.org'], strangers).status, 'no answer');
  });

  test('by TCP our own names are told, and nothing else', { skip }, () => {
    assert.equal(ask('dig', ['+tcp', '-b', STRANGER, full('dgx01')], strangers).status, 'NOERROR');
    const refused = ask('dig', ['+tcp', '-b', STRANGER, 'www.example.org'], strangers);
    assert.equal(refused.status, 'REFUSED');
    assert.ok(!refused.flags.includes('ra'), refused.flags.join());
  });

  test('by way of a router on our own link too', { skip }, async () => {
    const router = site.client('52:54:00:77:00:f2', '10.77.0.60/24');
    router.ip('addr', 'add', '203.0.113.9/32', 'dev', 'lo');
    site.server.ip('route', 'add', '203.0.113.9/32', 'via', '10.77.0.60');
    assert.equal(ask('dig', ['-b', '203.0.113.9', full('dgx01')], router).status, 'NOERROR');
    assert.equal(ask('dig', ['-b', '203.0.113.9', 'www.example.org'], router).status, 'REFUSED');
    const line = await site.daemon.logged(({ type }) => type === 'dns.refused', 'the refusal is told');
    assert.match(String(line.mend), /dns\.clients/);
  });
});

test('two servers that ask each other end it, and say so', { skip }, async () => {
  const other = site.client('52:54:00:77:00:f3', '10.77.0.53/24');
  const loop = other.background([
    ...['dnsmasq', '-k', '--conf-file=/dev/null', '--user=root', '--no-resolv', '--no-hosts', '--log-facility=-'],
    ...['--listen-address', '10.77.0.53', '--bind-interfaces', `--server=${SERVER}`],
  ]);
  try {
    await loop.said(/started, version/);
    site.daemon.configure({ ...CONFIGURATION, dns: { upstreams: ['10.77.0.53'] } });
    site.daemon.reload();
    await site.daemon.logged(({ msg }) => /is in force/.test(String(msg)), 'the reload');
    const told = ask('dig', ['+time=6', 'round.and.round.example.net']);
    assert.match(told.status, /SERVFAIL|REFUSED/);
    const line = await site.daemon.logged(({ type }) => type === 'dns.loop', 'the loop is told');
    assert.match(String(line.msg), /10\.77\.0\.53 asked us for round\.and\.round\.example\.net/i);
  } finally {
    await loop.stop();
  }
});

test('a machine is told of us by DHCP, and is found under its own name at once', { skip }, async () => {
  const machine = site.client('52:54:00:77:00:f4');
  const client = new Udhcpc(machine);
  try {
    const lease = client.lease('-x', 'hostname:Storage_7.corp.example');
    assert.equal(lease.dns, SERVER);
    assert.equal(lease.domain, DOMAIN);
    const { answer } = ask('dig', [full('storage-7')]);
    assert.match(answer[0] ?? '', new RegExp(` IN A ${lease.ip}$`));
    const reverse = ask('dig', ['-x', lease.ip ?? '']).answer[0] ?? '';
    assert.match(reverse, new RegExp(` IN PTR ${full('storage-7')}\\.$`));
    await until(() => ask('dig', [full('podboot')], machine).status === 'NOERROR', { what: 'it is answered' });
  } finally {
    client.remove();
  }
});

test("a node's first question after its lease stands in its timeline", { skip }, async () => {
  const mac = '52:54:00:77:00:f5';
  await site.daemon.enrol({ name: 'dgx02', interfaces: [{ name: 'eno1', role: 'boot', mac }] });
  const machine = site.client(mac);
  const client = new Udhcpc(machine);
  try {
    const lease = client.lease();
    assert.equal(ask('dig', [full('switch1')], machine).status, 'NOERROR');
    assert.match(ask('dig', [full('dgx02')], machine).answer[0] ?? '', new RegExp(` IN A ${lease.ip}$`));
    await until(
      async () => (await site.daemon.call('GET', '/api/v1/nodes/dgx02/timeline')).body.includes('dns.first-question'),
      { what: 'the question is in the timeline', evidence: () => site.daemon.output },
    );
  } finally {
    client.remove();
  }
});

test('DNS is switched off by a reload: its port is closed', { skip }, async () => {
  const reloads = () => site.daemon.log.filter(({ msg }) => /is in force/.test(String(msg))).length;
  const before = reloads();
  site.daemon.configure({
    ...CONFIGURATION,
    interfaces: { eno2: { address: SERVER, dhcp: 'authoritative' } },
    dns: {},
  });
  site.daemon.reload();
  await until(() => reloads() > before, { what: 'the reload', evidence: () => site.daemon.output });
  assert.equal(ask('dig', [full('dgx01')]).status, 'no answer');
  assert.equal(ask('dig', ['+tcp', full('dgx01')]).status, 'no answer');
});
