import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Packet } from 'dns2';
import { Rcode } from '../../../src/codecs/dns/wire-format.ts';
import { configuration, DnsPod, DOMAIN, ip, lines, mac, node, SERVER } from './dns-pod.ts';

const { A, AAAA, PTR, CNAME, SRV, TXT, SOA, NS, ANY } = Packet.TYPE;
const NOERROR = (...answer: string[]) => ({ rcode: Rcode.NOERROR, answer });
const NXDOMAIN = { rcode: Rcode.NXDOMAIN, answer: [] };
const full = (name: string) => `${name}.${DOMAIN}`;

const RECORDS = `records:
    - { name: registry, type: A, value: 10.77.0.5 }
    - { name: registry, type: A, value: 10.77.0.6 }
    - { name: registry, type: AAAA, value: "2001:db8::5" }
    - { name: web, type: CNAME, value: registry }
    - { name: www, type: CNAME, value: web }
    - { name: away, type: CNAME, value: www.example.org. }
    - { name: _ldap._tcp, type: SRV, value: "0 5 389 registry" }
    - { name: note, type: TXT, value: "any text" }
    - { name: "*.apps", type: CNAME, value: registry }
    - { name: fixed.apps, type: TXT, value: here }
    - { name: "@", type: TXT, value: "the pod" }
    - { name: 10.77.0.5, type: PTR, value: registry }
    - { name: dgx01, type: TXT, value: "of the operator" }
  upstreams: []`;

describe('names of nodes', () => {
  test('a node is found by its name, each of its interfaces below it, its BMC in two ways', async () => {
    const pod = await DnsPod.up();
    pod.nodes.put(
      node('dgx01', [
        { name: 'eno1', mac: mac(1), address: ip('10.77.0.21') },
        { name: 'ib0.8001', role: 'infiniband', address: ip('10.77.0.22') },
        { name: 'ipmi', role: 'bmc', mac: mac(2), address: ip('10.77.0.23') },
      ]),
    );
    assert.deepEqual(await pod.answers(full('dgx01')), NOERROR(`${full('dgx01')} A 60 10.77.0.21`));
    assert.deepEqual(await pod.answers(full('eno1.dgx01')), NOERROR(`${full('eno1.dgx01')} A 60 10.77.0.21`));
    assert.deepEqual(await pod.answers(full('ib0-8001.dgx01')), NOERROR(`${full('ib0-8001.dgx01')} A 60 10.77.0.22`));
    for (const name of ['dgx01-bmc', 'bmc.dgx01', 'ipmi.dgx01']) {
      assert.deepEqual(await pod.answers(full(name)), NOERROR(`${full(name)} A 60 10.77.0.23`));
    }
    const reverse = async (last: number) => (await pod.answers(`${last}.0.77.10.in-addr.arpa`, { type: PTR })).answer;
    assert.deepEqual(await reverse(21), [`21.0.77.10.in-addr.arpa PTR 60 ${full('dgx01')}`]);
    assert.deepEqual(await reverse(22), [`22.0.77.10.in-addr.arpa PTR 60 ${full('ib0-8001.dgx01')}`]);
    assert.deepEqual(await reverse(23), [`23.0.77.10.in-addr.arpa PTR 60 ${full('dgx01-bmc')}`]);
    assert.deepEqual(await pod.answers(full('eno9.dgx01')), NXDOMAIN);
    assert.deepEqual(await pod.answers(full('x.eno1.dgx01')), NXDOMAIN);
  });

  test('a change of a node is there at the next question, and the serial number has grown', async () => {
    const pod = await DnsPod.up();
    const serial = async () => Number((await pod.ask(DOMAIN, { type: SOA })).answers[0]?.serial);
    const before = await serial();
    const first = node('dgx01', [{ address: ip('10.77.0.21') }]);
    assert.deepEqual(await pod.answers(full('dgx01')), NXDOMAIN);
    pod.nodes.put(first);
    assert.deepEqual((await pod.answers(full('dgx01'))).answer, [`${full('dgx01')} A 60 10.77.0.21`]);
    const afterFirst = await serial();
    pod.nodes.put({ ...first, name: 'dgx02', interfaces: [{ ...first.interfaces[0]!, address: ip('10.77.0.31') }] });
    assert.deepEqual(await pod.answers(full('dgx01')), NXDOMAIN);
    assert.deepEqual((await pod.answers(full('dgx02'))).answer, [`${full('dgx02')} A 60 10.77.0.31`]);
    pod.nodes.remove(first.id);
    assert.deepEqual(await pod.answers(full('dgx02')), NXDOMAIN);
    assert.deepEqual(await pod.answers('31.0.77.10.in-addr.arpa', { type: PTR }), NXDOMAIN);
    assert.ok(before < afterFirst && afterFirst < (await serial()));
  });

  test('a node without an address exists: no data, not no such name', async () => {
    const pod = await DnsPod.up();
    pod.nodes.put(node('dgx01', [{ mac: mac(1) }]));
    const answer = await pod.ask(full('dgx01'));
    assert.equal(answer.header.rcode, Rcode.NOERROR);
    assert.deepEqual(answer.answers, []);
    assert.match(
      lines(answer.authorities)[0] ?? '',
      new RegExp(`^${DOMAIN} SOA 60 podboot.${DOMAIN} hostmaster.${DOMAIN}`),
    );
  });

  test('a node from the pool is found at its lease, no longer than that lasts', async () => {
    const pod = await DnsPod.up();
    const dgx = node('dgx01', [{ mac: mac(1) }]);
    pod.nodes.put(dgx);
    await pod.ask(full('dgx01'));
    pod.lease('10.77.0.120', 1, { nodeId: dgx.id, hostname: 'dgx01', seconds: 30 });
    assert.deepEqual((await pod.answers(full('dgx01'))).answer, [`${full('dgx01')} A 30 10.77.0.120`]);
    const reverse = await pod.answers('120.0.77.10.in-addr.arpa', { type: PTR });
    assert.deepEqual(reverse.answer, [`120.0.77.10.in-addr.arpa PTR 30 ${full('dgx01')}`]);
    pod.clock.advance(31_000);
    assert.deepEqual(await pod.answers(full('dgx01')), NOERROR());
    assert.deepEqual(await pod.answers('120.0.77.10.in-addr.arpa', { type: PTR }), NXDOMAIN);
  });

  test("a node that is called like another one's BMC keeps its name", async () => {
    const pod = await DnsPod.up();
    pod.nodes.put(
      node('dgx01', [{ address: ip('10.77.0.21') }, { name: 'bmc', role: 'bmc', address: ip('10.77.0.23') }]),
    );
    pod.nodes.put(node('dgx01-bmc', [{ address: ip('10.77.0.40') }]));
    assert.deepEqual((await pod.answers(full('dgx01-bmc'))).answer, [`${full('dgx01-bmc')} A 60 10.77.0.40`]);
    const { answer } = await pod.answers('23.0.77.10.in-addr.arpa', { type: PTR });
    assert.deepEqual(answer, [`23.0.77.10.in-addr.arpa PTR 60 ${full('bmc.dgx01')}`]);
  });
});

