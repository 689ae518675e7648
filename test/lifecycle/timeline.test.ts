import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { HostRefused } from '../../src/domain/errors.ts';
import type { BootEvent, EventSubject } from '../../src/domain/events.ts';
import type { MacAddress } from '../../src/domain/mac.ts';
import type { Node } from '../../src/domain/node.ts';
import type { StoreChange } from '../../src/domain/ports.ts';
import { DAEMON_OWNER, type EventChange, type EventOwner, ownersOfNode } from '../../src/domain/stored-event.ts';
import { combineSinks, nameSubjects } from '../../src/lifecycle/event-bus.ts';
import { createTimeline, type Timeline } from '../../src/lifecycle/timeline.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { FakeClock, settle } from '../harness/clock.ts';

const MAC = '52:54:00:77:00:01' as MacAddress;

function node(id: string): Node {
  return {
    id,
    name: id,
    interfaces: [
      { name: 'eno1', role: 'boot', mac: MAC },
      { name: 'ib0', role: 'infiniband', clientId: 'ff01' },
    ],
    labels: {},
    roles: [],
    options: {},
    boot: { profile: 'local', loader: 'auto' },
    version: 1,
    createdAt: 0,
    updatedAt: 0,
  };
}

/** A store whose disk can be full, and slow. */
class TestStore extends MemoryStore {
  error: Error | undefined;
  slow: Promise<void> | undefined;
  readonly appended: number[] = [];

  override async commitWithEvents(batch: readonly StoreChange[], events: readonly EventChange[]): Promise<number> {
    await this.slow;
    if (this.error !== undefined) throw this.error;
    return await super.commitWithEvents(batch, events);
  }

  override async appendEvents(batch: readonly EventChange[]): Promise<number> {
    await this.slow;
    if (this.error !== undefined) throw this.error;
    this.appended.push(batch.length);
    return await super.appendEvents(batch);
  }
}

let clock: FakeClock;
let store: TestStore;
let log: BootEvent[];
let timeline: Timeline;
beforeEach(() => {
  clock = new FakeClock();
  store = new TestStore();
  log = [];
  timeline = createTimeline({ store, clock, log: { wantsDebug: false, emit: (event) => void log.push(event) } });
});

function emit(text: string, subject: EventSubject, more: Partial<BootEvent> = {}): void {
  timeline.emit({ type: 'dhcp.offer', level: 'info', subject, text, ...more });
}

async function texts(...owners: EventOwner[]): Promise<string[]> {
  return (await timeline.read({ owners, after: 0, limit: 100_000 })).entries.map(({ event }) => event.text);
}
const stranger = (name: string): EventOwner => ({ kind: 'stranger', name });

describe('a timeline and the changes that are told of', () => {
  const change = { put: 'setting', name: 'x', value: 'y' } as const;
  const told = (text: string): BootEvent => ({ type: 'life.state', level: 'info', subject: { nodeId: 'a' }, text });
  const all = async () => (await store.events({ after: 0, limit: 100 })).entries.map(({ event }) => event.text);

  it('are written together, in the order in which it was told, and listeners get their numbers', async () => {
    const heard: string[] = [];
    timeline.onStored(
      (entries) => void heard.push(...entries.map(({ sequence, event }) => `${sequence} ${event.text}`)),
    );
    emit('before', { nodeId: 'a' });
    emit('of a stranger', { key: `mac:${MAC}` });
    await timeline.commit([change], [told('the change')]);
    assert.equal(await store.setting('x'), 'y');
    emit('after', { nodeId: 'a' });
    assert.deepEqual(await all(), ['before', 'of a stranger', 'the change']);
    await timeline.close();
    assert.deepEqual(heard, ['1 before', '2 of a stranger', '3 the change', '4 after']);
    assert.equal(clock.pendingTimers, 0);
  });

  it('are neither written where the store refuses; what waited is written later', async () => {
    emit('before', { nodeId: 'a' });
    store.error = new Error('the disk is full');
    await assert.rejects(timeline.commit([change], [told('the change')]), /the disk is full/);
    store.error = undefined;
    assert.equal(await store.setting('x'), undefined);
    await clock.advanceSettling(200);
    assert.deepEqual(await all(), ['before']);
    assert.deepEqual(timeline.statistics(), { written: 1, waiting: 0, dropped: 0 });
  });

  it('are not held up by what the timeline could not write before', async () => {
    store.error = new Error('the disk is full');
    emit('unwritten', { nodeId: 'a' });
    await clock.advanceSettling(200);
    store.error = undefined;
    await timeline.commit([change], [told('the change')]);
    assert.deepEqual(await all(), ['the change']);
    await clock.advanceSettling(5_000);
    assert.deepEqual(await all(), ['the change', 'unwritten']);
  });
});

