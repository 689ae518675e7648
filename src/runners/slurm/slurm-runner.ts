import { readdirSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { Obstacle, RunAction, RunPlan } from '../../domain/hand-off.ts';
import { playbookStep } from '../ansible/playbook-step.ts';
import { ansibleObstacles } from '../ansible/preflight.ts';
import { planInventory } from '../inventory/plan-inventory.ts';
import { chosenHosts } from '../kinds/chosen-hosts.ts';
import { textOption } from '../kinds/option-values.ts';
import type { RunnerModule } from '../runner.ts';

const PLAYBOOK = 'playbooks/slurm-cluster.yml';
const GROUP = 'slurm-cluster';
/** DeepOps' playbooks/container/pyxis.yml names it as a role that has to be there before anything runs. */
const GALAXY_ROLE = 'roles/galaxy/nvidia.enroot';
const ACTIONS: ReadonlySet<RunAction> = new Set(['deploy', 'add-worker', 'add-control-plane', 'upgrade']);

/**
 * DeepOps' Slurm. Always for the whole cluster: every member has the same slurm.conf, and slurmctld refuses a node whose
 * file says something else, so a run for new nodes alone would part the cluster.
 */
export const slurmRunner: RunnerModule = {
  kind: 'slurm',
  async plan(cluster, request, members, context): Promise<RunPlan> {
    const checkout = textOption(cluster.options, 'checkout') ?? '/';
    const written = textOption(cluster.options, 'playbook') ?? PLAYBOOK;
    const playbook = isAbsolute(written) ? written : join(checkout, written);
    const { hosts, obstacles } = chosenHosts(cluster, request, members);
    const inventory = planInventory(cluster, members, context.knownHosts);
    const early = [...actionObstacles(request.action), ...obstacles, ...inventory.obstacles];
    const checked =
      early.length > 0
        ? []
        : [
            ...galaxyObstacles(checkout, playbook),
            // Everybody is reached for, as everybody is changed.
            ...(await ansibleObstacles(
              { cluster, playbooks: [playbook], hosts: members, files: inventory.files },
              context,
            )),
          ];
    return {
      request,
      runner: 'slurm',
      hosts,
      steps: [
        playbookStep(cluster, {
          name: 'slurm',
          playbook,
          inventory: inventory.argv,
          limit: [GROUP],
          hosts: hosts.map(({ name }) => name),
          cwd: checkout,
        }),
      ],
      files: inventory.files,
      inventoryHash: inventory.hash,
      obstacles: [...early, ...checked],
    };
  },
};

function actionObstacles(action: RunAction): Obstacle[] {
  if (ACTIONS.has(action)) return [];
  return [
    {
      code: 'no-such-action',
      message: `DeepOps' playbook for Slurm has no way to ${action === 'remove' ? 'remove nodes' : action}.`,
      mend: 'Take the role of the node away and run it again: slurm.conf is then written without it. Drain the node first (podboot owner NODE none).',
    },
  ];
}

function galaxyObstacles(checkout: string, playbook: string): Obstacle[] {
  if (playbook !== join(checkout, PLAYBOOK)) return [];
  const folder = join(checkout, GALAXY_ROLE);
  if (entries(folder) > 0) return [];
  return [
    {
      code: 'galaxy-role-missing',
      message: `The role nvidia.enroot is not in ${checkout}/roles/galaxy.`,
      mend: `ansible-galaxy role install -p ${checkout}/roles/galaxy -r ${checkout}/roles/requirements.yml`,
    },
  ];
}

function entries(folder: string): number {
  try {
    return readdirSync(folder).length;
  } catch {
    return 0;
  }
}
