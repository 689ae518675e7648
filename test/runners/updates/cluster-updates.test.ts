import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RunPlan, RunRequest, RunStatus } from '../../../src/domain/hand-off.ts';
import { ClusterUpdates, type VersionFacts } from '../../../src/runners/updates/cluster-updates.ts';
import { cluster } from '../deploy/house.ts';

const STEPS: RunPlan['steps'] = [
  { name: 'facts', argv: ['ansible-playbook', 'facts.yml'], speaks: 'ansible', hosts: [] },
  { name: 'control plane', argv: ['ansible-playbook', 'upgrade-cluster.yml'], speaks: 'ansible', hosts: ['mgmt01'] },
  {
    name: 'workers',
    argv: ['ansible-playbook', '-e', '{"serial":"20%"}', 'upgrade-cluster.yml'],
    speaks: 'ansible',
    hosts: ['dgx01', 'dgx02'],
  },
];

function updates(facts: Partial<VersionFacts>, obstacles: RunPlan['obstacles'] = []) {
  const asked: RunRequest[] = [];
  const made = new ClusterUpdates({
    clusters: () => [cluster('pod1', 'kubespray', ['mgmt', 'dgx'])],
    versions: async () => ({ running: [], obstacles: [], ...facts }),
    runs: {
      plan: async (request) => ({ request, runner: 'kubespray', hosts: [], steps: STEPS, files: [], obstacles }),
      start: async (request) => {
        asked.push(request);
        return { id: 'run-1' } as RunStatus;
      },
    },
    commands: { run: async () => ({ end: 'not-run', stdout: '', stderr: '' }) },
  });
  return { made, asked };
}

const RUNNING = [
  { node: 'mgmt01', version: '1.29.3' },
  { node: 'dgx02', version: '1.28.10' },
  { node: 'dgx01', version: '1.28.10' },
];

describe('the update of a cluster', () => {
  test('is looked at first: what runs where, to what it is pinned, control plane first, then batches', async () => {
    const { made, asked } = updates({ running: RUNNING, wanted: '1.29.3' });
    const plan = await made.plan('pod1');
    assert.deepEqual(plan.from, [
      { version: '1.28.10', nodes: ['dgx01', 'dgx02'] },
      { version: '1.29.3', nodes: ['mgmt01'] },
    ]);
    assert.equal(plan.to, '1.29.3');
    assert.equal(plan.isUpToDate, false);
    assert.deepEqual(plan.steps, [
      { name: 'facts', nodes: [] },
      { name: 'control plane', nodes: ['mgmt01'] },
      { name: 'workers', nodes: ['dgx01', 'dgx02'], atOnce: '20%' },
    ]);
    assert.equal(asked.length, 0);
  });

  test('is begun for the version that was looked at, and for no other', async () => {
    const { made, asked } = updates({ running: RUNNING, wanted: '1.29.3' });
    await assert.rejects(made.run('pod1', '1.29.9', 'ada'), {
      code: 'conflict',
      message: /to 1.29.3 now, and not to 1.29.9/,
    });
    await made.run('pod1', '1.29.3', 'ada');
    assert.deepEqual(asked, [{ cluster: 'pod1', action: 'upgrade', hosts: [], by: 'ada' }]);
  });

  test('past a minor version it is refused, told once', async () => {
    const skips = {
      code: 'version-skips',
      message: 'from 1.27.1 to 1.30.0 is more than one minor version',
      mend: 'Upgrade to 1.28 first.',
    };
    const { made, asked } = updates({ running: RUNNING, wanted: '1.30.0', obstacles: [skips] }, [skips]);
    assert.deepEqual((await made.plan('pod1')).obstacles, [skips]);
    await assert.rejects(made.run('pod1', '1.30.0', 'ada'), { code: 'run-refused' });
    assert.equal(asked.length, 0);
  });

  test('where every node has it there is nothing to do; where nothing can be told it is not begun', async () => {
    const same = updates({ running: RUNNING.map(({ node }) => ({ node, version: '1.29.3' })), wanted: '1.29.3' });
    assert.equal((await same.made.plan('pod1')).isUpToDate, true);
    await assert.rejects(same.made.run('pod1', '1.29.3', 'ada'), { message: /has 1.29.3 already/ });
    await assert.rejects(updates({}).made.run('pod1', '1.29.3', 'ada'), { message: /can’t be told/ });
    await assert.rejects(same.made.plan('pod9'), { code: 'not-found' });
  });
});