describe('a timeline', () => {
  it('has what a room tells of an address under the node that has it', async () => {
    const holders = new Map<number, EventSubject>([[1, { nodeId: 'a', nodeName: 'a', key: `mac:${MAC}` }]]);
    const named = nameSubjects(timeline, (address) => holders.get(address) ?? { address });
    const step = { type: 'tftp.done', level: 'info', text: 'got snponly.efi' } as const;
    named.emit({ ...step, subject: { address: 1, interfaceName: 'eno2' } });
    named.emit({ ...step, subject: { address: 2, interfaceName: 'eno2' } });
    named.emit({ ...step, subject: { interfaceName: 'eno2' } });
    const { entries } = await timeline.read({ owners: ownersOfNode(node('a')), after: 0, limit: 10 });
    assert.deepEqual(
      entries.map(({ event }) => event.subject),
      [{ nodeId: 'a', nodeName: 'a', key: `mac:${MAC}`, address: 1, interfaceName: 'eno2' }],
    );
    assert.equal((await texts(DAEMON_OWNER)).length, 2);
  });

  it('has the time at which a step was told, not that at which it was written', async () => {
    const start = clock.now();
    emit('one', { nodeId: 'a' });
    clock.advance(10);
    emit('two', { nodeId: 'a' });
    await clock.advanceSettling(1_000);
    const { entries } = await timeline.read({ after: 0, limit: 10 });
    assert.deepEqual(
      entries.map(({ at }) => at - start),
      [0, 10],
    );
  });

  it('joins what a node’s interfaces did before it was enrolled', async () => {
    emit('by MAC', { key: `mac:${MAC}` });
    emit('by node', { key: `mac:${MAC}`, nodeId: 'a' });
    emit('by client identifier', { key: 'cid:ff01' });
    assert.deepEqual(await texts(...ownersOfNode(node('a'))), ['by MAC', 'by node', 'by client identifier']);
    assert.deepEqual(await texts(stranger(`mac:${MAC}`)), ['by MAC']);
  });

  it('leaves out what is the same again within a second', async () => {
    const malformed = { type: 'dhcp.malformed', throttle: '10.0.0.1' };
    for (let time = 0; time < 10; time += 1) emit('malformed', {}, malformed);
    clock.jumpWallClock(-86_400_000);
    emit('malformed', {}, malformed);
    clock.advance(1_000);
    emit('malformed later', {}, malformed);
    emit('another', {}, { ...malformed, throttle: '10.0.0.2' });
    assert.deepEqual(await texts(DAEMON_OWNER), ['malformed', 'malformed later', 'another']);
  });

  it('keeps a step that comes again when others were between: PXE and iPXE ask within a second', async () => {
    for (const type of ['dhcp.offer', 'dhcp.ack', 'dhcp.offer', 'dhcp.ack'])
      emit(type, { nodeId: 'a' }, { type, throttle: 'a' });
    assert.deepEqual(await texts({ kind: 'node', name: 'a' }), ['dhcp.offer', 'dhcp.ack', 'dhcp.offer', 'dhcp.ack']);
  });

  it('forgets a node that is removed, also what was not yet written, and keeps that it was removed', async () => {
    emit('written', { nodeId: 'a' });
    await timeline.read({ after: 0, limit: 1 });
    emit('waits', { nodeId: 'a' });
    emit('of another', { nodeId: 'b' });
    emit('removed', { nodeId: 'a' }, { type: 'node.removed' });
    assert.deepEqual(await texts({ kind: 'node', name: 'a' }), []);
    assert.deepEqual(await texts({ kind: 'node', name: 'b' }), ['of another']);
    assert.deepEqual(await texts(DAEMON_OWNER), ['removed']);
  });
});

