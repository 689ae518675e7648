import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { BootEvent } from '../../../src/domain/events.ts';
import { createHostKeyPins } from '../../../src/runners/ssh/host-key-pins.ts';
import { KnownHosts } from '../../../src/runners/ssh/known-hosts.ts';
import { nodeNumber } from '../../lifecycle/life/house.ts';
import { FixedNodes } from '../../services/boot/fixtures.ts';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHostKeyHostKeyHostKey';

let folder: string;
let knownHosts: KnownHosts;
let keys: readonly string[] | undefined;
let told: BootEvent[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podboot-pins-'));
  knownHosts = new KnownHosts(join(folder, 'known_hosts'));
  keys = [KEY];
  told = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function pins(nodes = new FixedNodes(nodeNumber(1)), hosts = knownHosts) {
  const events = { wantsDebug: false, emit: (event: BootEvent) => void told.push(event) };
  return createHostKeyPins({ knownHosts: hosts, nodes, hostKeysOf: () => keys, events });
}

const event = (type: string, kind?: string): BootEvent => ({
  type,
  level: 'info',
  subject: { nodeId: 'n1', nodeName: 'dgx01' },
  text: 'something happened',
  ...(kind === undefined ? {} : { data: { event: kind } }),
});
const isPinned = (name = 'dgx01') => knownHosts.of(name).isPinned;

for (const kind of ['installer-finished', 'os-answered']) {
  test(`${kind}: the keys that came with it are pinned`, () => {
    pins().emit(event('life.step', kind));
    assert.equal(readFileSync(knownHosts.of('dgx01').path, 'utf8'), `dgx01 ${KEY}\n`);
  });
}

test('an installation that begins forgets the keys of the system before it', () => {
  pins().emit(event('life.state', 'os-answered'));
  keys = undefined;
  pins().emit(event('life.state', 'claimed'));
  assert.equal(isPinned(), false);
});

test('a node without keys, and whatever else happens, leave known_hosts as it is', () => {
  pins().emit(event('dhcp.offer'));
  pins().emit(event('life.state', 'armed'));
  keys = undefined;
  pins().emit(event('life.state', 'os-answered'));
  assert.equal(isPinned(), false);
});

test('a node that is renamed is pinned by its new name, one that is removed is forgotten', () => {
  pins(new FixedNodes(nodeNumber(1, { name: 'gpu01' }))).emit(event('node.changed'));
  assert.equal(isPinned('gpu01'), true);
  pins().emit(event('life.state', 'os-answered'));
  pins(new FixedNodes()).emit(event('node.removed'));
  assert.equal(isPinned(), false);
});

test('a folder that can’t be written is told of, and nothing else fails', () => {
  writeFileSync(join(folder, 'a file'), '');
  const nowhere = new KnownHosts(join(folder, 'a file', 'known_hosts'));
  pins(undefined, nowhere).emit(event('life.state', 'os-answered'));
  assert.match(told[0]?.text ?? '', /SSH host keys of dgx01 could not be kept/);
});
