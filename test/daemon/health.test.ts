import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type HealthFacts, healthOf } from '../../src/daemon/health.ts';
import { StoreMeter } from '../../src/metrics/store-meter.ts';
import { FakeClock } from '../harness/clock.ts';

const SOUND: HealthFacts = {
  isServing: true,
  storeEnd: undefined,
  storeTrouble: undefined,
  pendingMs: 0,
  dataDir: '/var/lib/podboot',
};

function wrong(facts: Partial<HealthFacts>): string[] {
  return healthOf({ ...SOUND, ...facts }).flatMap(({ name, ok, isVital }) => (ok ? [] : [isVital ? `${name}!` : name]));
}

describe('health', () => {
  it('is whole while all sockets are open and the disk takes what is written', () => {
    assert.deepEqual(wrong({}), []);
    assert.deepEqual(wrong({ pendingMs: 9_999 }), []);
  });

  it('is not ready while it starts, stops, or waits for its disk; a restart would mend none of it', () => {
    assert.deepEqual(wrong({ isServing: false }), ['started']);
    assert.deepEqual(wrong({ storeTrouble: 'its disk is full' }), ['disk']);
    assert.deepEqual(wrong({ pendingMs: 10_001 }), ['disk']);
  });

  it('is gone with the thread of the store', () => {
    assert.deepEqual(wrong({ storeEnd: 'The thread that keeps the store ended.' }), ['store!']);
  });

  it('says what to do wherever something can be done', () => {
    for (const facts of [{ storeTrouble: 'full' }, { pendingMs: 60_000 }, { storeEnd: 'ended' }]) {
      assert.ok(healthOf({ ...SOUND, ...facts }).every(({ ok, mend }) => ok || mend !== undefined));
    }
  });
});

describe('commits', () => {
  it('are measured from their call to their end, and the oldest one under way is known', () => {
    const clock = new FakeClock();
    const meter = new StoreMeter(clock);
    const first = meter.onCommit();
    clock.advance(300);
    const second = meter.onCommit();
    clock.advance(700);
    assert.deepEqual([meter.pendingMs, meter.use().pendingCommits], [1_000, 2]);
    first();
    assert.equal(meter.pendingMs, 700);
    second(new Error('its disk is full'));
    assert.equal(meter.trouble, 'its disk is full');
    const { commits, failedCommits, pendingCommits, seconds } = meter.use();
    assert.deepEqual([commits, failedCommits, pendingCommits, seconds.count, seconds.sum], [1, 1, 0, 2, 1.7]);
    meter.onCommit()();
    assert.equal(meter.trouble, undefined, 'a commit that went well ends the trouble');
  });
});
