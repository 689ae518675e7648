import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkConfig } from '../../src/config/load.ts';
import { fakeHost } from './fake-host.ts';
import { edited, type Mistake, RIGHT, testMistake } from './mistakes.ts';

const ENO2 = 'eno2: { address: 10.77.0.1, dhcp: authoritative }';
const WITH_DNS: readonly [string, string] = [ENO2, 'eno2: { address: 10.77.0.1, dhcp: authoritative, dns: true }'];

function records(...list: string[]): readonly (readonly [string, string])[] {
  const lines = ['dns:', '  records:', ...list.map((record) => `    - ${record}`), 'boot: { loader: auto }'];
  return [WITH_DNS, ['boot: { loader: auto }', lines.join('\n')]];
}

function section(text: string): readonly (readonly [string, string])[] {
  return [WITH_DNS, ['boot: { loader: auto }', `dns: ${text}\nboot: { loader: auto }`]];
}

const MISTAKES: readonly Mistake[] = [
  {
    name: 'DNS without a domain',
    edit: [WITH_DNS, ['site: { domain: pod1.example.com }\n', '']],
    ...{ path: 'interfaces.eno2.dns', at: 'dns: true', message: /site.domain is missing/, mend: /pod1.example.com/ },
  },
  {
    name: 'records, and DNS is off everywhere',
    edit: [['boot: { loader: auto }', 'dns: { upstreams: [192.0.2.53] }\nboot: { loader: auto }']],
    ...{ path: 'dns', at: 'dns: {', message: /off on every interface/, severity: 'warning' },
  },
  {
    name: 'a key that nobody knows',
    edit: section('{ upstream: [192.0.2.53] }'),
    ...{ path: 'dns.upstream', at: 'dns: {', message: /no such key/, mend: /upstreams/ },
  },
  {
    name: 'ourselves as upstream',
    edit: section('{ upstreams: [10.77.0.1] }'),
    ...{ path: 'dns.upstreams[0]', at: 'dns: {', message: /podboot itself on eno2/ },
  },
  {
    name: 'the same upstream twice',
    edit: section('{ upstreams: [192.0.2.53, "192.0.2.53:53"] }'),
    ...{ path: 'dns.upstreams[1]', at: 'dns: {', message: '192.0.2.53 stands here twice' },
  },
  {
    name: 'an upstream by name',
    edit: section('{ upstreams: [dns.example.com] }'),
    ...{ path: 'dns.upstreams[0]', at: 'dns: {', message: /DNS server's address such as 10.1.1.53/ },
  },
  {
    name: 'an upstream with a port that there is not',
    edit: section('{ upstreams: ["192.0.2.53:0"] }'),
    ...{ path: 'dns.upstreams[0]', at: 'dns: {', message: /from 1 to 65535/ },
  },
  {
    name: 'a time to live of nothing',
    edit: section('{ ttl: 0 }'),
    ...{ path: 'dns.ttl', at: 'dns: {', message: 'must be from 1s to 1d, is 0s' },
  },
  {
    name: 'DNS at the port of HTTP boot',
    edit: section('{ port: 80 }'),
    ...{ path: 'dns.port', at: 'dns: {', message: /same TCP port 80/ },
  },
  {
    name: "the API at DNS's address and port",
    edit: [...section('{ port: 8067 }'), ['127.0.0.1:8067', '10.77.0.1:8067']],
    ...{ path: 'api.listen[0]', at: 'listen', message: /TCP port 8067/ },
  },
  {
    name: 'a record of a type that is not served',
    edit: records('{ name: "@", type: MX, value: "10 mail" }'),
    ...{ path: 'dns.records[0].type', at: 'MX', message: /MX/ },
  },
  {
    name: 'an address of four parts in AAAA',
    edit: records('{ name: registry, type: AAAA, value: 10.77.0.5 }'),
    ...{ path: 'dns.records[0].value', at: 'registry', message: /IPv6 address such as/ },
  },
  {
    name: 'a name where an address belongs',
    edit: records('{ name: registry, type: A, value: www }'),
    ...{ path: 'dns.records[0].value', at: 'registry', message: /IPv4 address such as/ },
  },
  {
    name: 'an address where a name belongs',
    edit: records('{ name: registry, type: CNAME, value: 10.77.0.5 }'),
    ...{ path: 'dns.records[0].value', at: 'registry', message: /that is an address/, mend: /type A/ },
  },
  {
    name: 'a service without its port',
    edit: records('{ name: _ldap._tcp, type: SRV, value: "0 5 ldap1" }'),
    ...{ path: 'dns.records[0].value', at: '_ldap', message: /priority, weight, port and target/ },
  },
  {
    name: 'a name with a space',
    edit: records('{ name: "a b", type: A, value: 10.77.0.5 }'),
    ...{ path: 'dns.records[0].name', at: '"a b"', message: /letters, digits, hyphens and underscores/ },
  },
  {
    name: 'a wildcard in the middle',
    edit: records('{ name: "apps.*", type: A, value: 10.77.0.5 }'),
    ...{ path: 'dns.records[0].name', at: 'apps', message: /first part/ },
  },
  {
    name: 'a name outside of our zones',
    edit: records('{ name: www.example.org., type: A, value: 10.77.0.5 }'),
    ...{ path: 'dns.records[0].name', at: 'www', message: /none of our zones/, mend: /without a dot/ },
  },
  {
    name: 'a reverse name outside of our subnets',
    edit: records('{ name: 192.0.2.5, type: PTR, value: registry }'),
    ...{ path: 'dns.records[0].name', at: '192.0.2.5', message: /none of our zones/, mend: /add the subnet/ },
  },
  {
    name: "a record with a reservation's name",
    edit: records('{ name: switch1, type: A, value: 10.77.0.5 }'),
    ...{ path: 'dns.records[0].name', at: 'type: A', message: /reservation switch1 with 10.77.0.10/ },
  },
  {
    name: 'a record with our own name',
    edit: records('{ name: PodBoot, type: A, value: 10.77.0.5 }'),
    ...{ path: 'dns.records[0].name', at: 'PodBoot', message: /own name/ },
  },
  {
    name: 'a CNAME beside another record',
    edit: records('{ name: web, type: A, value: 10.77.0.5 }', '{ name: web, type: CNAME, value: registry }'),
    ...{ path: 'dns.records[1].name', at: 'CNAME', message: /CNAME and another record \(dns.records\[0\]\)/ },
  },
  {
    name: 'two names of one address',
    edit: records('{ name: 10.77.0.5, type: PTR, value: a }', '{ name: 5.0.77.10.in-addr.arpa., type: PTR, value: b }'),
    ...{ path: 'dns.records[1].name', at: 'in-addr', message: /PTR record of .* too/ },
  },
  {
    name: 'the same record twice',
    edit: records('{ name: web, type: TXT, value: x }', '{ name: WEB, type: TXT, value: x }'),
    ...{ path: 'dns.records[1].name', at: 'WEB', message: /says the same/ },
  },
  {
    name: 'aliases in a circle',
    edit: records('{ name: a, type: CNAME, value: b }', '{ name: b, type: CNAME, value: a }'),
    ...{ path: 'dns.records[0].value', at: 'name: a', message: /alias of itself/, others: 1 },
  },
];

for (const mistake of MISTAKES) testMistake(mistake);

testMistake(
  {
    name: 'another DNS server at our address',
    edit: [WITH_DNS],
    ...{ path: 'dns.port', at: 'site:', message: /UDP port 53 for DNS is in use at 10.77.0.1 by dnsmasq/ },
  },
  fakeHost({ holders: { 'udp:53': [{ host: '10.77.0.1', process: { id: 7, name: 'dnsmasq', isPodboot: false } }] } }),
);

test("a stub resolver at the loopback's address is no obstacle", () => {
  const stub = { host: '127.0.0.53', process: { id: 7, name: 'systemd-resolve', isPodboot: false } };
  const host = fakeHost({ holders: { 'udp:53': [stub], 'tcp:53': [stub] } });
  const { problems, warnings } = checkConfig(edited([WITH_DNS]), host);
  assert.deepEqual({ problems, warnings }, { problems: [], warnings: [] });
});

test('records of every type become settings with absolute names', () => {
  const { settings, problems } = checkConfig(
    edited(
      records(
        '{ name: Registry, type: A, value: 10.77.0.5 }',
        '{ name: "@", type: AAAA, value: "2001:DB8::1" }',
        '{ name: "*.apps", type: CNAME, value: www.example.org. }',
        '{ name: 10.77.0.5, type: PTR, value: registry }',
        '{ name: _ldap._tcp, type: SRV, value: "0 5 389 ldap1" }',
        '{ name: note.pod1.example.com., type: TXT, value: "any text" }',
      ),
    ),
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(settings?.dns.records, [
    { name: 'registry.pod1.example.com', type: 'A', address: '10.77.0.5' },
    { name: 'pod1.example.com', type: 'AAAA', address: '2001:db8::1' },
    { name: '*.apps.pod1.example.com', type: 'CNAME', target: 'www.example.org' },
    { name: '5.0.77.10.in-addr.arpa', type: 'PTR', target: 'registry.pod1.example.com' },
    {
      ...{ name: '_ldap._tcp.pod1.example.com', type: 'SRV', priority: 0, weight: 5, port: 389 },
      target: 'ldap1.pod1.example.com',
    },
    { name: 'note.pod1.example.com', type: 'TXT', text: 'any text' },
  ]);
});

test('DHCP tells machines of our DNS where the operator names no other', () => {
  const dns = (text: string) => {
    const { settings, problems } = checkConfig(text);
    assert.deepEqual(problems, []);
    return settings?.dhcp.subnets.map(({ options }) => options.get(6)?.join('.'));
  };
  const eno3 = ['    tftp: true\n', '    tftp: true\n    dns: true\n'] as const;
  assert.deepEqual(dns(RIGHT), ['10.77.0.1', undefined, undefined]);
  assert.deepEqual(dns(edited([eno3])), ['10.77.0.1', '10.78.0.1', '10.78.0.1'], 'also through a relay');
  const everyone = ['options: { siteCode: ab12 }', 'options: { domainNameServers: [192.0.2.53] }'] as const;
  assert.deepEqual(dns(edited([eno3, everyone])), ['10.77.0.1', undefined, undefined]);
});
