import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoreChange } from '../../../src/domain/ports.ts';
import { CommitQueue } from '../../../src/services/dhcp/commit-queue.ts';
import { settle } from '../../harness/clock.ts';

/** A queue whose turns of the loop are made by hand, and a disk that answers when it is told. */
function bench(maxPending = 1_000) {
  const turns: (() => void)[] = [];
  const batches: { changes: readonly StoreChange[]; onDisk: () => void; refuse: (error: Error) => void }[] = [];
  const answered: number[] = [];
  const failures: number[] = [];
  const queue = new CommitQueue({
    maxPending,
    commit: (changes) =>
      new Promise((onDisk, refuse) => {
        batches.push({ changes, onDisk, refuse });
      }),
    failed: (_, lost) => failures.push(lost),
    afterTurn: (callback) => turns.push(callback),
  });
  const ask = (address: number) =>
    queue.add({
      changes: [{ lease: { address, key: `cid:${address}`, state: 'bound', startsAt: 0, expiresAt: 1 }, endsAt: 1 }],
      committed: () => answered.push(address),
    });
  const turn = () => {
    for (const callback of turns.splice(0)) callback();
  };
  return { queue, ask, turn, batches, answered, failures };
}

test('a burst that lasts for several turns of the loop is one batch', () => {
  const { ask, turn, batches } = bench();
  ask(1);
  turn();
  assert.equal(batches.length, 1, 'nothing more came: it does not wait');
  const other = bench();
  other.ask(1);
  for (const address of [2, 3, 4]) {
    other.ask(address);
    other.turn();
  }
  assert.equal(other.batches.length, 0, 'each turn has brought another');
  other.turn();
  assert.deepEqual(
    other.batches.map(({ changes }) => changes.length),
    [4],
  );
});

test('a burst without an end does not keep its first client waiting for ever', () => {
  const { ask, turn, batches } = bench();
  for (let address = 1; address <= 100 && batches.length === 0; address += 1) {
    ask(address);
    turn();
  }
  assert.equal(batches.length, 1);
  assert.ok((batches[0]?.changes.length ?? 0) <= 20);
});

test('answers wait for the disk, in the order of their questions, and the next batch gathers meanwhile', async () => {
  const { ask, turn, batches, answered } = bench();
  ask(1);
  ask(2);
  turn();
  turn();
  ask(3);
  turn();
  assert.equal(batches.length, 1, 'one is in flight at a time');
  assert.deepEqual(answered, []);
  batches[0]?.onDisk();
  await settle();
  assert.deepEqual(answered, [1, 2]);
  turn();
  turn();
  batches[1]?.onDisk();
  await settle();
  assert.deepEqual(answered, [1, 2, 3]);
});

test('a disk that refuses costs the answers of its batch and no others', async () => {
  const { ask, turn, batches, answered, failures } = bench();
  ask(1);
  turn();
  batches[0]?.refuse(new Error('disk full'));
  await settle();
  ask(2);
  turn();
  turn();
  batches[1]?.onDisk();
  await settle();
  assert.deepEqual(failures, [1]);
  assert.deepEqual(answered, [2]);
});

test('a queue that is full takes nothing more, and says so', () => {
  const { ask } = bench(2);
  assert.equal(ask(1), true);
  assert.equal(ask(2), true);
  assert.equal(ask(3), false);
});
