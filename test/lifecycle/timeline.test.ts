import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { BootEvent, EventSubject } from '../../src/domain/events.ts';
import type { MacAddress } from '../../src/domain/mac.ts';
import type { Node } from '../../src/domain/node.ts';
import { combineSinks, nameSubjects } from '../../src/lifecycle/event-bus.ts';
import { EventRings } from '../../src/lifecycle/event-rings.ts';
import { createTimeline, type Timeline } from '../../src/lifecycle/timeline.ts';
import { FakeClock } from '../harness/clock.ts';

const LIMITS = {
  nodes: { perSubject: 3, subjects: 3, total: 6 },
  strangers: { perSubject: 2, subjects: 2, total: 3 },
  daemon: 4,
};
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

let clock: FakeClock;
let timeline: Timeline;
beforeEach(() => {
  clock = new FakeClock();
  timeline = createTimeline({ clock, limits: LIMITS });
});

function emit(text: string, subject: EventSubject, more: Partial<BootEvent> = {}): void {
  timeline.emit({ type: 'dhcp.offer', level: 'info', subject, text, ...more });
}
const texts = (entries: readonly { event: BootEvent }[]) => entries.map(({ event }) => event.text);

describe('a timeline', () => {
  it('has what a room tells of an address under the node that has it', () => {
    const holders = new Map<number, EventSubject>([[1, { nodeId: 'a', nodeName: 'a', key: `mac:${MAC}` }]]);
    const named = nameSubjects(timeline, (address) => holders.get(address) ?? { address });
    const step = { type: 'tftp.done', level: 'info', text: 'got snponly.efi' } as const;
    named.emit({ ...step, subject: { address: 1, interfaceName: 'eno2' } });
    named.emit({ ...step, subject: { address: 2, interfaceName: 'eno2' } });
    named.emit({ ...step, subject: { interfaceName: 'eno2' } });
    const [own, ...others] = timeline.ofNode(node('a'));
    assert.deepEqual(own?.event.subject, {
      nodeId: 'a',
      nodeName: 'a',
      key: `mac:${MAC}`,
      address: 1,
      interfaceName: 'eno2',
    });
    assert.deepEqual(others, []);
    assert.equal(timeline.ofDaemon().length, 2);
  });

  it('keeps the latest steps of a node in order, with their times', () => {
    for (const text of ['1', '2', '3', '4']) {
      emit(text, { nodeId: 'a' });
      clock.advance(10);
    }
    const entries = timeline.ofNode(node('a'));
    assert.deepEqual(texts(entries), ['2', '3', '4']);
    assert.deepEqual(
      entries.map(({ at }) => at - (entries[0]?.at ?? 0)),
      [0, 10, 20],
    );
    assert.deepEqual(
      entries.map(({ sequence }) => sequence),
      [2, 3, 4],
    );
  });

  it('joins what a node’s interfaces did before it was enrolled', () => {
    emit('by MAC', { key: `mac:${MAC}` });
    emit('by node', { key: `mac:${MAC}`, nodeId: 'a' });
    emit('by client identifier', { key: 'cid:ff01' });
    assert.deepEqual(texts(timeline.ofNode(node('a'))), ['by MAC', 'by node', 'by client identifier']);
    assert.deepEqual(texts(timeline.ofStranger(`mac:${MAC}`)), ['by MAC']);
  });

  it('loses no node’s history to strangers who make up addresses', () => {
    emit('mine', { nodeId: 'a' });
    emit('ours', {});
    for (let number = 0; number < 1_000; number += 1) emit('who?', { key: `mac:${number}` });
    assert.deepEqual(texts(timeline.ofNode(node('a'))), ['mine']);
    assert.deepEqual(texts(timeline.ofDaemon()), ['ours']);
    assert.deepEqual(texts(timeline.ofStranger('mac:0')), []);
    assert.deepEqual(texts(timeline.ofStranger('mac:999')), ['who?']);
  });

  it('leaves out what is the same again within a second', () => {
    const malformed = { type: 'dhcp.malformed', throttle: '10.0.0.1' };
    for (let time = 0; time < 10; time += 1) emit('malformed', {}, malformed);
    clock.advance(1_000);
    emit('malformed later', {}, malformed);
    emit('another', {}, { ...malformed, throttle: '10.0.0.2' });
    assert.deepEqual(texts(timeline.ofDaemon()), ['malformed', 'malformed later', 'another']);
  });

  it('forgets a node that is removed', () => {
    emit('1', { nodeId: 'a' });
    emit('removed', { nodeId: 'a' }, { type: 'node.removed' });
    assert.deepEqual(timeline.ofNode(node('a')), []);
  });
});

describe('rings of events', () => {
  it('stay within all three bounds, the most silent subject losing first', () => {
    const rings = new EventRings<number>({ perSubject: 3, subjects: 3, total: 6 });
    for (let index = 0; index < 500; index += 1) {
      rings.add(`s${(index * 7) % 5}`, index);
      assert.ok(rings.subjects <= 3);
      assert.ok(rings.total <= 6);
      assert.ok(rings.of(`s${(index * 7) % 5}`).includes(index), 'the newest is there');
    }
    rings.forget('s0');
    rings.forget('s0');
    for (const name of ['x', 'y', 'z']) rings.add(name, 1);
    assert.equal(rings.total, 3);
    assert.equal(rings.of('nobody').length, 0);
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
