import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { BootEvent } from '../../src/domain/events.ts';
import type { Node } from '../../src/domain/node.ts';
import type { Store } from '../../src/domain/ports.ts';
import { DAEMON_OWNER, type EventChange, type EventOwner, type EventQuery } from '../../src/domain/stored-event.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { openSqliteStore } from '../../src/store/sqlite-store.ts';

let dataDir: string;
let store: Store;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'podboot-events-'));
});
afterEach(async () => {
  await store.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const nodeOwner = (name: string): EventOwner => ({ kind: 'node', name });
const stranger = (name: string): EventOwner => ({ kind: 'stranger', name });

function add(owner: EventOwner, text: string, more: Partial<BootEvent> = {}, at = 1_000): EventChange {
  const event: BootEvent = { type: 'dhcp.offer', level: 'info', subject: {}, text, ...more };
  return { add: { owner, at, event } };
}

async function texts(query: Partial<EventQuery> = {}): Promise<string[]> {
  const { entries } = await store.events({ after: 0, limit: 100, ...query });
  return entries.map(({ sequence, event }) => `${sequence} ${event.text}`);
}

const HOMES: readonly (readonly [string, () => Promise<Store>])[] = [
  ['the SQLite store', () => openSqliteStore({ dataDir })],
  ['the memory store', async () => new MemoryStore()],
];

for (const [name, open] of HOMES) {
  describe(`events in ${name}`, () => {
    beforeEach(async () => {
      store = await open();
    });

    it('come back as they were, numbered in their order, without what was for the moment', async () => {
      const event: BootEvent = {
        type: 'tftp.done',
        level: 'warn',
        subject: { nodeId: 'a', nodeName: 'dgx01', key: 'mac:1', address: 0x0a4d0001, interfaceName: 'eno2' },
        text: 'got “snponly.efi”',
        mend: 'Look.',
        data: { sizeBytes: 12.5, isWhole: true, name: 'x' },
      };
      const owner = nodeOwner('a');
      assert.equal(await store.appendEvents([{ add: { owner, at: 5, event: { ...event, throttle: 'x' } } }]), 1);
      assert.equal(await store.appendEvents([add(owner, 'two'), add(DAEMON_OWNER, 'three')]), 3);
      const page = await store.events({ after: 0, limit: 1 });
      assert.deepEqual(page, { entries: [{ sequence: 1, at: 5, event }], upTo: 1, last: 3 });
      assert.deepEqual(await store.events({ after: 3, limit: 1 }), { entries: [], upTo: 3, last: 3 });
    });

    it('are on disk together with the changes that they tell of', async () => {
      await store.appendEvents([add(DAEMON_OWNER, 'one')]);
      const changes = [{ put: 'setting', name: 'x', value: 'y' }] as const;
      assert.equal(await store.commitWithEvents(changes, [add(nodeOwner('a'), 'two'), add(DAEMON_OWNER, 'three')]), 3);
      assert.equal(await store.setting('x'), 'y');
      assert.deepEqual(await texts(), ['1 one', '2 two', '3 three']);
      assert.equal(await store.commitWithEvents([], []), 3);
    });

    it('are asked for by owner, place, type and level', async () => {
      await store.appendEvents([
        add(nodeOwner('a'), 'one'),
        add(stranger('mac:1'), 'two', { type: 'tftp.done' }),
        add(nodeOwner('b'), 'three', { type: 'tftp.failed', level: 'error' }),
        add(DAEMON_OWNER, 'four', { level: 'warn' }),
      ]);
      assert.deepEqual(await texts(), ['1 one', '2 two', '3 three', '4 four']);
      assert.deepEqual(await texts({ owners: [nodeOwner('a'), stranger('mac:1')] }), ['1 one', '2 two']);
      assert.deepEqual(await texts({ owners: [stranger('a')] }), []);
      assert.deepEqual(await texts({ owners: [] }), []);
      assert.deepEqual(await texts({ after: 2 }), ['3 three', '4 four']);
      assert.deepEqual(await texts({ type: 'tftp.' }), ['2 two', '3 three']);
      assert.deepEqual(await texts({ type: 'tftp.', level: 'warn' }), ['3 three']);
      assert.deepEqual(await texts({ level: 'warn' }), ['3 three', '4 four']);
      const none = await store.events({ after: 0, limit: 5, type: 'dns.' });
      assert.deepEqual(none, { entries: [], upTo: 4, last: 4 });
    });

    it('of an owner that is forgotten are gone, those that come after it stay, and no number is given twice', async () => {
      await store.appendEvents([add(DAEMON_OWNER, 'one'), add(nodeOwner('a'), 'two'), add(nodeOwner('a'), 'three')]);
      await store.appendEvents([{ forget: nodeOwner('a') }, { forget: nodeOwner('never was') }]);
      assert.deepEqual(await texts(), ['1 one']);
      await store.appendEvents([add(nodeOwner('a'), 'four'), { forget: nodeOwner('a') }, add(nodeOwner('a'), 'five')]);
      assert.deepEqual(await texts(), ['1 one', '5 five']);
    });

    it('are found by time', async () => {
      await store.appendEvents([100, 200, 200, 300].map((at) => add(DAEMON_OWNER, 'x', {}, at)));
      await store.appendEvents([{ forget: nodeOwner('a') }]);
      const before = async (at: number) => await store.sequenceBefore(at);
      assert.deepEqual(
        [
          await before(50),
          await before(100),
          await before(101),
          await before(200),
          await before(201),
          await before(999),
        ],
        [0, 0, 1, 1, 3, 4],
      );
    });
  });
}

describe('events and changes of one transaction', () => {
  const unwritable = null as unknown as string;
  const put = (name: string, value: string) => ({ put: 'setting', name, value }) as const;

  beforeEach(async () => {
    store = await openSqliteStore({ dataDir });
    await store.appendEvents([add(nodeOwner('a'), 'one')]);
  });

  it('are neither written where a change can’t be', async () => {
    const events = [add(nodeOwner('a'), 'lost'), add(nodeOwner('b'), 'lost')];
    await assert.rejects(store.commitWithEvents([put('x', 'y'), put('z', unwritable)], events));
    assert.equal(await store.setting('x'), undefined);
    assert.deepEqual(await texts(), ['1 one']);
    assert.equal(await store.commitWithEvents([put('x', 'y')], [add(nodeOwner('b'), 'two')]), 2);
    assert.deepEqual(await texts({ owners: [nodeOwner('b')] }), ['2 two']);
  });

  it('are neither written where an event can’t be', async () => {
    const events = [add(nodeOwner('b'), 'lost'), add(nodeOwner('b'), 'lost', { type: unwritable })];
    await assert.rejects(store.commitWithEvents([put('x', 'y')], events));
    assert.equal(await store.setting('x'), undefined);
    assert.deepEqual(await texts(), ['1 one']);
    assert.equal(await store.appendEvents([add(nodeOwner('b'), 'two')]), 2);
  });
});

describe('events after a restart', () => {
  const node = (id: string): Node => ({
    id,
    name: id,
    interfaces: [],
    roles: [],
    labels: {},
    options: {},
    boot: { profile: 'local', loader: 'auto' },
    version: 1,
    createdAt: 0,
    updatedAt: 0,
  });

  it('are there, and their numbers go on, also where the last ones were removed', async () => {
    store = await openSqliteStore({ dataDir });
    await store.commit([{ put: 'node', node: node('kept') }]);
    await store.appendEvents([add(nodeOwner('kept'), 'one'), add(nodeOwner('gone'), 'two')]);
    await store.appendEvents([{ forget: nodeOwner('gone') }]);
    await store.close();
    store = await openSqliteStore({ dataDir });
    assert.equal(await store.appendEvents([add(nodeOwner('kept'), 'three')]), 3);
    assert.deepEqual(await texts(), ['1 one', '3 three']);
  });

  it('of a node whose record is gone are gone too', async () => {
    store = await openSqliteStore({ dataDir });
    await store.commit([{ put: 'node', node: node('kept') }]);
    await store.appendEvents([
      add(nodeOwner('kept'), 'one'),
      add(nodeOwner('gone'), 'two'),
      add(stranger('s'), 'three'),
    ]);
    await store.close();
    store = await openSqliteStore({ dataDir });
    assert.deepEqual(await texts(), ['1 one', '3 three']);
  });
});
