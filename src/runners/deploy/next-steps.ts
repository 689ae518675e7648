import type {
  Deployment,
  DeploymentState,
  DeployStep,
  DeployStepProgress,
  DeployWork,
  NodeChoice,
} from '../../domain/deployment.ts';
import type { RunId, RunRequest, RunStatus } from '../../domain/hand-off.ts';
import type { NodeState } from '../../domain/node-life.ts';
import type { Owner } from '../../domain/schedulers.ts';
import type { ServiceView } from '../../domain/services.ts';

export interface SeenNode {
  readonly name: string;
  readonly state: NodeState;
  /** What is wrong with it, in a sentence. */
  readonly fault?: string;
}

export interface SeenOwner {
  readonly owner: Owner;
  /** A change is under way: what it waits for, or what came of it where it was put back or is stuck. */
  readonly underWay?: string;
  readonly trouble?: string;
}

/** What a decision goes by: everything from memory, or gathered before. */
export interface DeployWorld {
  readonly now: number;
  nodes(choice: NodeChoice): readonly SeenNode[];
  run(id: RunId): RunStatus | undefined;
  /** The newest run that was begun in this name. */
  runBy(by: string): RunStatus | undefined;
  /** The run that keeps a cluster busy. */
  busyWith(cluster: string): RunId | undefined;
  /** With its pages asked; undefined: nobody has looked yet, or there is none. */
  service(cluster: string, name: string): ServiceView | undefined;
  /** Undefined: nobody knows. */
  owner(node: string): SeenOwner | undefined;
}

/** What is to be done next; each may be done twice without harm. */
export type Decision =
  | { readonly kind: 'begin'; readonly step: string }
  | { readonly kind: 'say'; readonly step: string; readonly text: string; readonly mend?: string }
  | {
      readonly kind: 'settle';
      readonly step: string;
      readonly state: 'done' | 'failed';
      readonly text: string;
      readonly mend?: string;
    }
  /** A run that was begun before, in a moment that was not put down. */
  | { readonly kind: 'found-run'; readonly step: string; readonly key: string; readonly run: RunId }
  | { readonly kind: 'start-run'; readonly step: string; readonly key: string; readonly request: RunRequest }
  | { readonly kind: 'install'; readonly step: string; readonly nodes: readonly string[]; readonly profile?: string }
  | { readonly kind: 'give'; readonly step: string; readonly nodes: readonly string[]; readonly owner: Owner }
  | { readonly kind: 'check'; readonly step: string; readonly request: RunRequest }
  | {
      readonly kind: 'verify';
      readonly step: string;
      readonly cluster: string;
      readonly nodes: readonly string[];
      readonly services: readonly string[];
    }
  | { readonly kind: 'end'; readonly state: Extract<DeploymentState, 'done' | 'failed'> };

/** Pure: what a plan that is under way has to do now. Nothing while it is stopped, or has ended. */
export function next(deployment: Deployment, world: DeployWorld): readonly Decision[] {
  if (deployment.state !== 'running') return [];
  const { steps } = deployment.plan;
  const decisions = steps.flatMap((step) => ofStep(deployment, step, world));
  if (decisions.some(({ kind }) => kind !== 'say')) return decisions;
  const states = steps.map(({ name }) => progressOf(deployment, name).state);
  if (states.includes('running')) return decisions;
  const isWell = steps.every((step) => isOver(step, progressOf(deployment, step.name)));
  return [...decisions, { kind: 'end', state: isWell ? 'done' : 'failed' }];
}

export function progressOf({ steps }: Deployment, name: string): DeployStepProgress {
  return steps[name] ?? { state: 'waiting', attempt: 1 };
}

/** In whose name a step's runs are begun: by it they are found again after a restart. */
export function runName({ plan }: Deployment, step: string, attempt: number): string {
  return `deploy ${plan.name}: ${step}, attempt ${attempt}`;
}

function isOver({ isOptional }: DeployStep, { state }: DeployStepProgress): boolean {
  return state === 'done' || state === 'left-out' || (state === 'failed' && isOptional);
}

function ofStep(deployment: Deployment, step: DeployStep, world: DeployWorld): readonly Decision[] {
  const progress = progressOf(deployment, step.name);
  if (progress.state === 'waiting') {
    const open = step.after.filter((name) => {
      const before = deployment.plan.steps.find((each) => each.name === name);
      return before !== undefined && !isOver(before, progressOf(deployment, name));
    });
    if (open.length === 0) return [{ kind: 'begin', step: step.name }];
    return say(progress, step.name, `after ${open.join(', ')}`);
  }
  if (progress.state !== 'running') return [];
  const { deadlineMs } = step;
  if (deadlineMs !== undefined && world.now - (progress.startedAt ?? world.now) > deadlineMs)
    return [
      {
        kind: 'settle',
        step: step.name,
        state: 'failed',
        text: `not done within ${Math.round(deadlineMs / 60_000)} min; last: ${progress.text ?? 'nothing was said'}`,
        mend: `Look at what it waited for, then: podboot deploy resume ${deployment.plan.name}`,
      },
    ];
  return new StepRules(deployment, step, progress, world).decide(step.work);
}

