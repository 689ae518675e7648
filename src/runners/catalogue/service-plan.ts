import { join } from 'node:path';
import type { ClusterSettings, Obstacle, RunHost, RunPlan, RunRequest } from '../../domain/hand-off.ts';
import { ansibleObstacles, type PreflightInput } from '../ansible/preflight.ts';
import { type PlannedInventory, planInventory } from '../inventory/plan-inventory.ts';
import type { PlanContext } from '../runner.ts';
import type { Catalogue } from './catalogue.ts';
import { chosenVariant, type Files, HOST_FILES } from './checkout.ts';
import type { EntryStep, StepVariant } from './entry.ts';
import { controlPlane, placesOf } from './places.ts';
import { entryObstacles, needObstacles } from './service-obstacles.ts';
import { stepOf } from './service-steps.ts';

/** What a playbook of a service takes from the runners of Ansible. */
export interface ServiceAnsible {
  inventory(
    cluster: ClusterSettings,
    members: readonly RunHost[],
    context: PlanContext,
  ): Pick<PlannedInventory, 'files' | 'argv' | 'hash' | 'obstacles'>;
  preflight(input: PreflightInput, context: PlanContext): Promise<readonly Obstacle[]>;
}

export interface ServicePlanParts {
  readonly catalogue: () => Catalogue;
  readonly isDeployed: (cluster: string, service: string) => boolean;
  readonly files?: Files;
  readonly ansible?: ServiceAnsible;
}

const ANSIBLE: ServiceAnsible = {
  inventory: (cluster, members, { knownHosts }) => planInventory(cluster, members, knownHosts),
  preflight: ansibleObstacles,
};

/** The run of one entry of the catalogue. As `RunnerModule.plan`: refuses by obstacles. */
export async function planService(
  parts: ServicePlanParts,
  cluster: ClusterSettings,
  request: RunRequest,
  members: readonly RunHost[],
  context: PlanContext,
): Promise<RunPlan> {
  const entry = parts.catalogue().get(request.service ?? '');
  if (entry === undefined) return refused(cluster, request, [noEntry(request.service, parts.catalogue())]);
  const files = parts.files ?? HOST_FILES;
  const places = placesOf(cluster, entry, members);
  const chosen = entry.steps.flatMap((step): { step: EntryStep; variant: StepVariant }[] => {
    const variant = chosenVariant(step, places.settings, places.checkout, files);
    return variant === undefined ? [] : [{ step, variant }];
  });
  const { ansible = ANSIBLE } = parts;
  const playbooks = chosen.flatMap(({ variant: { playbook, file = '' } }) =>
    playbook === undefined ? [] : [join(places.checkout ?? '/', file)],
  );
  const inventory = playbooks.length === 0 ? undefined : ansible.inventory(cluster, members, context);
  const made = chosen.map(({ step, variant }, index) => stepOf({ cluster, step, variant, places, inventory, index }));
  const early = [
    ...entryObstacles(entry, cluster, places, files),
    ...needObstacles(entry, cluster.name, parts.isDeployed),
    ...(inventory?.obstacles ?? []),
  ];
  const late =
    inventory === undefined || early.length > 0
      ? []
      : await ansible.preflight(
          { cluster, playbooks, hosts: controlPlane(cluster, members).slice(0, 1), files: inventory.files },
          context,
        );
  return {
    request,
    runner: cluster.runner,
    // Services are in the cluster, not on a node: nobody's result depends on it.
    hosts: [],
    steps: made.map(({ step }) => step),
    files: [...(inventory?.files ?? []), ...made.flatMap(({ file }) => file ?? [])],
    ...(inventory?.hash === undefined ? {} : { inventoryHash: inventory.hash }),
    obstacles: [...early, ...late],
  };
}

function refused(cluster: ClusterSettings, request: RunRequest, obstacles: readonly Obstacle[]): RunPlan {
  return { request, runner: cluster.runner, hosts: [], steps: [], files: [], obstacles };
}

function noEntry(service: string | undefined, catalogue: Catalogue): Obstacle {
  return {
    code: 'no-service',
    message: `The catalogue has no service ${service ?? '(none was named)'}.`,
    mend: `There are ${[...catalogue.keys()].join(', ')}.`,
  };
}