describe('names of others', () => {
  test('a reservation has its name in both directions', async () => {
    const pod = await DnsPod.up();
    assert.deepEqual(await pod.answers(full('switch1')), NOERROR(`${full('switch1')} A 60 10.77.0.10`));
    const { answer } = await pod.answers('10.0.77.10.in-addr.arpa', { type: PTR });
    assert.deepEqual(answer, [`10.0.77.10.in-addr.arpa PTR 60 ${full('switch1')}`]);
  });

  test('a lease holder is found under what it calls itself, made a host name', async () => {
    const pod = await DnsPod.up();
    pod.lease('10.77.0.130', 30, { hostname: 'DESKTOP_42.corp.example' });
    assert.deepEqual((await pod.answers(full('desktop-42'))).answer, [`${full('desktop-42')} A 60 10.77.0.130`]);
    const { answer } = await pod.answers('130.0.77.10.in-addr.arpa', { type: PTR });
    assert.deepEqual(answer, [`130.0.77.10.in-addr.arpa PTR 60 ${full('desktop-42')}`]);
    pod.lease('10.77.0.130', 30, { hostname: 'DESKTOP_42.corp.example', state: 'released' });
    assert.deepEqual(await pod.answers(full('desktop-42')), NXDOMAIN);
  });

  test('nobody takes the name of a node, a reservation, a record or ourselves by calling itself so', async () => {
    const pod = await DnsPod.up(configuration(RECORDS));
    pod.nodes.put(node('dgx02', [{ address: ip('10.77.0.21') }]));
    const taken: Record<string, string | undefined> = {
      dgx02: '10.77.0.21',
      switch1: '10.77.0.10',
      podboot: SERVER,
      registry: '10.77.0.5',
      note: undefined,
    };
    for (const [index, [name, address]] of Object.entries(taken).entries()) {
      pod.lease(`10.77.0.${140 + index}`, 40 + index, { hostname: name });
      assert.equal((await pod.ask(full(name))).answers[0]?.address, address, name);
      const reverse = await pod.answers(`${140 + index}.0.77.10.in-addr.arpa`, { type: PTR });
      assert.deepEqual(reverse, NXDOMAIN, `${name}'s address must not lead to it`);
    }
  });

  test('of two that call themselves the same the first has the name until its lease ends', async () => {
    const pod = await DnsPod.up();
    pod.lease('10.77.0.130', 30, { hostname: 'ubuntu-server', seconds: 100 });
    pod.lease('10.77.0.131', 31, { hostname: 'ubuntu-server' });
    assert.deepEqual((await pod.answers(full('ubuntu-server'))).answer, [`${full('ubuntu-server')} A 60 10.77.0.130`]);
    pod.clock.advance(101_000);
    pod.lease('10.77.0.131', 31, { hostname: 'ubuntu-server', seconds: 7_200 });
    assert.deepEqual((await pod.answers(full('ubuntu-server'))).answer, [], 'a renewal is no change');
    pod.clock.advance(61_000);
    pod.lease('10.77.0.131', 31, { hostname: 'ubuntu-server2' });
    pod.lease('10.77.0.131', 31, { hostname: 'ubuntu-server' });
    assert.deepEqual((await pod.answers(full('ubuntu-server'))).answer, [`${full('ubuntu-server')} A 60 10.77.0.131`]);
  });

  test('names that every unnamed machine has are no names', async () => {
    const pod = await DnsPod.up();
    for (const [index, hostname] of ['localhost', 'localhost.localdomain', '---', 'unassigned-hostname'].entries()) {
      pod.lease(`10.77.0.${150 + index}`, 50 + index, { hostname });
      assert.deepEqual(await pod.answers(`${150 + index}.0.77.10.in-addr.arpa`, { type: PTR }), NXDOMAIN, hostname);
    }
    assert.deepEqual(await pod.answers(full('localhost')), NXDOMAIN);
  });

  test('we have a name, and the address through which one asks is its first', async () => {
    const pod = await DnsPod.up(
      configuration().replace('10.78.0.1, dhcp: authoritative', '10.78.0.1, dhcp: authoritative, dns: true'),
    );
    const { answer } = await pod.answers(full('podboot'));
    assert.deepEqual(answer, [`${full('podboot')} A 60 ${SERVER}`, `${full('podboot')} A 60 10.78.0.1`]);
    const reverse = await pod.answers('1.0.77.10.in-addr.arpa', { type: PTR });
    assert.deepEqual(reverse.answer, [`1.0.77.10.in-addr.arpa PTR 60 ${full('podboot')}`]);
    assert.deepEqual((await pod.answers(DOMAIN, { type: NS })).answer, [`${DOMAIN} NS 60 ${full('podboot')}`]);
  });
});

