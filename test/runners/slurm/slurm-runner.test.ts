import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { ClusterSettings, RunAction, RunPlan } from '../../../src/domain/hand-off.ts';
import type { PlanContext } from '../../../src/runners/runner.ts';
import { slurmRunner } from '../../../src/runners/slurm/slurm-runner.ts';
import { KnownHosts } from '../../../src/runners/ssh/known-hosts.ts';
import { guidePod, SSH } from '../inventory/pod.ts';
import { writeDeepops } from '../kubespray/trees.ts';

let folder: string;
let checkout: string;
let reached: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podboot-slurm-runner-'));
  checkout = join(folder, 'deepops');
  reached = [];
  writeDeepops(checkout);
  mkdirSync(join(checkout, 'roles/galaxy/nvidia.enroot'), { recursive: true });
  writeFileSync(join(checkout, 'roles/galaxy/nvidia.enroot/README'), '');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function plan(action: RunAction, hosts: readonly string[], options: ClusterSettings['options'] = {}): Promise<RunPlan> {
  const cluster: ClusterSettings = {
    ...{ name: 'hpc', runner: 'slurm', roles: ['slurm-node', 'slurm-master'], settleMs: 0, inactivityMs: 60_000 },
    ...{ waves: { canaryNodes: 0, maxNodes: 20, maxFailedShare: 0.1 }, ssh: SSH },
    options: { checkout, ...options },
  };
  const context: PlanContext = {
    runsDir: folder,
    ssh: {
      target: () => assert.fail('no target is asked for'),
      run: async ({ name }) => {
        reached.push(name);
        return { exitCode: 0, stdout: '', stderr: '' };
      },
    },
    knownHosts: new KnownHosts(join(folder, 'known_hosts')),
    contents: async () => ({ state: 'none' }),
    awaited: () => [],
    commands: {
      run: async () => ({
        end: 'exited',
        exitCode: 0,
        stdout: 'ansible-playbook [core 2.16.4]\n  python version = 3.11.2 (main) [GCC] (/usr/bin/python3)\n',
        stderr: '',
      }),
    },
  };
  const members = guidePod().filter(({ roles }) => roles.some((role) => cluster.roles.includes(role)));
  return slurmRunner.plan(cluster, { cluster: 'hpc', action, hosts, by: 'ada' }, members, context);
}

const codes = ({ obstacles }: RunPlan) => obstacles.map(({ code }) => code);

test('a new node: the whole cluster gets the same slurm.conf, the node alone is judged', async () => {
  const made = await plan('add-worker', ['dgx02']);
  assert.deepEqual(codes(made), [], JSON.stringify(made.obstacles));
  const [step, ...others] = made.steps;
  assert.deepEqual(others, []);
  assert.equal(step?.argv.at(-1), join(checkout, 'playbooks/slurm-cluster.yml'));
  assert.equal(step?.argv[step.argv.indexOf('--limit') + 1], 'slurm-cluster');
  assert.equal(step?.cwd, checkout);
  assert.deepEqual(step?.hosts, ['dgx02']);
  assert.deepEqual(new Set(reached), new Set(['login01', 'dgx01', 'dgx02']), 'everybody who is changed is tried');
});

test('a checkout without the galaxy role is refused with the command that gets it', async () => {
  rmSync(join(checkout, 'roles/galaxy'), { recursive: true });
  const made = await plan('deploy', []);
  assert.deepEqual(codes(made), ['galaxy-role-missing']);
  assert.match(made.obstacles[0]?.mend ?? '', /ansible-galaxy role install/);
});

test('a playbook of the operator’s own needs no galaxy role', async () => {
  rmSync(join(checkout, 'roles/galaxy'), { recursive: true });
  writeFileSync(join(checkout, 'own.yml'), '- hosts: slurm-cluster\n  tasks: []\n');
  const made = await plan('deploy', [], { playbook: 'own.yml' });
  assert.deepEqual(codes(made), []);
  assert.equal(made.steps[0]?.argv.at(-1), join(checkout, 'own.yml'));
});

test('a playbook that is not there, a node that is not in the cluster, an action that it has not', async () => {
  assert.deepEqual(codes(await plan('deploy', [], { playbook: 'no.yml' })).length, 1);
  assert.deepEqual(codes(await plan('add-worker', ['mgmt01'])), ['not-in-cluster']);
  assert.deepEqual(codes(await plan('remove', ['dgx01'])), ['no-such-action']);
});
