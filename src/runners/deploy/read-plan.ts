import { stringify } from 'yaml';
import type { DeployPlan, DeployStep, DeployWork, NodeChoice } from '../../domain/deployment.ts';
import { InvalidInput } from '../../domain/errors.ts';
import { RUN_ACTIONS } from '../../domain/hand-off.ts';
import { expandHostlist } from '../../domain/hostlist.ts';
import { NODE_STATES } from '../../domain/node-life.ts';
import { OWNERS } from '../../domain/schedulers.ts';
import { WrittenDocument, type WrittenMapping, type WrittenValue } from '../written-document.ts';

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;
const NAME_WORDS = 'a name of small letters, digits and hyphens';
const CLUSTER = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const ROLE = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$/;
const MAX_STEPS = 100;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** A service has a kind of step of its own. */
const ACTIONS = RUN_ACTIONS.filter((action) => action !== 'service');

const WORK = {
  check: readCheck,
  nodes: readNodes,
  run: readRun,
  services: readServices,
  install: readInstall,
  owner: readOwner,
  verify: readVerify,
  confirm: readConfirm,
} as const;
const KINDS = Object.keys(WORK) as readonly (keyof typeof WORK)[];

/** A deployment plan as an operator wrote it. @throws InvalidInput with everything that is wrong, each with its line */
export function readPlan(text: string): DeployPlan {
  const document = new WrittenDocument('The deployment plan', text);
  const root = document.root.mapping(['name', 'steps']);
  const name = root?.at('name').text(NAME, NAME_WORDS) ?? '';
  const steps: DeployStep[] = [];
  for (const value of root?.at('steps').list(MAX_STEPS) ?? []) {
    const step = readStep(value, steps);
    if (step !== undefined) steps.push(step);
  }
  if (root !== undefined && steps.length === 0) root.at('steps').refuse('there is none', 'Write at least one step.');
  return document.finish({ name, steps });
}

function readStep(value: WrittenValue, before: readonly DeployStep[]): DeployStep | undefined {
  const step = value.mapping(['name', 'title', 'after', 'optional', 'deadline', ...KINDS]);
  if (step === undefined) return undefined;
  const name = step.at('name').text(NAME, NAME_WORDS) ?? '';
  if (before.some((each) => each.name === name))
    step.at('name').refuse('it stands there a second time', 'Give each step its own.');
  const kinds = KINDS.filter((kind) => step.at(kind).isThere);
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1)
    return value.refuse(
      kind === undefined ? 'it does nothing' : `it does ${kinds.join(' and ')}`,
      `Write one of ${KINDS.join(', ')}.`,
    );
  const work = WORK[kind](step.at(kind));
  const deadlineMs = step.maybe('deadline', (each) => each.durationMs(MINUTE_MS, 14 * DAY_MS));
  return {
    name,
    title: step.maybe('title', (each) => each.text(/^.{1,120}$/, 'one line')) ?? name,
    after: step.maybe('after', (each) => readAfter(each, before)) ?? before.slice(-1).map((each) => each.name),
    isOptional: step.maybe('optional', (each) => each.flag()) ?? false,
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
    // A place is kept where the work is wrong, so that steps behind it are looked at too.
    work: work ?? { kind: 'confirm', text: '' },
  };
}

/** Only steps before it: so there can be no circle. */
function readAfter(value: WrittenValue, before: readonly DeployStep[]): readonly string[] {
  return value.list().flatMap((item) => {
    const name = item.text(NAME, NAME_WORDS);
    if (name === undefined || before.some((each) => each.name === name)) return name ?? [];
    return item.refuse(`no step before it has the name ${name}`, 'A step waits for steps that stand above it.') ?? [];
  });
}

function readCheck(value: WrittenValue): DeployWork | undefined {
  const run = readClusterAction(value, 'deploy');
  return run === undefined ? undefined : { kind: 'check', ...run };
}

function readRun(value: WrittenValue): DeployWork | undefined {
  const run = readClusterAction(value);
  return run === undefined ? undefined : { kind: 'run', ...run };
}

function readClusterAction(value: WrittenValue, standard?: (typeof ACTIONS)[number]) {
  const work = value.mapping(['cluster', 'action', 'nodes']);
  const cluster = work?.at('cluster').text(CLUSTER, 'the name of a cluster');
  const written = work?.at('action');
  const action = written?.isThere === false && standard !== undefined ? standard : written?.oneOf(ACTIONS);
  const nodes = work?.maybe('nodes', readChoice);
  if (cluster === undefined || action === undefined) return undefined;
  return { cluster, action, ...(nodes === undefined ? {} : { nodes }) };
}

