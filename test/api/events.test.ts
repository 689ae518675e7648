import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import type { BootEvent } from '../../src/domain/events.ts';
import { settle } from '../harness/clock.ts';
import { ApiFixture, problemOf } from './api-fixture.ts';
import { EventReader } from './event-reader.ts';

const folder = mkdtempSync(join(tmpdir(), 'podboot-sse-'));
const socketPath = join(folder, 'api.sock');
after(() => rmSync(folder, { recursive: true, force: true }));

let pod: ApiFixture;
let readers: EventReader[];
beforeEach(async () => {
  pod = new ApiFixture();
  readers = [];
  await pod.api.listen([{ socketPath }]);
});
afterEach(async () => {
  for (const reader of readers) reader.close();
  await pod.api.close();
});

async function open(path: string, headers: Record<string, string> = {}): Promise<EventReader> {
  const reader = await EventReader.open(socketPath, path, { authorization: `Bearer ${pod.token}`, ...headers });
  readers.push(reader);
  return reader;
}

function emit(text: string, more: Partial<BootEvent> = {}): void {
  pod.timeline.emit({ type: 'dhcp.offer', level: 'info', subject: {}, text, ...more });
}

/** What was emitted is on its way to its readers. */
async function written(): Promise<void> {
  await pod.clock.advanceSettling(200);
}

