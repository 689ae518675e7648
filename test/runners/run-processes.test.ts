import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RunPlan } from '../../src/domain/hand-off.ts';
import { RunFolders } from '../../src/runners/run-folders.ts';
import { newRunId } from '../../src/runners/run-id.ts';
import { RunProcesses } from '../../src/runners/run-processes.ts';
import { FakeClock } from '../harness/clock.ts';
import { cluster } from './hand-off/house.ts';

const PLAN: RunPlan = {
  request: { cluster: 'pod1', action: 'deploy', hosts: ['dgx01'], by: 'anna' },
  runner: 'command',
  hosts: [{ id: 'n1', name: 'dgx01', roles: ['gpu'] }],
  steps: [{ name: 'join', argv: ['/bin/true'], speaks: 'plain', hosts: ['dgx01'] }],
  files: [],
  obstacles: [],
};

test('a run that is stopped before its process has come up is stopped, not cut off, and can begin no more', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'podboot-run-processes-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const clock = new FakeClock();
  const launched: string[] = [];
  const processes = new RunProcesses({
    folders: new RunFolders(folder),
    clock,
    launcher: async () => ({ kind: 'detached', launch: async (_id, at) => void launched.push(at) }),
  });
  const id = newRunId(clock.now());
  const started = processes.start(id, cluster({}), PLAN);
  while (launched.length === 0) await Promise.resolve();
  await processes.stop(id, 'otto');
  clock.advance(1_000);
  await started;
  const { state, reason, stoppedBy, hosts } = await processes.status(id);
  assert.deepEqual([state, reason, stoppedBy], ['stopped', 'It was stopped by otto.', 'otto']);
  assert.equal(hosts.dgx01?.result, 'pending');
});
