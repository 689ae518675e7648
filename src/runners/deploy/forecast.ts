import type { DeployForecast, DeployPlan, DeployStep, DeployWork, NodeChoice } from '../../domain/deployment.ts';
import { InvalidInput, type Problem } from '../../domain/errors.ts';
import type { DeployHouse } from './ports.ts';

type ForecastStep = DeployForecast['steps'][number];

/** What a plan would do if it was begun now, and what stands against it. Changes nothing. */
export function forecast(plan: DeployPlan, house: DeployHouse): DeployForecast {
  const installs = new Set<string>();
  const steps = plan.steps.map((step): ForecastStep => {
    const { name, title, after, work } = step;
    const problems = referenceProblems(work, house);
    const text = problems.length > 0 ? 'can’t be done' : describe(step, house, installs);
    const refusals = problems.length > 0 || work.kind !== 'install' ? [] : installRefusals(work, house);
    return { name, title, after, text, problems: [...problems, ...refusals] };
  });
  return { plan, steps, installs: [...installs].sort() };
}

/** @throws InvalidInput where the plan names what is not there */
export function checkReferences(plan: DeployPlan, house: DeployHouse): void {
  const problems = plan.steps.flatMap(({ name, work }): Problem[] =>
    referenceProblems(work, house).map(({ message, mend }) => ({ path: name, message, mend })),
  );
  if (plan.steps.length === 0)
    problems.push({
      path: 'steps',
      message: 'The plan has no steps.',
      mend: 'Write clusters in podboot.yaml, or a plan of your own.',
    });
  if (problems.length > 0) throw new InvalidInput(`The plan ${plan.name} can’t be begun.`, problems);
}

/** New nodes that would be installed: neither a system nor a fault keeps them. */
export function installable(
  { nodes, profile }: Extract<DeployWork, { kind: 'install' }>,
  house: DeployHouse,
): readonly string[] {
  return house.nodes
    .choose(nodes)
    .filter(({ name, state }) => state === 'enrolled' && house.nodes.judgeInstall(name, profile).outcome !== 'refused')
    .map(({ name }) => name);
}

function installRefusals(
  { nodes, profile }: Extract<DeployWork, { kind: 'install' }>,
  house: DeployHouse,
): ForecastStep['problems'] {
  return house.nodes.choose(nodes).flatMap(({ name, state }) => {
    if (state !== 'enrolled') return [];
    const { outcome, text, mend = 'podboot nodes show NAME' } = house.nodes.judgeInstall(name, profile);
    return outcome === 'refused' ? [{ message: `${name} is left alone: ${text}`, mend }] : [];
  });
}

function referenceProblems(work: DeployWork, house: DeployHouse): ForecastStep['problems'] {
  const problems: { message: string; mend: string }[] = [];
  const clusters = house.clusters().map(({ name }) => name);
  if ('cluster' in work && !clusters.includes(work.cluster))
    problems.push({
      message: `There is no cluster ${work.cluster}.`,
      mend: clusters.length === 0 ? 'Write one under clusters in podboot.yaml.' : `There are ${clusters.join(', ')}.`,
    });
  const known = house.serviceNames();
  for (const service of 'services' in work ? work.services : [])
    if (!known.includes(service))
      problems.push({ message: `There is no service ${service}.`, mend: `There are ${known.join(', ')}.` });
  if (work.kind === 'owner' && house.owners === undefined)
    problems.push({
      message: 'Nobody here gives nodes to schedulers.',
      mend: 'Write a kubernetes and a slurm section for the cluster, or leave the step out.',
    });
  return problems;
}

function describe(step: DeployStep, house: DeployHouse, installs: Set<string>): string {
  const { work } = step;
  switch (work.kind) {
    case 'check':
      return `looks at what stands against the ${work.action} of ${work.cluster}`;
    case 'nodes':
      return `waits until ${Math.round(work.share * 100)} % of ${counted(work.nodes, house)} are ${work.states.join(' or ')}`;
    case 'run':
      return `runs the ${work.action} of ${work.cluster}${work.nodes === undefined ? '' : ` for ${counted(work.nodes, house)}`}`;
    case 'services':
      return `deploys ${work.services.join(', ')} to ${work.cluster}, and waits until their pages answer`;
    case 'install': {
      const names = installable(work, house);
      for (const name of names) installs.add(name);
      const profile = work.profile === undefined ? 'each its own profile' : `the profile ${work.profile}`;
      return names.length === 0
        ? 'installs nothing: no node is new'
        : `INSTALLS ${names.length} nodes (${profile}): their disks are wiped`;
    }
    case 'owner':
      return `gives ${counted(work.nodes, house)} to ${work.owner}`;
    case 'verify': {
      const who = work.nodes === undefined ? `the nodes of ${work.cluster}` : counted(work.nodes, house);
      return `checks ${who}${work.services.length === 0 ? '' : ` and ${work.services.join(', ')}`}`;
    }
    case 'confirm':
      return `waits for a person: ${work.text}`;
  }
}

function counted(choice: NodeChoice, house: DeployHouse): string {
  const count = house.nodes.choose(choice).length;
  return count === 1 ? '1 node' : `${count} nodes`;
}
