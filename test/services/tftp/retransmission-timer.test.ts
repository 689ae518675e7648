import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RetransmissionTimer } from '../../../src/services/tftp/retransmission-timer.ts';

describe('retransmission timer', () => {
  it('begins with a second and doubles up to five', () => {
    const timer = new RetransmissionTimer(undefined);
    const waits = [timer.timeoutMs];
    for (let again = 0; again < 4; again += 1) {
      timer.expired();
      waits.push(timer.timeoutMs);
    }
    assert.deepEqual(waits, [1_000, 2_000, 4_000, 5_000, 5_000]);
  });

  it('computes as RFC 6298 does: SRTT + 4 RTTVAR', () => {
    const timer = new RetransmissionTimer(undefined);
    timer.measured(400);
    assert.equal(timer.timeoutMs, 400 + 4 * 200);
    timer.measured(800);
    // RTTVAR = 3/4 * 200 + 1/4 * 400 = 250, SRTT = 7/8 * 400 + 1/8 * 800 = 450.
    assert.equal(timer.roundTripMs, 450);
    assert.equal(timer.timeoutMs, 450 + 4 * 250);
  });

  it('never goes below 200 ms, however fast the network is', () => {
    const timer = new RetransmissionTimer(undefined);
    for (let time = 0; time < 50; time += 1) timer.measured(0.1);
    assert.equal(timer.timeoutMs, 200);
  });

  it('ends the doubling when the client answers', () => {
    const timer = new RetransmissionTimer(undefined);
    timer.measured(50);
    timer.expired();
    timer.expired();
    assert.equal(timer.timeoutMs, 800);
    timer.progressed();
    assert.equal(timer.timeoutMs, 200);
  });

  it("keeps the client's own timeout whatever is measured", () => {
    const timer = new RetransmissionTimer(7_000);
    timer.measured(1);
    timer.expired();
    assert.equal(timer.timeoutMs, 7_000);
  });
});