describe('records of the configuration', () => {
  const cases: [what: string, name: string, type: number, answer: string[]][] = [
    ['two addresses', 'registry', A, [`${full('registry')} A 60 10.77.0.5`, `${full('registry')} A 60 10.77.0.6`]],
    ['AAAA', 'registry', AAAA, [`${full('registry')} AAAA 60 2001:db8::5`]],
    ['TXT', 'note', TXT, [`${full('note')} TXT 60 any text`]],
    ['SRV', '_ldap._tcp', SRV, [`${full('_ldap._tcp')} SRV 60 0 5 389 ${full('registry')}`]],
    ['a CNAME itself', 'web', CNAME, [`${full('web')} CNAME 60 ${full('registry')}`]],
    [
      'a chain of aliases with its end',
      'www',
      AAAA,
      [
        `${full('www')} CNAME 60 ${full('web')}`,
        `${full('web')} CNAME 60 ${full('registry')}`,
        `${full('registry')} AAAA 60 2001:db8::5`,
      ],
    ],
    ['an alias whose end lacks the type', 'web', TXT, [`${full('web')} CNAME 60 ${full('registry')}`]],
    [
      'a wildcard',
      'anything.apps',
      AAAA,
      [`${full('anything.apps')} CNAME 60 ${full('registry')}`, `${full('registry')} AAAA 60 2001:db8::5`],
    ],
    ['a wildcard, two labels deep', 'a.b.apps', CNAME, [`${full('a.b.apps')} CNAME 60 ${full('registry')}`]],
    ['a record beside a wildcard is not that', 'fixed.apps', A, []],
    ['text at a node’s own name', 'dgx01', TXT, [`${full('dgx01')} TXT 60 of the operator`]],
    ['the address of that node', 'dgx01', A, [`${full('dgx01')} A 60 10.77.0.21`]],
    ['an empty place between', '_tcp', SRV, []],
    ['a place that only wildcards are below', 'apps', A, []],
  ];
  for (const [what, name, type, answer] of cases) {
    test(what, async () => {
      const pod = await DnsPod.up(configuration(RECORDS));
      pod.nodes.put(node('dgx01', [{ address: ip('10.77.0.21') }]));
      const got = await pod.ask(full(name), { type });
      assert.deepEqual({ rcode: got.header.rcode, answer: lines(got.answers) }, NOERROR(...answer));
      const last = answer.at(-1)?.split(' ')[1];
      const isWhole = last !== undefined && (last === Packet.typeName(type) || type === CNAME);
      assert.equal(got.authorities.length, isWhole ? 0 : 1, 'SOA where there is no data');
      assert.equal(got.header.aa, 1);
    });
  }

  test('below a record that exists a wildcard beside does not reach', async () => {
    const pod = await DnsPod.up(configuration(RECORDS));
    assert.deepEqual(await pod.answers(full('x.fixed.apps')), NXDOMAIN);
  });

  test('a record at the domain itself, and a PTR', async () => {
    const pod = await DnsPod.up(configuration(RECORDS));
    assert.deepEqual((await pod.answers(DOMAIN, { type: TXT })).answer, [`${DOMAIN} TXT 60 the pod`]);
    const { answer } = await pod.answers('5.0.77.10.in-addr.arpa', { type: PTR });
    assert.deepEqual(answer, [`5.0.77.10.in-addr.arpa PTR 60 ${full('registry')}`]);
  });

  test('an alias out of our zones is told as far as we know it where nobody can be asked', async () => {
    const pod = await DnsPod.up(configuration(RECORDS));
    assert.deepEqual((await pod.answers(full('away'))).answer, [`${full('away')} CNAME 60 www.example.org`]);
  });

  test('everything of a name is asked for in vain (RFC 8482)', async () => {
    const pod = await DnsPod.up(configuration(RECORDS));
    const { answers } = await pod.ask(full('registry'), { type: ANY });
    assert.deepEqual(
      answers.map(({ type }) => type),
      [13],
    );
  });
});

