import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Background } from '../harness/process.ts';

const PODBOOT = new URL('../../bin/podboot', import.meta.url).pathname;
const ROUNDS = 10;
const NODES = 500;

test(`${ROUNDS} rehearsals of ${NODES} nodes all come to their end`, { timeout: 30 * 60_000 }, async () => {
  for (let round = 1; round <= ROUNDS; round += 1) {
    const rehearsal = new Background([PODBOOT, 'start', '--nodes', String(NODES), '--once']);
    const code = await rehearsal.exited;
    assert.equal(code, 0, `rehearsal ${round}:\n${rehearsal.output.slice(-4000)}`);
  }
});
