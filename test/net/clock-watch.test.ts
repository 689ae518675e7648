import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BootEvent } from '../../src/domain/events.ts';
import { watchClock } from '../../src/net/clock-watch.ts';
import { FakeClock } from '../harness/clock.ts';

function watched() {
  const clock = new FakeClock();
  const events: BootEvent[] = [];
  const watch = watchClock(clock, { wantsDebug: false, emit: (event) => events.push(event) });
  return { clock, events, watch };
}

test('a clock that runs evenly says nothing', () => {
  const { clock, events } = watched();
  clock.advance(3_600_000);
  assert.deepEqual(events, []);
});

test('a jump forward by an hour is told once, with the mend', () => {
  const { clock, events } = watched();
  clock.advance(25_000);
  clock.jumpWallClock(3_600_000);
  clock.advance(60_000);
  assert.equal(events.length, 1);
  assert.match(events[0]?.text ?? '', /jumped forward by 3600 s/);
  assert.match(events[0]?.mend ?? '', /NTP/);
});

test('a jump back is told as one', () => {
  const { clock, events } = watched();
  clock.jumpWallClock(-86_400_000);
  clock.advance(10_000);
  assert.match(events[0]?.text ?? '', /jumped back by 86400 s/);
});

test('a slewed clock is no jump', () => {
  const { clock, events } = watched();
  for (let i = 0; i < 100; i++) {
    clock.jumpWallClock(5);
    clock.advance(10_000);
  }
  assert.deepEqual(events, []);
});

test('a cancelled watch is over', () => {
  const { clock, events, watch } = watched();
  watch.cancel();
  clock.jumpWallClock(3_600_000);
  clock.advance(60_000);
  assert.deepEqual(events, []);
});
