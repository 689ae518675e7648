import { dirname, isAbsolute, join } from 'node:path';
import type { RunPlan } from '../../domain/hand-off.ts';
import { playbookStep } from '../ansible/playbook-step.ts';
import { ansibleObstacles } from '../ansible/preflight.ts';
import { planInventory } from '../inventory/plan-inventory.ts';
import type { RunnerModule } from '../runner.ts';
import { chosenHosts } from './chosen-hosts.ts';
import { textOption } from './option-values.ts';

/**
 * Any playbook of the operator's, limited to the nodes of the run. It is told by `podboot_action` what the run is for, and
 * finds everybody of the cluster in the inventory, with the groups of their roles.
 */
export const playbookRunner: RunnerModule = {
  kind: 'playbook',
  async plan(cluster, request, members, context): Promise<RunPlan> {
    const checkout = textOption(cluster.options, 'checkout');
    const written = textOption(cluster.options, 'playbook') ?? '';
    const playbook = isAbsolute(written) ? written : join(checkout ?? '/', written);
    const { hosts, obstacles } = chosenHosts(cluster, request, members);
    const inventory = planInventory(cluster, members, context.knownHosts);
    const names = hosts.map(({ name }) => name);
    const early = [...obstacles, ...inventory.obstacles];
    const checked =
      early.length > 0
        ? []
        : await ansibleObstacles({ cluster, playbooks: [playbook], hosts, files: inventory.files }, context);
    return {
      request,
      runner: 'playbook',
      hosts,
      steps: [
        playbookStep(cluster, {
          name: 'playbook',
          playbook,
          inventory: inventory.argv,
          // Always: a run for everybody means those whom podboot knows, and not whom an adopted inventory adds.
          limit: names,
          hosts: names,
          cwd: checkout ?? dirname(playbook),
          variables: { podboot_action: request.action, podboot_cluster: cluster.name },
        }),
      ],
      files: inventory.files,
      inventoryHash: inventory.hash,
      obstacles: [...early, ...checked],
    };
  },
};
