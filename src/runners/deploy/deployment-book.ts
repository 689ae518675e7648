import type {
  DeployForecast,
  Deployment,
  Deployments,
  DeployPlan,
  DeployStepProgress,
} from '../../domain/deployment.ts';
import { Conflict, NotFound } from '../../domain/errors.ts';
import type { Timer } from '../../domain/ports.ts';
import { Turns } from '../../domain/turns.ts';
import type { Decision } from './decision.ts';
import { DeployActs } from './deploy-acts.ts';
import { checkReferences, forecast, installable } from './forecast.ts';
import { next, progressOf } from './next-steps.ts';
import type { DeployHouse } from './ports.ts';
import { readPlan, writePlan } from './read-plan.ts';
import { standardPlan } from './standard-plan.ts';

const LOOK_MS = 10_000;
const MAX_KEPT = 20;
/** Decisions of one look may make others possible at once: a step that is done lets the next begin. */
const MAX_ROUNDS = 200;

export interface DeploymentBookOptions extends DeployHouse {
  readonly deployments: readonly Deployment[];
}

/** Deployment plans under way. What each has come to is on disk before it is acted on further; a restart takes it up. */
export class DeploymentBook implements Deployments {
  readonly #house: DeployHouse;
  readonly #acts: DeployActs;
  readonly #deployments: Map<string, Deployment>;
  readonly #turns = new Turns();
  #timer: Timer | undefined;
  #stopListening: (() => void) | undefined;
  #isOpen = false;
  #isLooking = false;

  constructor({ deployments, ...house }: DeploymentBookOptions) {
    this.#house = house;
    this.#acts = new DeployActs(house);
    this.#deployments = new Map(deployments.map((deployment) => [deployment.plan.name, deployment]));
  }

  /** Goes on with whatever was under way. */
  async open(): Promise<void> {
    this.#isOpen = true;
    this.#stopListening = this.#house.runs.onChange(() => this.#lookSoon());
    this.#lookSoon();
  }

  /** Runs go on; nothing more is begun. */
  async close(): Promise<void> {
    this.#isOpen = false;
    this.#timer?.cancel();
    this.#stopListening?.();
    await this.#turns.take(async () => undefined);
  }

