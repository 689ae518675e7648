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

  it('tells the count of a flood that ended late, once, with the last event of it', () => {
    for (const type of ['a', 'b']) assert.equal(judge(type, '1'), 0);
    for (let time = 0; time < 5; time += 1) {
      clock.advance(100);
      judge('a', '1');
    }
    clock.advance(4_999);
    assert.deepEqual(throttle.late(), [], 'a next one might still come');
    clock.advance(1_001);
    const [late, ...others] = throttle.late();
    assert.deepEqual([late?.event.type, late?.heldBack, late?.ageMs], ['a', 4, 6_000]);
    assert.deepEqual(others, [], 'of b nothing was held back');
    clock.advance(60_000);
    assert.deepEqual(throttle.late(), []);
    assert.equal(judge('a', '1'), 0, 'the next one does not tell it again');
  });

  it('does not tell late what the next event told', () => {
    for (let time = 0; time < 3; time += 1) judge('a', '1');
    clock.advance(1_000);
    assert.equal(judge('a', '1'), 2);
    clock.advance(60_000);
    assert.deepEqual(throttle.late(), []);
  });

  it('lets no flood of many keys come back as a flood of counts, and loses none of them', () => {
    let told = 0;
    for (let second = 0; second < 100; second += 1) {
      for (let key = 0; key < 30; key += 1) {
        for (let time = 0; time < 2; time += 1) {
          const verdict = judge('dhcp.malformed', `${second} ${key}`);
          if (verdict !== false) told += 1 + verdict;
        }
      }
      clock.advance(1_000);
    }
    for (let second = 0; second < 300; second += 1) {
      clock.advance(1_000);
      const late = throttle.late();
      assert.ok(late.length <= 10, `${late.length} in a second`);
      assert.deepEqual(throttle.late(), [], 'once a second');
      for (const { heldBack } of late) told += 1 + heldBack;
    }
    assert.equal(told, 100 * 30 * 2);
  });
});
