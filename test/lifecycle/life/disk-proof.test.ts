import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostKeyProbe, HostKeyVerdict } from '../../../src/domain/install-ports.ts';
import { formatIpv4 } from '../../../src/domain/ipv4.ts';
import { address, House, nodeNumber } from './house.ts';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHostKeyHostKeyHostKey';
const OTHER_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOtherKeyOtherKeyOther';
const LOOK_MS = 30_000;

/** SSH servers of the machines, as far as a probe sees them. */
class Servers implements HostKeyProbe {
  readonly asked: { readonly node: string; readonly at: string; readonly keys: readonly string[] }[] = [];
  verdict: HostKeyVerdict['verdict'] = 'no-answer';
  /** Every look lasts until `let go`, where it is set. */
  hold: Promise<void> | undefined;

  async look(...[node, at, keys]: Parameters<HostKeyProbe['look']>): Promise<HostKeyVerdict> {
    this.asked.push({ node: node.name, at: formatIpv4(at), keys });
    await this.hold;
    return { verdict: this.verdict, text: `${node.name}: ${this.verdict}` };
  }
}

async function finished(house: House, text = `${KEY} root@dgx01\n`, number = 1): Promise<string> {
  await house.arm(number);
  const token = (await house.boot(number)) as string;
  await house.answer(token, 'preseed.cfg', address(number));
  await house.tell(token, 'started', '', address(number));
  await house.tell(token, 'finished', text, address(number));
  await house.settled();
  return token;
}

test('a system that answers by SSH with a key that its installer told of is installed, without a callback', async () => {
  const servers = new Servers();
  const house = await House.open({ hostKeyProbe: servers });
  await finished(house);
  await house.clock.advanceSettling(LOOK_MS * 2, LOOK_MS);
  assert.deepEqual(servers.asked[0], { node: 'dgx01', at: '10.77.0.1', keys: [KEY] });
  assert.equal(house.life().state, 'installing', 'nothing answers yet');
  servers.verdict = 'proven';
  await house.clock.advanceSettling(LOOK_MS);
  await house.settled();
  assert.equal(house.life().state, 'installed');
  assert.deepEqual(house.life().hostKeys, [KEY]);
  assert.equal(house.of('install.ssh-proven').length, 1);
  const looks = servers.asked.length;
  await house.clock.advanceSettling(LOOK_MS * 4, LOOK_MS);
  assert.equal(servers.asked.length, looks, 'nobody asks any more');
});

test('before its installer has finished nobody is asked, and a node that told of no key is not asked at all', async () => {
  const servers = new Servers();
  servers.verdict = 'proven';
  const house = await House.open({ hostKeyProbe: servers });
  await house.arm();
  const token = (await house.boot()) as string;
  await house.answer(token);
  await house.tell(token, 'started');
  await house.clock.advanceSettling(LOOK_MS * 3, LOOK_MS);
  await house.tell(token, 'finished', 'no key');
  await house.clock.advanceSettling(LOOK_MS * 3, LOOK_MS);
  assert.deepEqual(servers.asked, []);
  assert.equal(house.life().state, 'installing');
});

test('keys of an earlier installation prove nothing of the next one', async () => {
  const servers = new Servers();
  const house = await House.open({ hostKeyProbe: servers });
  const token = await finished(house);
  await house.tell(token, 'booted', KEY);
  assert.deepEqual(house.life().hostKeys, [KEY]);
  servers.verdict = 'proven';
  await finished(house, '');
  assert.equal(house.life().hostKeys, undefined);
  await house.clock.advanceSettling(LOOK_MS * 3, LOOK_MS);
  assert.equal(house.life().state, 'installing');
  assert.deepEqual(servers.asked, []);
});

test('who answers with another key is told of, and is no proof', async () => {
  const servers = new Servers();
  servers.verdict = 'other-key';
  const house = await House.open({ hostKeyProbe: servers });
  await finished(house, OTHER_KEY);
  await house.clock.advanceSettling(LOOK_MS);
  assert.equal(house.life().state, 'installing');
  assert.equal(house.of('install.ssh-other-key')[0]?.level, 'warn');
});

test('a callback that comes while SSH is tried is told once', async () => {
  const servers = new Servers();
  servers.verdict = 'proven';
  const { promise, resolve } = Promise.withResolvers<void>();
  servers.hold = promise;
  const house = await House.open({ hostKeyProbe: servers });
  const token = await finished(house);
  await house.clock.advanceSettling(LOOK_MS);
  await house.tell(token, 'booted', KEY);
  await house.settled();
  const { version } = house.life();
  resolve();
  await house.settled();
  assert.equal(house.life().version, version);
  assert.deepEqual(house.of('install.ssh-proven'), []);
});

test('after a restart it is tried again; in maintenance it is not', async () => {
  const servers = new Servers();
  const house = await House.open({ hostKeyProbe: servers });
  await finished(house);
  await house.book.commands.command(house.node(), 'maintenance', { by: 'carl' });
  await house.clock.advanceSettling(LOOK_MS * 3, LOOK_MS);
  assert.deepEqual(servers.asked, []);
  await house.book.stop();
  const after = await House.open({ store: house.store, clock: house.clock, hostKeyProbe: servers });
  await after.book.commands.command(after.node(), 'leave-maintenance', { by: 'carl' });
  servers.verdict = 'proven';
  await after.clock.advanceSettling(LOOK_MS);
  await after.settled();
  assert.equal(after.life().state, 'installed');
});

test('no more than eight are tried at once, each gets its turn, and a stop ends it', async () => {
  const servers = new Servers();
  const { promise, resolve } = Promise.withResolvers<void>();
  servers.hold = promise;
  const numbers = Array.from({ length: 20 }, (_, at) => at + 1);
  const house = await House.open({ hostKeyProbe: servers, nodes: numbers.map((each) => nodeNumber(each)) });
  for (const number of numbers) await finished(house, KEY, number);
  await house.clock.advanceSettling(LOOK_MS);
  assert.equal(servers.asked.length, 8);
  servers.verdict = 'proven';
  resolve();
  await house.clock.advanceSettling(1);
  await house.settled();
  assert.equal(servers.asked.length, 20);
  for (const number of numbers) assert.equal(house.life(number).state, 'installed');
  await house.book.stop();
  assert.equal(house.clock.pendingTimers, 0);
});