describe('reverse zones', () => {
  const places: [name: string, rcode: number, why: string][] = [
    ['77.10.in-addr.arpa', Rcode.REFUSED, 'the zone is 0.77.10.in-addr.arpa'],
    ['0.77.10.in-addr.arpa', Rcode.NOERROR, 'the apex'],
    ['10.0.77.10.in-addr.arpa', Rcode.NOERROR, 'switch1'],
    ['11.0.77.10.in-addr.arpa', Rcode.NXDOMAIN, 'nobody has it'],
    ['x.10.0.77.10.in-addr.arpa', Rcode.NXDOMAIN, 'below an address'],
    ['256.0.77.10.in-addr.arpa', Rcode.NXDOMAIN, 'no octet'],
    ['010.0.77.10.in-addr.arpa', Rcode.NXDOMAIN, 'no way to write an octet'],
    ['5.78.10.in-addr.arpa', Rcode.NOERROR, 'the apex of one of the sixteen of a /20'],
    ['16.78.10.in-addr.arpa', Rcode.REFUSED, 'behind the /20'],
    ['10.0.79.10.in-addr.arpa', Rcode.NXDOMAIN, 'inside the /26'],
    ['70.0.79.10.in-addr.arpa', Rcode.REFUSED, 'in the /24, not in the /26: for others to say'],
  ];
  for (const [name, rcode, why] of places) {
    test(`${name}: ${why}`, async () => {
      const pod = await DnsPod.up();
      assert.equal((await pod.ask(name, { type: PTR })).header.rcode, rcode);
    });
  }

  test('a part of the way to an address exists once something is below it', async () => {
    const whole = '  10.0.0.0/8: { interface: eno2, pools: [10.200.0.0-10.200.0.255] }';
    const yaml = configuration()
      .replace(/ {2}eno3.*\n/, '')
      .replace(/ {2}10\.77[\s\S]*?(?=\nreservations)/, whole);
    const pod = await DnsPod.up(yaml);
    const rcode = async (name: string) => (await pod.ask(name, { type: PTR })).header.rcode;
    assert.equal(await rcode('9.10.in-addr.arpa'), Rcode.NXDOMAIN);
    pod.nodes.put(node('far', [{ address: ip('10.9.8.7') }]));
    assert.equal(await rcode('9.10.in-addr.arpa'), Rcode.NOERROR);
    assert.equal(await rcode('8.9.10.in-addr.arpa'), Rcode.NOERROR);
    assert.equal(await rcode('7.9.10.in-addr.arpa'), Rcode.NXDOMAIN);
  });
});

test('special names are nobody else’s business', async () => {
  const pod = await DnsPod.up();
  assert.deepEqual((await pod.answers('localhost')).answer, ['localhost A 60 127.0.0.1']);
  assert.deepEqual((await pod.answers('www.localhost', { type: AAAA })).answer, ['www.localhost AAAA 60 ::1']);
  assert.deepEqual(await pod.answers('made-up.invalid'), NXDOMAIN);
  assert.deepEqual(await pod.answers('facebookcorewwwi.onion'), NXDOMAIN);
});
