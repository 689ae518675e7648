import type { Deployment, DeployStep, DeployStepProgress, DeployWork, NodeChoice } from '../../domain/deployment.ts';
import type { RunRequest, RunStatus } from '../../domain/hand-off.ts';
import type { NodeState } from '../../domain/node-life.ts';
import { type Decision, type DeployWorld, runName, type SeenNode } from './decision.ts';

/** Only what is new is said: each word is a write. */
export function say({ text }: DeployStepProgress, step: string, words: string, mend?: string): readonly Decision[] {
  return text === words ? [] : [{ kind: 'say', step, text: words, ...(mend === undefined ? {} : { mend }) }];
}

const NAMES_SHOWN = 8;

function few(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN;
  return `${names.slice(0, NAMES_SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** What a step that is under way needs next, by what it does. */
export class StepRules {
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
    const give: Decision = { kind: 'give', step: this.#step.name, nodes: names, owner };
    // What was put down of an earlier change may be long out of date: each is asked first.
    if (this.#progress.text === undefined) return [give];
    const seen = names.map((name) => ({ name, ...this.#world.owner(name) }));
    const troubled = seen.find(({ trouble }) => trouble !== undefined);
    if (troubled !== undefined)
      return this.#fail(`${troubled.name}: ${troubled.trouble}`, `podboot owner ${troubled.name} show`);
    const moving = seen.filter(({ underWay }) => underWay !== undefined);
    const [first] = moving;
    if (first !== undefined) {
      const words = `${moving.length} of ${names.length} nodes on their way to ${owner}; ${first.name}: ${first.underWay}`;
      return this.#say(words);
    }
    return seen.every((each) => each.owner === owner) ? this.#done(`${names.length} nodes belong to ${owner}`) : [give];
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
