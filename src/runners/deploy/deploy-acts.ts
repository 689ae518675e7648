import type { Deployment, DeployStepProgress } from '../../domain/deployment.ts';
import { Conflict, PodbootError } from '../../domain/errors.ts';
import type { CheckResult, RunStatus } from '../../domain/hand-off.ts';
import type { ServiceView } from '../../domain/services.ts';
import type { Decision, DeployWorld } from './decision.ts';
import { progressOf } from './next-steps.ts';
import type { DeployHouse } from './ports.ts';

type OfStep = Exclude<Decision, { kind: 'end' }>;
type Of<K extends OfStep['kind']> = Extract<OfStep, { kind: K }>;

/** What was gathered before a look: pages were asked. By cluster and name. */
export type ServiceLooks = ReadonlyMap<string, ServiceView>;

/** An acceptance that has failed, or a hand-over that was asked for, is asked again after so long. */
const AGAIN_MS = 60_000;
/** Jobs of a day are waited for where the step does not say. */
const OWNER_WAIT_MS = 86_400_000;
const AT_ONCE = 8;
const MAX_CHECKS_KEPT = 50;

/** What a deployment's decisions do in the house, and what it looks like from there. */
export class DeployActs {
  readonly #house: DeployHouse;
  readonly #lastTried = new Map<string, number>();

  constructor(house: DeployHouse) {
    this.#house = house;
  }

  /** Asks the pages of the services that steps under way wait for. */
  async gather(deployment: Deployment): Promise<ServiceLooks> {
    const looks = new Map<string, ServiceView>();
    for (const { name, work } of deployment.plan.steps) {
      const { state } = progressOf(deployment, name);
      if (!('services' in work) || (state !== 'running' && state !== 'waiting')) continue;
      for (const service of work.services) {
        const key = `${work.cluster} ${service}`;
        if (looks.has(key) || state === 'waiting') continue;
        const view = await this.#house.services.status(work.cluster, service).catch(() => undefined);
        if (view !== undefined) looks.set(key, view);
      }
    }
    return looks;
  }

  world(looks: ServiceLooks): DeployWorld {
    const { runs, nodes, owners, clock } = this.#house;
    return {
      now: clock.now(),
      nodes: (choice) => nodes.choose(choice),
      run: (id) => runs.get(id),
      runBy: (by) => runs.all().find((run) => run.by === by),
      busyWith: (cluster) => runs.busyWith(cluster),
      service: (cluster, name) => looks.get(`${cluster} ${name}`),
      owner: (node) => owners?.look(node),
    };
  }

  /** What was tried a moment ago is let rest. */
  isTooSoon({ plan }: Deployment, decision: Decision): boolean {
    if (decision.kind !== 'verify' && decision.kind !== 'give') return false;
    const last = this.#lastTried.get(`${plan.name} ${decision.step}`);
    return last !== undefined && this.#house.clock.monotonic() - last < AGAIN_MS;
  }

  hasFailedRun({ state, runs = {} }: DeployStepProgress): boolean {
    if (state !== 'running') return false;
    return Object.values(runs).some((id) => {
      const run = this.#house.runs.get(id);
      return run === undefined || (run.state !== 'running' && run.state !== 'succeeded');
    });
  }

  async stopRuns({ steps }: Deployment, by: string): Promise<void> {
    const { runs } = this.#house;
    const ids = Object.values(steps).flatMap((progress) => Object.values(progress.runs ?? {}));
    await Promise.all(ids.filter((id) => runs.get(id)?.state === 'running').map((id) => runs.stop(id, by)));
  }

  /** @returns what the step has come to; the same object where nothing changed */
  async perform(deployment: Deployment, before: DeployStepProgress, decision: OfStep): Promise<DeployStepProgress> {
    const now = this.#house.clock.now();
    switch (decision.kind) {
      case 'begin':
        this.#lastTried.delete(`${deployment.plan.name} ${decision.step}`);
        return { state: 'running', attempt: before.attempt, startedAt: now };
      case 'say':
        return withText(before, decision.text, decision.mend);
      case 'settle':
        return { ...withText(before, decision.text, decision.mend), state: decision.state, endedAt: now };
      case 'found-run':
        return { ...before, runs: { ...before.runs, [decision.key]: decision.run } };
      case 'start-run':
        return this.#startRun(before, decision);
      case 'install':
        return this.#install(deployment, before, decision);
      case 'give':
        return this.#give(deployment, before, decision);
      case 'check':
        return this.#check(before, decision);
      case 'verify':
        return this.#verify(deployment, before, decision);
    }
  }

