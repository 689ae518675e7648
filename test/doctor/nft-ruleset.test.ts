import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { WantedPacket } from '../../src/doctor/checks/firewall.ts';
import { judgePacket } from '../../src/doctor/checks/nft-ruleset.ts';
import { type Namespace, TestNetwork } from '../harness/namespace.ts';
import { unmet } from '../harness/skip.ts';

const DHCP: WantedPacket = { interfaceName: 'eno2', protocol: 'udp', port: 67, what: 'DHCP' };
const HTTP: WantedPacket = { interfaceName: 'eno2', protocol: 'tcp', port: 80, what: 'HTTP boot' };

/** Rules as people write them, read back from the kernel by nft itself. */
describe('a packet through the rules of nft', { skip: unmet({ root: true, tools: ['ip', 'nft'] }) }, () => {
  const network = new TestNetwork();
  let host: Namespace;
  before(() => {
    host = network.namespace('nft');
  });
  after(() => network.destroy());

  function judged(rules: string, packet = DHCP) {
    // A block's end wants a line of its own.
    const lines = rules.replaceAll(/; *\}/g, ';\n}').replaceAll(/\} (?=\}|chain|table)/g, '}\n');
    host.must(['nft', '-f', '-'], { input: `flush ruleset\n${lines}\n` });
    return judgePacket(JSON.parse(host.must(['nft', '-j', 'list', 'ruleset'])), packet);
  }
  const input = (rules: string, policy = 'drop') =>
    `table inet filter { chain input { type filter hook input priority 0; policy ${policy}; ${rules} } }`;

  for (const [name, rules, expected] of [
    ['no rules at all', '', 'accept'],
    ['a policy that drops', input(''), 'drop'],
    [
      "what Debian's wiki has: established, loopback, SSH",
      input('ct state established,related accept; iif lo accept; tcp dport 22 accept;'),
      'drop',
    ],
    ['a rule that lets it in', input('udp dport 67 accept;'), 'accept'],
    ['a set that lets it in', input('udp dport { 53, 67-69 } accept;'), 'accept'],
    ['a rule for another interface', input('iifname "eno1" accept;'), 'drop'],
    ['a rule for its interface, by pattern', input('iifname "eno*" udp dport 67 accept;'), 'accept'],
    ['a rule that excludes its interface', input('iifname != "eno2" accept;'), 'drop'],
    ['a rule that drops it, under a policy that accepts', input('udp dport 67 counter log drop;', 'accept'), 'drop'],
    ['a rule that rejects it', input('udp dport 67 reject;', 'accept'), 'drop'],
    ['a rule that drops another port', input('udp dport 69 drop; tcp dport 67 drop;', 'accept'), 'accept'],
    [
      'a jump to a chain that lets it in',
      `table inet filter { chain boot { udp dport 67 accept; } chain input { type filter hook input priority 0; policy drop; jump boot; } }`,
      'accept',
    ],
    [
      'a jump to a chain that does not',
      `table inet filter { chain boot { udp dport 69 accept; } chain input { type filter hook input priority 0; policy drop; jump boot; } }`,
      'drop',
    ],
    [
      'a return before the rule that drops',
      `table inet filter { chain boot { udp dport 67 return; drop; } chain input { type filter hook input priority 0; policy accept; jump boot; } }`,
      'accept',
    ],
    [
      'two tables, one of which drops',
      `${input('accept;')} table ip other { chain in { type filter hook input priority 10; policy drop; } }`,
      'drop',
    ],
    [
      'a table for IPv6 alone',
      `table ip6 filter { chain input { type filter hook input priority 0; policy drop; } }`,
      'accept',
    ],
    [
      'a chain for what goes out',
      `table inet filter { chain output { type filter hook output priority 0; policy drop; } }`,
      'accept',
    ],
    [
      'a set of addresses that nobody knows beforehand',
      `table inet filter { set friends { type ipv4_addr; } chain input { type filter hook input priority 0; policy drop; ip saddr @friends accept; } }`,
      'unsure',
    ],
    ['a limit', input('udp dport 67 limit rate 10/second accept;'), 'unsure'],
  ] as const) {
    it(`${name}: ${expected}`, () => assert.equal(judged(rules).kind, expected));
  }

  it('is told by which rule it is dropped', () => {
    assert.deepEqual(judged(input('tcp dport 80 drop;', 'accept'), HTTP), {
      kind: 'drop',
      why: 'a rule of inet filter input drops it',
      chain: 'inet filter input',
    });
    assert.equal(judged(input('')).why, 'the policy of inet filter input');
  });

  it('is nobody who is thrown by what is no ruleset', () => {
    for (const what of [
      null,
      undefined,
      [],
      {},
      { nftables: 'x' },
      { nftables: [{ chain: {} }, { rule: { expr: [] } }] },
    ]) {
      assert.equal(judgePacket(what, DHCP).kind, 'accept');
    }
  });
});
