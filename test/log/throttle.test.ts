import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { BootEvent } from '../../src/domain/events.ts';
import { createThrottle, type Throttle } from '../../src/log/throttle.ts';
import { FakeClock } from '../harness/clock.ts';

let clock: FakeClock;
let throttle: Throttle;
beforeEach(() => {
  clock = new FakeClock();
  throttle = createThrottle(clock);
});

function judge(type: string, key?: string, nodeId?: string): number | false {
  const event: BootEvent = {
    type,
    level: 'warn',
    subject: nodeId === undefined ? {} : { nodeId },
    text: '',
    ...(key === undefined ? {} : { throttle: key }),
  };
  const verdict = throttle.judge(event);
  return verdict.tell ? verdict.heldBack : false;
}

describe('the throttle', () => {
  it('tells one a second of each type and key, then how many were held back', () => {
    assert.deepEqual([judge('a', '1'), judge('a', '1'), judge('a', '1')], [0, false, false]);
    assert.equal(judge('a', '2'), 0, 'another key');
    assert.equal(judge('b', '1'), 0, 'another type');
    clock.advance(999);
    assert.equal(judge('a', '1'), false);
    clock.advance(1);
    assert.equal(judge('a', '1'), 3);
    clock.advance(1_000);
    assert.equal(judge('a', '1'), 0, 'told once');
  });

  it('goes by the clock that does not jump', () => {
    assert.equal(judge('a', '1'), 0);
    clock.jumpWallClock(3_600_000);
    assert.equal(judge('a', '1'), false);
    clock.jumpWallClock(-7_200_000);
    clock.advance(1_000);
    assert.equal(judge('a', '1'), 1);
  });

  it('leaves events without a key alone', () => {
    for (let time = 0; time < 100; time += 1) assert.equal(judge('a'), 0);
  });

  it('tells the same step of five hundred nodes that take it in the same second, once each', () => {
    for (let node = 0; node < 500; node += 1) {
      assert.equal(judge('tftp.done', `10.0.0.${node} snponly.efi`, `n${node}`), 0);
      assert.equal(judge('tftp.done', `10.0.0.${node} snponly.efi`, `n${node}`), false);
    }
  });

  it('bounds a type whose keys a stranger makes up, and loses no count', () => {
    let told = 0;
    let counted = 0;
    for (let packet = 0; packet < 100_000; packet += 1) {
      if (packet % 10_000 === 0) clock.advance(1_000);
      const verdict = judge('dhcp.malformed', `10.0.${packet >>> 8}.${packet & 255}`);
      if (verdict === false) continue;
      told += 1;
      counted += verdict;
    }
    assert.equal(told, 10 * 20);
    clock.advance(1_000);
    counted += judge('dhcp.malformed', 'last') || 0;
    assert.equal(told + counted, 100_000);
    assert.equal(judge('tftp.refused', 'x'), 0, 'another type is not its victim');
  });
});