  standard(): DeployPlan {
    return standardPlan(this.#house.clusters(), this.#house.serviceNames());
  }

  read(text: string): DeployPlan {
    return readPlan(text);
  }

  write(plan: DeployPlan): string {
    return writePlan(plan);
  }

  async forecast(plan: DeployPlan): Promise<DeployForecast> {
    return forecast(plan, this.#house);
  }

  start(plan: DeployPlan, by: string, installs: number): Promise<Deployment> {
    return this.#turns.take(async () => {
      const before = this.#deployments.get(plan.name);
      if (before?.state === 'running' || before?.state === 'stopped')
        throw new Conflict(
          `The plan ${plan.name} is ${before.state === 'running' ? 'under way' : 'stopped half-way'}.`,
          [],
          before.state === 'running'
            ? `podboot deploy status ${plan.name}`
            : `podboot deploy resume ${plan.name}, or give the new one another name.`,
        );
      checkReferences(plan, this.#house);
      const approved = [
        ...new Set(plan.steps.flatMap(({ work }) => (work.kind === 'install' ? installable(work, this.#house) : []))),
      ];
      if (approved.length !== installs)
        throw new Conflict(
          `The plan ${plan.name} installs ${approved.length} nodes, whose disks are wiped; ${installs} were confirmed.`,
          [],
          `Look at them (podboot deploy PLAN --dry-run), then confirm their number: --installs ${approved.length}`,
          'installs-not-confirmed',
        );
      const deployment: Deployment = {
        plan,
        by,
        state: 'running',
        steps: Object.fromEntries(plan.steps.map(({ name }) => [name, { state: 'waiting', attempt: 1 }])),
        approved: approved.sort(),
        startedAt: this.#house.clock.now(),
        version: (before?.version ?? 0) + 1,
      };
      await this.#put(deployment);
      this.#tell('deploy.started', 'info', `the deployment plan ${plan.name} was begun by ${by}`);
      this.#lookSoon();
      return deployment;
    });
  }

  all(): readonly Deployment[] {
    return [...this.#deployments.values()].sort((one, other) => other.startedAt - one.startedAt);
  }

  get(name: string): Deployment {
    const deployment = this.#deployments.get(name);
    if (deployment !== undefined) return deployment;
    const names = [...this.#deployments.keys()];
    const mend = names.length === 0 ? 'podboot deploy FILE begins one.' : `There are ${names.join(', ')}.`;
    throw new NotFound(`There is no deployment ${name}.`, mend);
  }

  stop(name: string, by: string, runs: boolean): Promise<Deployment> {
    return this.#turns.take(async () => {
      const deployment = this.#ofState(name, ['running'], 'stopped');
      const stopped = await this.#change(deployment, { state: 'stopped', stoppedBy: by });
      this.#tell('deploy.stopped', 'warn', `the deployment plan ${name} was stopped by ${by}`);
      if (runs) await this.#acts.stopRuns(stopped, by);
      return stopped;
    });
  }

  resume(name: string, by: string): Promise<Deployment> {
    return this.#turns.take(async () => {
      const deployment = this.#ofState(name, ['stopped', 'failed', 'running'], 'resumed');
      const steps = Object.fromEntries(
        Object.entries(deployment.steps).map(([step, progress]) => [
          step,
          progress.state === 'failed' || this.#acts.hasFailedRun(progress) ? again(progress) : progress,
        ]),
      );
      const { endedAt: _, stoppedBy: _by, ...rest } = deployment;
      const resumed = await this.#change(rest, { state: 'running', steps });
      this.#tell('deploy.resumed', 'info', `the deployment plan ${name} was taken up by ${by}`);
      this.#lookSoon();
      return resumed;
    });
  }

  confirm(name: string, step: string, by: string): Promise<Deployment> {
    return this.#settleByPerson(name, step, by, (work, state) => {
      if (work === 'confirm' && state === 'running') return 'done';
      throw new Conflict(
        `The step ${step} of ${name} does not wait for a person.`,
        [],
        work === 'confirm'
          ? 'Its turn has not come, or is over.'
          : `To do without it: podboot deploy leave-out ${name} ${step}`,
      );
    });
  }

  leaveOut(name: string, step: string, by: string): Promise<Deployment> {
    return this.#settleByPerson(name, step, by, (_, state) => {
      if (state === 'done' || state === 'left-out') throw new Conflict(`The step ${step} of ${name} is ${state}.`);
      return 'left-out';
    });
  }

  #settleByPerson(
    name: string,
    step: string,
    by: string,
    judge: (work: string, state: DeployStepProgress['state']) => 'done' | 'left-out',
  ): Promise<Deployment> {
    return this.#turns.take(async () => {
      const deployment = this.#ofState(name, ['running', 'stopped', 'failed'], 'changed');
      const found = deployment.plan.steps.find((each) => each.name === step);
      if (found === undefined)
        throw new NotFound(
          `The plan ${name} has no step ${step}.`,
          `There are ${deployment.plan.steps.map((each) => each.name).join(', ')}.`,
        );
      const before = progressOf(deployment, step);
      const state = judge(found.work.kind, before.state);
      const text = state === 'done' ? `confirmed by ${by}` : `left out by ${by}`;
      const { mend: _, ...rest } = before;
      const progress: DeployStepProgress = { ...rest, state, text, by, endedAt: this.#house.clock.now() };
      const changed = await this.#change(deployment, {
        // A plan that had failed because of it can go on.
        ...(deployment.state === 'failed' ? { state: 'running' } : {}),
        steps: { ...deployment.steps, [step]: progress },
      });
      this.#tell('deploy.step', 'info', `${name}: ${step} was ${text}`);
      this.#lookSoon();
      return changed;
    });
  }

  #ofState(name: string, states: readonly Deployment['state'][], what: string): Deployment {
    const deployment = this.get(name);
    if (states.includes(deployment.state)) return deployment;
    throw new Conflict(`The deployment ${name} is ${deployment.state}: it can’t be ${what}.`);
  }

  #lookSoon(): void {
    if (!this.#isOpen || this.#isLooking) return;
    this.#isLooking = true;
    this.#timer?.cancel();
    void this.#turns
      .take(() => this.#look())
      .finally(() => {
        this.#isLooking = false;
        if (this.#isOpen) this.#timer = this.#house.clock.setTimeout(() => this.#lookSoon(), LOOK_MS);
      });
  }

  async #look(): Promise<void> {
    for (const { plan, state } of this.all()) {
      if (state !== 'running' || !this.#isOpen) continue;
      try {
        await this.#goOn(plan.name);
      } catch (error) {
        // The store, or a fault of ours: what was decided is decided again at the next look.
        const why = error instanceof Error ? error.message : String(error);
        this.#tell('deploy.stuck', 'error', `the deployment plan ${plan.name} stands still: ${why}`, plan.name);
      }
    }
  }

  async #goOn(name: string): Promise<void> {
    let looks = await this.#acts.gather(this.get(name));
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const deployment = this.get(name);
      const decisions = next(deployment, this.#acts.world(looks));
      const fresh = decisions.filter((decision) => !this.#acts.isTooSoon(deployment, decision));
      if (fresh.length === 0) return;
      for (const decision of fresh) {
        if (!this.#isOpen) return;
        await this.#carryOut(name, decision);
      }
      if (fresh.some(({ kind }) => kind === 'begin')) looks = await this.#acts.gather(this.get(name));
    }
  }

  async #carryOut(name: string, decision: Decision): Promise<void> {
    const deployment = this.get(name);
    if (decision.kind === 'end') {
      const endedAt = this.#house.clock.now();
      await this.#change(deployment, { state: decision.state, endedAt });
      const failed = Object.values(deployment.steps).filter(({ state }) => state === 'failed').length;
      if (decision.state === 'done')
        this.#tell(
          'deploy.done',
          failed > 0 ? 'warn' : 'info',
          `the deployment plan ${name} is done${failed > 0 ? `, without ${failed} optional steps` : ''}`,
        );
      else
        this.#tell('deploy.failed', 'error', `the deployment plan ${name} has failed: podboot deploy status ${name}`);
      return;
    }
    const before = progressOf(deployment, decision.step);
    const progress = await this.#acts.perform(deployment, before, decision);
    if (progress === before) return;
    await this.#change(deployment, { steps: { ...deployment.steps, [decision.step]: progress } });
    if (progress.state !== before.state)
      this.#tell(
        'deploy.step',
        progress.state === 'failed' ? 'error' : 'info',
        `${name}: ${decision.step} is ${progress.state}${progress.text === undefined ? '' : ` (${progress.text})`}`,
      );
  }

  async #change(deployment: Deployment, change: Partial<Deployment>): Promise<Deployment> {
    const changed: Deployment = { ...deployment, ...change, version: deployment.version + 1 };
    await this.#put(changed);
    return changed;
  }

  async #put(deployment: Deployment): Promise<void> {
    const { name } = deployment.plan;
    const ended = this.all().filter(
      ({ plan, state }) => plan.name !== name && (state === 'done' || state === 'failed'),
    );
    const surplus = ended.slice(MAX_KEPT - 1).map(({ plan }) => plan.name);
    await this.#house.commit([
      { put: 'document', kind: 'deployment', id: name, document: deployment },
      ...surplus.map((id) => ({ remove: 'document', kind: 'deployment', id }) as const),
    ]);
    for (const id of surplus) this.#deployments.delete(id);
    this.#deployments.set(name, deployment);
  }

  #tell(type: string, level: 'info' | 'warn' | 'error', text: string, throttle?: string): void {
    this.#house.events.emit({ type, level, subject: {}, text, ...(throttle === undefined ? {} : { throttle }) });
  }
}

/** From its beginning, in a new name: what was found of the last attempt counts no more. */
function again({ attempt }: DeployStepProgress): DeployStepProgress {
  return { state: 'waiting', attempt: attempt + 1 };
}