/** Only what is new is said: each word is a write. */
function say({ text }: DeployStepProgress, step: string, words: string, mend?: string): readonly Decision[] {
  return text === words ? [] : [{ kind: 'say', step, text: words, ...(mend === undefined ? {} : { mend }) }];
}

const NAMES_SHOWN = 8;

function few(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN;
  return `${names.slice(0, NAMES_SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

class StepRules {
  readonly #deployment: Deployment;
  readonly #step: DeployStep;
  readonly #progress: DeployStepProgress;
  readonly #world: DeployWorld;

  constructor(deployment: Deployment, step: DeployStep, progress: DeployStepProgress, world: DeployWorld) {
    this.#deployment = deployment;
    this.#step = step;
    this.#progress = progress;
    this.#world = world;
  }

  decide(work: DeployWork): readonly Decision[] {
    switch (work.kind) {
      case 'check':
        return this.#check(work);
      case 'nodes':
        return this.#nodes(work);
      case 'run':
        return this.#runOfCluster(work);
      case 'services':
        return this.#services(work);
      case 'install':
        return this.#install(work);
      case 'owner':
        return this.#owner(work);
      case 'verify':
        return this.#verify(work);
      case 'confirm':
        return this.#say(`a person’s word: ${work.text}`, `podboot deploy confirm ${this.#plan} ${this.#step.name}`);
    }
  }

  get #plan(): string {
    return this.#deployment.plan.name;
  }

  #check({ cluster, action, nodes }: Extract<DeployWork, { kind: 'check' }>): readonly Decision[] {
    const hosts = nodes === undefined ? [] : this.#names(nodes);
    return [{ kind: 'check', step: this.#step.name, request: { cluster, action, hosts, by: this.#by() } }];
  }

  #nodes({ nodes, states, share }: Extract<DeployWork, { kind: 'nodes' }>): readonly Decision[] {
    const seen = this.#world.nodes(nodes);
    const there = seen.filter(({ state, fault }) => states.includes(state) && fault === undefined);
    const needed = Math.ceil(seen.length * share);
    const words = `${there.length} of ${seen.length} nodes ${states.join(' or ')}, ${needed} needed`;
    if (seen.length > 0 && there.length >= needed) return this.#done(words);
    if (seen.length === 0) return this.#say('no node fits', 'Enrol nodes with these roles: podboot nodes list');
    const faulty = seen.filter(({ fault }) => fault !== undefined);
    if (faulty.length === 0) return this.#say(words, missing(seen, there, states));
    const first = faulty[0];
    return this.#say(
      `${words}; with a fault: ${few(faulty.map(({ name }) => name))}`,
      `${first?.name}: ${first?.fault} → podboot explain ${first?.name}`,
    );
  }

  #runOfCluster({ cluster, action, nodes }: Extract<DeployWork, { kind: 'run' }>): readonly Decision[] {
    const hosts = nodes === undefined ? [] : this.#names(nodes);
    if (nodes !== undefined && hosts.length === 0)
      return this.#fail(
        `no node fits for the ${action} of ${cluster}`,
        'Enrol nodes with these roles, then resume it.',
      );
    const request: RunRequest = { cluster, action, hosts, by: this.#by() };
    const decisions = this.#runFor(action, request);
    return decisions === 'succeeded' ? this.#done(`the ${action} of ${cluster} has succeeded`) : decisions;
  }

  /** One after another, in their order: each is deployed, and its pages answer. */
  #services({ cluster, services }: Extract<DeployWork, { kind: 'services' }>): readonly Decision[] {
    for (const service of services) {
      const view = this.#world.service(cluster, service);
      const isBegun = this.#progress.runs?.[service] !== undefined || this.#found(service) !== undefined;
      if (view === undefined) return this.#say(`a look at ${service}`);
      if (isBegun || view.state !== 'deployed') {
        const request: RunRequest = { cluster, action: 'service', hosts: [], by: this.#by(service), service };
        const decisions = this.#runFor(service, request);
        if (decisions !== 'succeeded') return decisions;
      }
      const down = view.links.find(({ probe }) => probe !== undefined && !probe.isUp);
      if (down !== undefined)
        return this.#say(`${service}: ${down.name} at ${down.url}: ${down.probe?.found}`, down.probe?.mend);
    }
    return this.#done(`${services.join(', ')} ${services.length === 1 ? 'is' : 'are'} up`);
  }

  /** Only nodes that are new: what has a system keeps it. */
  #install({ nodes, profile }: Extract<DeployWork, { kind: 'install' }>): readonly Decision[] {
    const fit = this.#world.nodes(nodes).filter(({ state }) => state === 'enrolled');
    const approved = fit.filter(({ name }) => this.#deployment.approved.includes(name)).map(({ name }) => name);
    if (approved.length === 0) {
      const strangers = fit.length;
      return this.#done(
        strangers === 0
          ? 'no node is to be installed'
          : `${strangers} new nodes were not confirmed, and are left alone`,
      );
    }
    return [{ kind: 'install', step: this.#step.name, nodes: approved, ...(profile === undefined ? {} : { profile }) }];
  }

  #owner({ nodes, owner }: Extract<DeployWork, { kind: 'owner' }>): readonly Decision[] {
    const names = this.#names(nodes);
    if (names.length === 0) return this.#fail('no node fits', 'Enrol nodes with these roles, then resume it.');
    const seen = names.map((name) => ({ name, seen: this.#world.owner(name) }));
    const others = seen.filter((each) => each.seen?.owner !== owner || each.seen.underWay !== undefined);
    if (others.length === 0) return this.#done(`${names.length} nodes belong to ${owner}`);
    const idle = others.filter((each) => each.seen?.underWay === undefined);
    const troubled = idle.find((each) => each.seen?.trouble !== undefined);
    if (troubled !== undefined && this.#progress.text !== undefined)
      return this.#fail(`${troubled.name}: ${troubled.seen?.trouble}`, `podboot owner ${troubled.name} show`);
    if (idle.length > 0) return [{ kind: 'give', step: this.#step.name, nodes: idle.map(({ name }) => name), owner }];
    return this.#say(
      `${others.length} of ${names.length} nodes on their way to ${owner}; ${others[0]?.name}: ${others[0]?.seen?.underWay}`,
    );
  }

  #verify({ cluster, nodes, services }: Extract<DeployWork, { kind: 'verify' }>): readonly Decision[] {
    const names = nodes === undefined ? [] : this.#names(nodes);
    return [{ kind: 'verify', step: this.#step.name, cluster, nodes: names, services }];
  }

  #runFor(key: string, request: RunRequest): readonly Decision[] | 'succeeded' {
    const id = this.#progress.runs?.[key];
    const run = id === undefined ? this.#found(key) : this.#world.run(id);
    if (id === undefined && run !== undefined) return [{ kind: 'found-run', step: this.#step.name, key, run: run.id }];
    if (id !== undefined && run === undefined)
      return this.#fail(`nothing is left of the run ${id}`, `podboot deploy resume ${this.#plan} begins it again.`);
    if (run === undefined) {
      const busy = this.#world.busyWith(request.cluster);
      if (busy !== undefined) return this.#say(`the end of ${busy}: ${request.cluster} takes one run at a time`);
      return [{ kind: 'start-run', step: this.#step.name, key, request }];
    }
    if (run.state === 'running') return this.#say(`the run ${run.id}${key === request.action ? '' : ` (${key})`}`);
    if (run.state === 'succeeded') return 'succeeded';
    return this.#fail(
      `the run ${run.id} (${key}) ${run.state === 'failed' ? 'has failed' : `was ${run.state}`}: ${run.reason ?? 'it does not say why'}`,
      `podboot runs log ${run.id}; when it is mended: podboot deploy resume ${this.#plan}`,
    );
  }

  #found(key: string): RunStatus | undefined {
    return this.#world.runBy(this.#by(this.#step.work.kind === 'services' ? key : undefined));
  }

  #by(service?: string): string {
    const name = service === undefined ? this.#step.name : `${this.#step.name} (${service})`;
    return runName(this.#deployment, name, this.#progress.attempt);
  }

  #names(choice: NodeChoice): readonly string[] {
    return this.#world.nodes(choice).map(({ name }) => name);
  }

  #say(text: string, mend?: string): readonly Decision[] {
    return say(this.#progress, this.#step.name, text, mend);
  }

  #done(text: string): readonly Decision[] {
    return [{ kind: 'settle', step: this.#step.name, state: 'done', text }];
  }

  #fail(text: string, mend: string): readonly Decision[] {
    return [{ kind: 'settle', step: this.#step.name, state: 'failed', text, mend }];
  }
}

/** An adopted node that has its system is enrolled, until somebody says that it is in use. */
function missing(
  seen: readonly SeenNode[],
  there: readonly SeenNode[],
  states: readonly NodeState[],
): string | undefined {
  const enrolled = seen.filter((node) => node.state === 'enrolled' && !there.includes(node)).map(({ name }) => name);
  if (enrolled.length === 0 || !states.includes('ready')) return undefined;
  return `Of ${few(enrolled)}, install those that are new; those that have their system already: podboot ready NAME.`;
}