describe('writing a timeline', () => {
  it('gathers for 200 ms, in batches that no lease waits long for, and sets no timer while nothing happens', async () => {
    assert.equal(clock.pendingTimers, 0);
    for (let count = 0; count < 250; count += 1) emit('x', { nodeId: `n${count}` });
    await clock.advanceSettling(199);
    assert.deepEqual(store.appended, []);
    await clock.advanceSettling(1, 1);
    await settle(20);
    assert.deepEqual(store.appended, [100, 100, 50]);
    assert.equal(clock.pendingTimers, 0);
  });

  it('tells its listeners of each batch with the numbers that the store has', async () => {
    const heard: string[] = [];
    const stop = timeline.onStored((entries) =>
      heard.push(...entries.map((each) => `${each.sequence} ${each.event.text}`)),
    );
    emit('one', { nodeId: 'a' });
    await clock.advanceSettling(200);
    emit('two', { nodeId: 'a' });
    emit('removed', { nodeId: 'a' }, { type: 'node.removed' });
    emit('three', {});
    await clock.advanceSettling(200);
    stop();
    emit('four', {});
    const { entries } = await timeline.read({ after: 0, limit: 10 });
    assert.deepEqual(heard, ['1 one', '2 removed', '3 three']);
    assert.deepEqual(
      entries.map((each) => `${each.sequence} ${each.event.text}`),
      ['2 removed', '3 three', '4 four'],
    );
  });

  it('waits where the disk is full, says so once, and goes on by itself', async () => {
    store.error = new HostRefused('The store is full.', 'Free space.');
    emit('one', { nodeId: 'a' });
    await clock.advanceSettling(20_000, 1_000);
    emit('two', { nodeId: 'a' });
    assert.deepEqual(await texts({ kind: 'node', name: 'a' }), [], 'a read is not refused');
    assert.deepEqual(
      log.map(({ type, mend }) => `${type} ${mend}`),
      ['timeline.not-stored Free space.'],
    );
    store.error = undefined;
    await clock.advanceSettling(6_000, 1_000);
    assert.deepEqual(await texts({ kind: 'node', name: 'a' }), ['one', 'two']);
    assert.equal(log.at(-1)?.type, 'timeline.stored-again');
    assert.deepEqual(timeline.statistics(), { written: 2, waiting: 0, dropped: 0 });
  });

  it('gives a batch up that is refused for a minute, so that one that is never taken does not end the history', async () => {
    store.error = new Error('no');
    for (let count = 0; count < 150; count += 1) emit(String(count), { nodeId: 'a' });
    await clock.advanceSettling(58_000, 1_000);
    store.error = undefined;
    await clock.advanceSettling(6_000, 1_000);
    assert.equal((await texts({ kind: 'node', name: 'a' })).length, 50);
    assert.equal(timeline.statistics().dropped, 100);
    assert.equal(log.filter(({ type }) => type === 'timeline.dropped').length, 1);
  });

  it('takes no more than its bound while the disk stands still, and counts the rest', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    store.slow = promise;
    for (let count = 0; count < 25_000; count += 1) emit('x', { nodeId: `n${count}` });
    emit('removed', { nodeId: 'n1' }, { type: 'node.removed' });
    await clock.advanceSettling(1_000);
    const { waiting = 0, dropped = 0 } = timeline.statistics();
    assert.ok(waiting <= 20_000, `${waiting}`);
    assert.ok(dropped >= 5_000 - 1, `${dropped}`);
    resolve();
    await timeline.close();
    assert.equal(timeline.statistics().waiting, 0);
    assert.equal(clock.pendingTimers, 0);
  });

  it('gives strangers who make up addresses no more than their share', async () => {
    for (let count = 0; count < 10_000; count += 1) emit('who?', { key: `mac:${count}` });
    emit('mine', { nodeId: 'a' });
    assert.deepEqual(await texts({ kind: 'node', name: 'a' }), ['mine']);
    assert.equal(timeline.statistics().written, 201);
    for (let count = 0; count < 10; count += 1) emit('who?', { key: `mac:${count}` });
    await timeline.close();
    assert.equal(timeline.statistics().written, 211, 'their share is theirs again in the next round');
  });

  it('ends with what waits on the disk, and without it where the disk refuses', async () => {
    emit('one', {});
    await timeline.close();
    assert.deepEqual(store.appended, [1]);
    store.error = new Error('no');
    emit('two', {});
    await timeline.close();
    assert.equal(clock.pendingTimers, 0);
  });
});

describe('several sinks', () => {
  it('all get an event, also when one of them throws', async () => {
    const got: string[] = [];
    const quiet = { wantsDebug: false, emit: (event: BootEvent) => void got.push(`quiet ${event.text}`) };
    const broken = {
      wantsDebug: false,
      emit: () => {
        throw new Error('no');
      },
    };
    const verbose = { wantsDebug: true, emit: (event: BootEvent) => void got.push(`verbose ${event.text}`) };
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
    const bus = combineSinks(broken, quiet, verbose);
    assert.equal(bus.wantsDebug, true);
    assert.equal(combineSinks(quiet).wantsDebug, false);
    bus.emit({ type: 't', level: 'info', subject: {}, text: '1' });
    bus.emit({ type: 't', level: 'debug', subject: {}, text: '2' });
    assert.deepEqual(got, ['quiet 1', 'verbose 1', 'verbose 2']);
    assert.match((await warned).message, /A sink failed at the event t: no/);
  });
});