describe('a stream of events', () => {
  it('begins with what happens from now on, each with its number', async () => {
    emit('before');
    const reader = await open('/events');
    assert.equal(reader.response.headers['content-type'], 'text/event-stream; charset=utf-8');
    assert.equal(reader.response.headers['cache-control'], 'no-store');
    await reader.until(({ text }) => text.includes('retry: 2000'));
    emit('one', { subject: { nodeId: 'a', nodeName: 'dgx01', key: 'mac:1' }, data: { sizeBytes: 3 } });
    emit('two\nlines', { mend: 'Look.' });
    await written();
    await reader.until(({ messages }) => messages.length === 2);
    assert.deepEqual(reader.messages, [
      {
        id: '2',
        data: {
          sequence: 2,
          at: '2026-01-01T00:00:00.000Z',
          type: 'dhcp.offer',
          level: 'info',
          text: 'one',
          node: 'dgx01',
          nodeId: 'a',
          key: 'mac:1',
          data: { sizeBytes: 3 },
        },
      },
      {
        id: '3',
        data: {
          sequence: 3,
          at: '2026-01-01T00:00:00.000Z',
          type: 'dhcp.offer',
          level: 'info',
          text: 'two\nlines',
          mend: 'Look.',
        },
      },
    ]);
  });

  it('goes on behind Last-Event-ID, over many pages, and from there live: no gap, no double', async () => {
    for (let number = 1; number <= 450; number += 1) emit(String(number));
    const reader = await open('/events', { 'last-event-id': '3' });
    // While it reads what was, more comes.
    for (let number = 451; number <= 460; number += 1) {
      emit(String(number));
      await written();
    }
    await reader.until(({ messages }) => messages.length >= 457);
    emit('461');
    await written();
    await reader.until(({ messages }) => messages.length >= 458);
    const expected = Array.from({ length: 458 }, (_, index) => String(index + 4));
    assert.deepEqual(reader.texts, expected);
    assert.deepEqual(
      reader.messages.map(({ id }) => id),
      expected,
    );
  });

  it('begins at a place or a time that is asked for', async () => {
    emit('one');
    await written();
    pod.clock.advance(60_000);
    emit('two');
    emit('three');
    await written();
    const texts = async (query: string, count: number) => {
      const reader = await open(`/events?${query}`);
      await reader.until(({ messages }) => messages.length === count);
      return reader.texts;
    };
    assert.deepEqual(await texts('after=2', 1), ['three']);
    assert.deepEqual(await texts('after=0', 3), ['one', 'two', 'three']);
    assert.deepEqual(await texts('since=2026-01-01T00:00:30Z', 2), ['two', 'three']);
  });

  it('has what its filters let through, of what was and of what comes', async () => {
    const all = [
      ['dhcp.offer', 'info'],
      ['tftp.done', 'info'],
      ['tftp.failed', 'warn'],
      ['http.failed', 'error'],
    ] as const;
    const tell = (when: string) => {
      for (const [type, level] of all) emit(`${type} ${when}`, { type, level });
    };
    tell('before');
    await written();
    const readers = [await open('/events?after=0&type=tftp.'), await open('/events?after=0&level=warn')];
    await settle();
    tell('after');
    await written();
    emit('end', { type: 'tftp.end', level: 'error' });
    await written();
    for (const reader of readers) await reader.until(({ texts }) => texts.includes('end'));
    assert.deepEqual(
      readers.map(({ texts }) => texts),
      [
        ['tftp.done before', 'tftp.failed before', 'tftp.done after', 'tftp.failed after', 'end'],
        ['tftp.failed before', 'http.failed before', 'tftp.failed after', 'http.failed after', 'end'],
      ],
    );
  });

  it('of one node has what its interfaces did before it was enrolled, and ends with its removal', async () => {
    const key = 'mac:52:54:00:77:00:01';
    emit('as a stranger', { subject: { key } });
    const node = (await pod.enrol('dgx01', 1)).json();
    const paths = ['/nodes/dgx01/events?after=0', '/events?after=0&node=52:54:00:77:00:01'];
    const streams = await Promise.all(paths.map((path) => open(path)));
    emit('of another', { subject: { nodeId: 'b' } });
    emit('boots', { subject: { key, nodeId: node.id } });
    await written();
    await pod.call('DELETE', '/nodes/dgx01', undefined, { 'if-match': '*' });
    await written();
    for (const stream of streams) {
      await stream.until(({ ended }) => ended);
      assert.deepEqual(stream.texts, ['as a stranger', stream.texts[1], 'boots', 'removed', 'node-removed']);
    }
    assert.equal(problemOf(await pod.call('GET', '/nodes/dgx01/events')).status, 404);
  });

  it('follows a machine that is not enrolled, by its MAC address', async () => {
    const reader = await open('/events?node=52:54:00:77:00:09&after=0');
    emit('asks', { subject: { key: 'mac:52:54:00:77:00:09' } });
    emit('another asks', { subject: { key: 'mac:52:54:00:77:00:08' } });
    emit('asks again', { subject: { key: 'mac:52:54:00:77:00:09' } });
    await written();
    await reader.until(({ messages }) => messages.length === 2);
    assert.deepEqual(reader.texts, ['asks', 'asks again']);
  });

  it('says now and then that it lives, and ends where its token was replaced', async () => {
    const reader = await open('/events');
    await pod.clock.advanceSettling(15_000);
    await reader.until(({ text }) => text.includes(': still here'));
    pod.hash = 'ab'.repeat(32);
    await pod.clock.advanceSettling(15_000);
    await reader.until(({ ended }) => ended);
    assert.deepEqual(reader.texts, ['token']);
  });

  it('ends with a word when podboot stops, and leaves no timer', async () => {
    const reader = await open('/events');
    await reader.until(({ text }) => text !== '');
    await pod.api.close();
    await reader.until(({ ended }) => ended);
    assert.deepEqual(reader.texts, ['stopping']);
    await settle();
    assert.equal(pod.clock.pendingTimers, 0);
  });

  it('ends for a reader that takes nothing, who goes on from where he was', async () => {
    const reader = await open('/events?after=0');
    reader.response.pause();
    const long = 'x'.repeat(1_900);
    for (let round = 0; round < 20; round += 1) {
      for (let number = 0; number < 200; number += 1) emit(`${round} ${number} ${long}`);
      await written();
      await settle(20);
    }
    await pod.clock.advanceSettling(40_000, 10_000);
    reader.response.resume();
    await reader.until(({ ended }) => ended);
    const got = reader.messages.filter(({ id }) => id !== undefined);
    assert.ok(got.length > 0 && got.length < 4_000, `${got.length}`);
    const last = got.at(-1)?.id ?? '';
    assert.equal(last, String(got.length), 'what arrived has no gap');
    const next = await open('/events', { 'last-event-id': last });
    await next.until(({ messages }) => messages.length === 4_000 - got.length);
    assert.equal(next.messages[0]?.id, String(got.length + 1));
  });

  it('begins anew for a reader who knows numbers that this store never gave', async () => {
    emit('one');
    const reader = await open('/events', { 'last-event-id': '5000' });
    await reader.until(({ messages }) => messages.length === 1);
    assert.match(reader.text, /: the numbers began anew/);
    assert.deepEqual(reader.texts, ['one']);
  });

  it('is refused beyond the 64th, and room is made when one goes', async () => {
    const all = await Promise.all(Array.from({ length: 64 }, () => open('/events')));
    const refused = await open('/events');
    assert.equal(refused.response.statusCode, 503);
    await refused.until(({ ended }) => ended);
    assert.equal(JSON.parse(refused.text).code, 'too-many-streams');
    assert.equal((await pod.call('GET', '/events', undefined, { accept: 'application/json' })).statusCode, 200);
    all[0]?.close();
    await settle(20);
    assert.equal((await open('/events')).response.statusCode, 200);
  });

  it('needs the token, and refuses what it does not understand', async () => {
    const stranger = await EventReader.open(socketPath, '/events', {});
    assert.equal(stranger.response.statusCode, 401);
    stranger.close();
    const refused: readonly [string, Record<string, string>][] = [
      ['/events?after=x', {}],
      ['/events?since=yesterday', {}],
      ['/events?level=loud', {}],
      ['/events?colour=red', {}],
      ['/events?type=%27', {}],
      ['/events', { 'last-event-id': '-1' }],
    ];
    for (const [path, headers] of refused) {
      assert.equal(problemOf(await pod.call('GET', path, undefined, headers)).status, 422, path);
    }
    assert.equal(problemOf(await pod.call('GET', '/events?node=nobody')).status, 404);
  });
});

describe('pages of events', () => {
  const accept = { accept: 'application/json' };

  it('list everybody’s, page by page', async () => {
    for (let number = 1; number <= 5; number += 1) emit(String(number), { subject: { nodeId: String(number) } });
    const first = (await pod.call('GET', '/events?limit=3', undefined, accept)).json();
    const second = (await pod.call('GET', `/events?limit=3&after=${first.next}`, undefined, accept)).json();
    const texts = [...first.items, ...second.items].map((each: { text: string }) => each.text);
    assert.deepEqual(texts, ['1', '2', '3', '4', '5']);
    assert.equal(second.next, undefined);
  });

  it('have no next one where exactly as many were left', async () => {
    for (let number = 1; number <= 3; number += 1) emit(String(number));
    assert.equal((await pod.call('GET', '/events?limit=3', undefined, accept)).json().next, undefined);
    assert.equal((await pod.call('GET', '/timeline?limit=2')).json().next, '2');
  });
});
