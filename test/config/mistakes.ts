import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostFacts } from '../../src/config/host-facts.ts';
import { checkConfig } from '../../src/config/load.ts';
import type { Problem } from '../../src/domain/errors.ts';

/** A right configuration with something of everything; each mistake is an edit of it. */
export const RIGHT = `site: { domain: pod1.example.com }
dataDir: /var/lib/podboot
assetsDir: /var/lib/podboot/assets
interfaces:
  eno2: { address: 10.77.0.1, dhcp: authoritative }
  eno3:
    address: 10.78.0.1
    dhcp: authoritative
    tftp: true
subnets:
  10.77.0.0/24:
    interface: eno2
    pools: [10.77.0.100-10.77.0.199]
    options: { routers: [10.77.0.1], domainNameServers: [10.77.0.1] }
  10.78.0.0/24:
    interface: eno3
    pools:
      - 10.78.0.100 - 10.78.0.149
      - 10.78.0.160/28
  10.79.0.0/24:
    interface: eno3
    relays: [10.79.0.1]
    pools: [10.79.0.100-10.79.0.199]
    options: { routers: [10.79.0.1] }
groups:
  pdus: { options: { interfaceMtu: 1500 } }
reservations:
  - { name: switch1, mac: "52:54:00:aa:00:01", address: 10.77.0.10, group: pdus }
  - name: ib-switch
    clientId: ff:00:00:00:00:00:02:00
    address: 10.77.0.11
  - { name: filer, uuid: 4c4c4544-0042-3510-8051-b4c04f313132, address: 10.78.0.12 }
  - { name: camera, circuitId: "text:Eth1/7", remoteId: "52:54:00:aa:00:09", address: 10.77.0.13 }
profiles:
  rescue: { kind: live, kernel: debian/linux, initrds: [debian/initrd.gz], arguments: "console=ttyS0,115200" }
dhcp:
  leaseTime: 12h
  customOptions: [{ name: siteCode, code: 224, type: string }]
  options: { siteCode: ab12 }
tftp: { maxTransfers: 500 }
http: { port: 80 }
boot: { loader: auto }
api: { listen: ["127.0.0.1:8067", "unix:/run/podboot/api.sock"] }
log: { level: info }
`;

export interface Mistake {
  /** What somebody did. */
  readonly name: string;
  /** Replacements in RIGHT, each of the first place; or the whole text. */
  readonly edit: readonly (readonly [from: string, to: string])[] | string;
  readonly path: string;
  /** Text of the line that is named. */
  readonly at: string | undefined;
  /** The last such line, not the first. */
  readonly last?: true;
  readonly message: RegExp | string;
  readonly mend?: RegExp | string;
  readonly severity?: 'warning';
  /** Others that come with it; none where absent. */
  readonly others?: number;
}

export function edited(edit: Mistake['edit']): string {
  if (typeof edit === 'string') return edit;
  let text = RIGHT;
  for (const [from, to] of edit) {
    assert.ok(text.includes(from), `the right configuration has no ${JSON.stringify(from)}`);
    text = text.replace(from, () => to);
  }
  return text;
}

function assertText(actual: string | undefined, expected: RegExp | string | undefined, what: string): void {
  if (expected === undefined) return;
  if (typeof expected === 'string') assert.equal(actual, expected, what);
  else assert.match(actual ?? '', expected, what);
}

/** The mistake is told once, at its place, with its mend; and nothing else is told. */
export function testMistake(mistake: Mistake, host?: HostFacts): void {
  test(mistake.name, () => {
    const text = edited(mistake.edit);
    const { problems, warnings, settings } = checkConfig(text, host);
    const isWarning = mistake.severity === 'warning';
    const told = isWarning ? warnings : problems;
    const found = told.find((problem) => problem.path === mistake.path && matches(problem, mistake.message));
    assert.ok(found, `not told; told was: ${JSON.stringify([...problems, ...warnings], null, 1)}`);
    assertText(found.message, mistake.message, 'message');
    assertText(found.mend, mistake.mend, 'mend');
    const line = mistake.at === undefined ? undefined : lineOf(text, mistake.at, mistake.last === true);
    assert.equal(found.line, line, `line of ${mistake.at}`);
    assert.equal(told.length - 1, mistake.others ?? 0, `others: ${JSON.stringify(told, null, 1)}`);
    assert.equal(settings === undefined, !isWarning);
  });
}

function matches(problem: Problem, message: RegExp | string): boolean {
  return typeof message === 'string' ? problem.message === message : message.test(problem.message);
}

function lineOf(text: string, part: string, last: boolean): number {
  const lines = text.split('\n');
  const holds = (line: string): boolean => line.includes(part);
  const index = last ? lines.findLastIndex(holds) : lines.findIndex(holds);
  assert.notEqual(index, -1, `no line has ${part}`);
  return index + 1;
}