function readNodes(value: WrittenValue): DeployWork | undefined {
  const work = value.mapping([...CHOICE, 'states', 'share']);
  if (work === undefined) return undefined;
  const states = work.at('states').isThere
    ? work
        .at('states')
        .list()
        .flatMap((state) => state.oneOf(NODE_STATES) ?? [])
    : (['ready'] as const);
  const share = work.maybe('share', (each) => each.number(0.01, 1, false)) ?? 1;
  return { kind: 'nodes', nodes: choiceOf(work, value), states, share };
}

function readServices(value: WrittenValue): DeployWork | undefined {
  const work = value.mapping(['cluster', 'services']);
  const cluster = work?.at('cluster').text(CLUSTER, 'the name of a cluster');
  const services = work?.at('services').texts(NAME, 'the name of a service') ?? [];
  if (work !== undefined && services.length === 0)
    work.at('services').refuse('there is none', 'podboot services list CLUSTER has them.');
  return cluster === undefined ? undefined : { kind: 'services', cluster, services };
}

function readInstall(value: WrittenValue): DeployWork | undefined {
  const work = value.mapping([...CHOICE, 'profile']);
  if (work === undefined) return undefined;
  const profile = work.maybe('profile', (each) => each.text(CLUSTER, 'the name of a profile'));
  return { kind: 'install', nodes: choiceOf(work, value), ...(profile === undefined ? {} : { profile }) };
}

function readOwner(value: WrittenValue): DeployWork | undefined {
  const work = value.mapping([...CHOICE, 'to']);
  const owner = work?.at('to').oneOf(OWNERS);
  return work === undefined || owner === undefined ? undefined : { kind: 'owner', nodes: choiceOf(work, value), owner };
}

function readVerify(value: WrittenValue): DeployWork | undefined {
  const work = value.mapping(['cluster', 'nodes', 'services']);
  const cluster = work?.at('cluster').text(CLUSTER, 'the name of a cluster');
  if (work === undefined || cluster === undefined) return undefined;
  const nodes = work.maybe('nodes', readChoice);
  const services = work.at('services').texts(NAME, 'the name of a service');
  return { kind: 'verify', cluster, services, ...(nodes === undefined ? {} : { nodes }) };
}

function readConfirm(value: WrittenValue): DeployWork | undefined {
  const text = value.text(/^.{1,300}$/s, 'what is to be confirmed');
  return text === undefined ? undefined : { kind: 'confirm', text };
}

const CHOICE = ['names', 'roles', 'exceptRoles'] as const;

function readChoice(value: WrittenValue): NodeChoice {
  const mapping = value.mapping(CHOICE);
  return mapping === undefined ? {} : choiceOf(mapping, value);
}

function choiceOf(mapping: WrittenMapping, at: WrittenValue): NodeChoice {
  const names = mapping.maybe('names', readHosts);
  const roles = mapping.maybe('roles', (each) => each.texts(ROLE, 'a role'));
  const exceptRoles = mapping.maybe('exceptRoles', (each) => each.texts(ROLE, 'a role'));
  if (names === undefined && roles === undefined)
    at.refuse('it says of no node that it is meant', 'Write roles: [dgx], or names: "dgx[01-32]".');
  return {
    ...(names === undefined ? {} : { names }),
    ...(roles === undefined ? {} : { roles }),
    ...(exceptRoles === undefined ? {} : { exceptRoles }),
  };
}

function readHosts(value: WrittenValue): string | undefined {
  const names = value.text();
  if (names === undefined) return undefined;
  try {
    expandHostlist(names);
    return names;
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return value.refuse(error.problems[0]?.message ?? 'it can’t be read', 'Write dgx[01-32].');
  }
}

/** As `readPlan` reads it. */
export function writePlan({ name, steps }: DeployPlan): string {
  const written = steps.map(({ name: stepName, title, after, isOptional, deadlineMs, work }, index) => {
    const before = steps.slice(Math.max(0, index - 1), index).map((each) => each.name);
    const isUsual = after.length === before.length && after.every((each) => before.includes(each));
    return {
      name: stepName,
      title,
      ...(isUsual ? {} : { after: [...after] }),
      ...(isOptional ? { optional: true } : {}),
      ...(deadlineMs === undefined ? {} : { deadline: durationText(deadlineMs) }),
      ...writtenWork(work),
    };
  });
  return stringify({ name, steps: written }, { lineWidth: 120, aliasDuplicateObjects: false });
}

function durationText(ms: number): string {
  const minutes = Math.round(ms / MINUTE_MS);
  return minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`;
}

function writtenWork(work: DeployWork): object {
  const { kind } = work;
  switch (kind) {
    case 'confirm':
      return { confirm: work.text };
    case 'nodes':
      return { nodes: { ...work.nodes, states: [...work.states], share: work.share } };
    case 'install':
      return { install: { ...work.nodes, ...(work.profile === undefined ? {} : { profile: work.profile }) } };
    case 'owner':
      return { owner: { ...work.nodes, to: work.owner } };
    default: {
      const { kind: _, ...rest } = work;
      return { [kind]: rest };
    }
  }
}