  async #startRun(before: DeployStepProgress, { key, request }: Of<'start-run'>): Promise<DeployStepProgress> {
    const { runs } = this.#house;
    try {
      const run: RunStatus = await runs.start(request);
      return { ...before, runs: { ...before.runs, [key]: run.id } };
    } catch (error) {
      if (!(error instanceof PodbootError)) throw error;
      // Somebody was quicker: its end is waited for.
      if (error.code === 'cluster-busy') return withText(before, error.message, error.mend);
      return this.#failed(before, error);
    }
  }

  async #install(
    { plan }: Deployment,
    before: DeployStepProgress,
    { nodes, profile }: Of<'install'>,
  ): Promise<DeployStepProgress> {
    const by = `deploy ${plan.name}`;
    const refused: string[] = [];
    let armed = 0;
    for (let at = 0; at < nodes.length; at += AT_ONCE) {
      const some = nodes.slice(at, at + AT_ONCE);
      const outcomes = await Promise.all(
        some.map(async (name) => ({ name, ...(await this.#house.nodes.install(name, profile, by)) })),
      );
      for (const { name, outcome, text } of outcomes) {
        if (outcome === 'refused') refused.push(`${name}: ${text}`);
        else armed += 1;
      }
    }
    const words = `${armed} of ${nodes.length} nodes are armed`;
    const ended = { endedAt: this.#house.clock.now() };
    if (refused.length === 0) return { ...withText(before, words), state: 'done', ...ended };
    const mend = `When they are mended: podboot deploy resume ${plan.name}; those that are armed go on.`;
    return {
      ...withText(before, `${words}; refused: ${refused.slice(0, 5).join('; ')}`, mend),
      state: 'failed',
      ...ended,
    };
  }

  async #give(
    deployment: Deployment,
    before: DeployStepProgress,
    { step, nodes, owner }: Of<'give'>,
  ): Promise<DeployStepProgress> {
    const { owners, clock } = this.#house;
    this.#lastTried.set(`${deployment.plan.name} ${step}`, clock.monotonic());
    try {
      if (owners === undefined) throw new Conflict('Nobody here gives nodes to schedulers.');
      const waitMs = deployment.plan.steps.find(({ name }) => name === step)?.deadlineMs ?? OWNER_WAIT_MS;
      await owners.give(nodes, owner, `deploy ${deployment.plan.name}`, waitMs);
      return withText(before, `${nodes.length} nodes are asked to go to ${owner}`);
    } catch (error) {
      if (!(error instanceof PodbootError)) throw error;
      return this.#failed(before, error);
    }
  }

  async #check(before: DeployStepProgress, { request }: Of<'check'>): Promise<DeployStepProgress> {
    const endedAt = this.#house.clock.now();
    try {
      const { obstacles, steps } = await this.#house.runs.plan(request);
      if (obstacles.length === 0)
        return {
          ...withText(before, `nothing stands against it: ${steps.map(({ name }) => name).join(', ')}`),
          state: 'done',
          endedAt,
        };
      const text = obstacles
        .map(({ message }) => message)
        .slice(0, 5)
        .join(' ');
      return { ...withText(before, text, obstacles[0]?.mend), state: 'failed', endedAt };
    } catch (error) {
      if (!(error instanceof PodbootError)) throw error;
      return this.#failed(before, error);
    }
  }

  async #verify(
    deployment: Deployment,
    before: DeployStepProgress,
    { step, cluster, nodes, services }: Of<'verify'>,
  ): Promise<DeployStepProgress> {
    const { gate, clusters, membersOf, clock } = this.#house;
    this.#lastTried.set(`${deployment.plan.name} ${step}`, clock.monotonic());
    const settings = clusters().find(({ name }) => name === cluster);
    if (settings === undefined) return this.#failed(before, new Conflict(`There is no cluster ${cluster} any more.`));
    const hosts = membersOf(settings).filter(({ name }) => nodes.length === 0 || nodes.includes(name));
    const results = new Map(await gate.check(settings, hosts));
    for (const service of services) results.set(service, await this.#serviceChecks(cluster, service));
    const bad = [...results].flatMap(([name, checks]) =>
      checks.filter(({ ok }) => !ok).map((check) => ({ name, check })),
    );
    const checks = Object.fromEntries(
      [...results].filter(([, all]) => all.some(({ ok }) => !ok)).slice(0, MAX_CHECKS_KEPT),
    );
    const first = bad[0];
    if (first === undefined) {
      const text = `${results.size} of ${results.size} are as they are meant`;
      return { ...withText(before, text), state: 'done', endedAt: clock.now(), checks: {} };
    }
    const { check, expected, found, mend } = first.check;
    const troubled = new Set(bad.map(({ name }) => name)).size;
    const text = `${troubled} of ${results.size} are not: ${first.name}: ${check} is ${found}, expected ${expected}`;
    const isPatient = deployment.plan.steps.find(({ name }) => name === step)?.deadlineMs !== undefined;
    const said = { ...withText(before, text, mend), checks };
    return isPatient ? said : { ...said, state: 'failed', endedAt: clock.now() };
  }

  async #serviceChecks(cluster: string, service: string): Promise<readonly CheckResult[]> {
    const { links, state } = await this.#house.services.status(cluster, service);
    const own: CheckResult = { check: 'deployed', ok: state === 'deployed', expected: 'deployed', found: state };
    return [
      own,
      ...links.flatMap(({ name, url, probe }): CheckResult[] =>
        probe === undefined
          ? []
          : [
              {
                check: `${name} at ${url}`,
                ok: probe.isUp,
                expected: 'an answer',
                found: probe.found,
                ...(probe.mend === undefined ? {} : { mend: probe.mend }),
              },
            ],
      ),
    ];
  }

  #failed(before: DeployStepProgress, error: PodbootError): DeployStepProgress {
    const problems = error instanceof Conflict ? error.problems.map(({ message }) => message).slice(0, 5) : [];
    const mend = error.mend ?? (error instanceof Conflict ? error.problems[0]?.mend : undefined);
    const text = [error.message, ...problems].join(' ');
    return { ...withText(before, text, mend), state: 'failed', endedAt: this.#house.clock.now() };
  }
}

function withText({ mend: _, ...before }: DeployStepProgress, text: string, mend?: string): DeployStepProgress {
  return { ...before, text, ...(mend === undefined ? {} : { mend }) };
}
