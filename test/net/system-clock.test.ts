import assert from 'node:assert/strict';
import { it, mock } from 'node:test';
import { createSystemClock } from '../../src/net/system-clock.ts';

const DAY_MS = 86_400_000;

it('waits longer than the 25 days that a timer of Node can', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    let fired = 0;
    createSystemClock().setTimeout(() => (fired += 1), 60 * DAY_MS);
    // Day by day: the mock runs nested timers from the end of a step.
    const tickDays = (days: number) => {
      for (let day = 0; day < days; day += 1) mock.timers.tick(DAY_MS);
    };
    tickDays(59);
    assert.equal(fired, 0);
    tickDays(2);
    assert.equal(fired, 1);
  } finally {
    mock.timers.reset();
  }
});

it('cancels a timer, also one that waits for its second part', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    let fired = 0;
    const clock = createSystemClock();
    const short = clock.setTimeout(() => (fired += 1), 10);
    const long = clock.setTimeout(() => (fired += 1), 60 * DAY_MS);
    short.cancel();
    mock.timers.tick(40 * DAY_MS);
    long.cancel();
    mock.timers.tick(40 * DAY_MS);
    assert.equal(fired, 0);
  } finally {
    mock.timers.reset();
  }
});
