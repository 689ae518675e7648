import { NotFound } from '../domain/errors.ts';
import type { ClusterSettings, RunHost, RunnerKind, RunPlan, RunRequest } from '../domain/hand-off.ts';
import { runnerModule } from './registry.ts';
import type { RunProcesses } from './run-processes.ts';
import type { PlanContext, Runner, RunnerModule } from './runner.ts';
import { programObstacles } from './step-programs.ts';

/**
 * Runners by their kind: what a module plans, carried by the processes that all share.
 * @param planService of runs that deploy an entry of the catalogue, whichever runner the cluster has
 */
export function createRunners(
  processes: RunProcesses,
  context: PlanContext,
  planService: RunnerModule['plan'] = withoutCatalogue,
): (kind: RunnerKind) => Runner {
  return (kind) => {
    const module = runnerModule(kind);
    if (module === undefined) throw new NotFound(`There is no runner ${kind}.`);
    return {
      kind,
      async plan(cluster, request, members) {
        const make = request.action === 'service' ? planService : module.plan;
        const plan = await make(cluster, request, members, context);
        // What stands against it already is often why a program is missing.
        const told = { ...plan, ...leftOut(plan, members) };
        return plan.obstacles.length > 0 ? told : { ...told, obstacles: programObstacles(plan.steps) };
      },
      start: (id, cluster, plan) => processes.start(id, cluster, plan),
      status: (id) => processes.status(id),
      stop: (id, by) => processes.stop(id, by),
      reattach: (id) => processes.reattach(id),
    };
  };
}

/** With those in maintenance, whom a run for everybody does not mean. */
function leftOut(
  { leftOut: known = [], hosts, request }: RunPlan,
  members: readonly RunHost[],
): Pick<RunPlan, 'leftOut'> {
  const isMeant = new Set([...hosts.map(({ name }) => name), ...request.hosts, ...known.map(({ host }) => host)]);
  const isForAll = request.hosts.length === 0 && request.action !== 'service';
  const resting = !isForAll
    ? []
    : members.filter(({ name, isInMaintenance }) => isInMaintenance === true && !isMeant.has(name));
  const because = 'it is in maintenance; name it to have it taken along';
  const all = [...known, ...resting.map(({ name }) => ({ host: name, because }))];
  return all.length === 0 ? {} : { leftOut: all };
}

async function withoutCatalogue({ runner }: ClusterSettings, request: RunRequest): Promise<RunPlan> {
  const message = 'There is no catalogue of services here.';
  const obstacles = [{ code: 'no-catalogue', message, mend: 'Deploy services by a podboot that serves its API.' }];
  return { request, runner, hosts: [], steps: [], files: [], obstacles };
}
