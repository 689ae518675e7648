import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterSettings, RunHost, RunPlan } from '../../src/domain/hand-off.ts';
import type { RunProcesses } from '../../src/runners/run-processes.ts';
import type { PlanContext } from '../../src/runners/runner.ts';
import { createRunners } from '../../src/runners/runners.ts';
import { cluster } from './hand-off/house.ts';

const SETTINGS: ClusterSettings = cluster({ runner: 'command', options: { argv: ['/bin/true', '{hosts}'] } });
const MEMBERS: readonly RunHost[] = [
  { id: 'a', name: 'dgx01', roles: ['gpu'] },
  { id: 'b', name: 'dgx02', roles: ['gpu'], isInMaintenance: true },
];

function plan(hosts: readonly string[]): Promise<RunPlan> {
  const runner = createRunners({} as RunProcesses, {} as PlanContext)('command');
  return runner.plan(SETTINGS, { cluster: 'pod1', action: 'deploy', hosts, by: 'ann' }, MEMBERS);
}

test('a run for everybody leaves nodes in maintenance alone, and says so', async () => {
  const { steps, hosts, leftOut } = await plan([]);
  assert.deepEqual(steps[0]?.argv, ['/bin/true', 'dgx01']);
  assert.deepEqual(
    hosts.map(({ name }) => name),
    ['dgx01'],
  );
  assert.deepEqual(leftOut, [{ host: 'dgx02', because: 'it is in maintenance; name it to have it taken along' }]);
});

test('a run that names a node in maintenance is for it', async () => {
  const { steps, leftOut } = await plan(['dgx02']);
  assert.deepEqual([steps[0]?.argv, leftOut], [['/bin/true', 'dgx02'], undefined]);
});
