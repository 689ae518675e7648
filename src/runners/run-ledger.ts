import { NotFound } from '../domain/errors.ts';
import type {
  ClusterSettings,
  RunBook,
  RunHost,
  RunId,
  RunnerKind,
  RunPlan,
  RunRequest,
  RunStatus,
} from '../domain/hand-off.ts';
import type { Clock, EventSink, StoreChange } from '../domain/ports.ts';
import { ClusterBusy, InventoryChanged, RunRefused } from './run-errors.ts';
import type { RunFolders } from './run-folders.ts';
import { RunHistory } from './run-history.ts';
import { newRunId } from './run-id.ts';
import { endedEvent, startedEvent } from './run-words.ts';
import type { Runner } from './runner.ts';

const LOOK_MS = 1_000;
const RETRY_MS = 5_000;

export interface RunLedgerOptions {
  readonly runs: readonly RunStatus[];
  /** In force at that moment. */
  readonly clusters: () => readonly ClusterSettings[];
  /** Who has a system that a run may reach, and whomever a request names. */
  readonly membersOf: (cluster: ClusterSettings, named: readonly string[]) => readonly RunHost[];
  readonly runner: (kind: RunnerKind) => Runner;
  readonly folders: RunFolders;
  readonly forget: (id: RunId) => void;
  readonly commit: (batch: readonly StoreChange[]) => Promise<void>;
  readonly clock: Clock;
  readonly events: EventSink;
}

/** All runs: one at a time for a cluster, each on disk before it begins and once it has ended. */
export class RunLedger implements RunBook {
  readonly #options: RunLedgerOptions;
  readonly #runs: Map<RunId, RunStatus>;
  readonly #history: RunHistory;
  /** Clusters of which a run is being begun, or is under way. */
  readonly #busy = new Map<string, RunId | undefined>();
  readonly #listeners = new Set<(status: RunStatus) => void>();
  readonly #waiters = new Map<RunId, ((status: RunStatus) => void)[]>();
  #isStopped = false;

  constructor(options: RunLedgerOptions) {
    this.#options = options;
    this.#runs = new Map(options.runs.map((run) => [run.id, run]));
    this.#history = new RunHistory(options.folders);
    for (const { id, state, cluster } of options.runs) if (state === 'running') this.#busy.set(cluster, id);
  }

  /** Takes up what was under way when the daemon ended. Returns at once: a look may take a while. */
  takeUp(): void {
    for (const run of this.#runs.values()) if (run.state === 'running') void this.#reattach(run);
  }

  /** Runs go on; nobody watches them any more. */
  close(): void {
    this.#isStopped = true;
  }

  plan(request: RunRequest): Promise<RunPlan> {
    const cluster = this.#cluster(request.cluster);
    const { runner, membersOf } = this.#options;
    return runner(cluster.runner).plan(cluster, request, membersOf(cluster, request.hosts));
  }

  start(request: RunRequest): Promise<RunStatus> {
    return this.#start(request, {});
  }

  async resume(id: RunId, by: string, { confirmInventory = false } = {}): Promise<RunStatus> {
    const run = this.#run(id);
    if (run.state === 'running') throw new ClusterBusy(run.cluster, run);
    const left = Object.entries(run.hosts).filter(([, { result }]) => result !== 'changed' && result !== 'unchanged');
    const hosts = (left.length > 0 ? left : Object.entries(run.hosts)).map(([name]) => name);
    const { cluster, action, service, ungraceful } = run;
    const request = {
      ...{ cluster, action, hosts, by },
      ...(service === undefined ? {} : { service }),
      ...(ungraceful === undefined ? {} : { ungraceful }),
    };
    const expected = confirmInventory ? undefined : run.inventoryHash;
    return this.#start(request, { resumes: id, ...(expected === undefined ? {} : { expectedInventory: expected }) });
  }

  get(id: RunId): RunStatus | undefined {
    return this.#runs.get(id);
  }

  /** Newest first. */
  all(): readonly RunStatus[] {
    return [...this.#runs.values()].sort((one, other) => other.startedAt - one.startedAt);
  }

  async stop(id: RunId, by: string): Promise<RunStatus> {
    const run = this.#run(id);
    if (run.state !== 'running') return run;
    await this.#options.runner(run.runner).stop(id, by);
    return this.ended(id);
  }

  ended(id: RunId): Promise<RunStatus> {
    const run = this.#run(id);
    if (run.state !== 'running') return Promise.resolve(run);
    return new Promise((resolve) => this.#waiters.set(id, [...(this.#waiters.get(id) ?? []), resolve]));
  }

  onChange(listener: (status: RunStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Undefined where no run of the cluster is begun or under way. */
  busyWith(cluster: string): RunId | 'starting' | undefined {
    return this.#busy.has(cluster) ? (this.#busy.get(cluster) ?? 'starting') : undefined;
  }

  async #start(
    request: RunRequest,
    { resumes, expectedInventory }: { readonly resumes?: RunId; readonly expectedInventory?: string },
  ): Promise<RunStatus> {
    const cluster = this.#cluster(request.cluster);
    const busy = this.#busy.get(cluster.name);
    if (this.#busy.has(cluster.name))
      throw new ClusterBusy(cluster.name, busy === undefined ? undefined : this.#runs.get(busy));
    this.#busy.set(cluster.name, undefined);
    try {
      const plan = await this.plan(request);
      if (plan.obstacles.length > 0) throw new RunRefused(request, plan.obstacles);
      if (expectedInventory !== undefined && resumes !== undefined && plan.inventoryHash !== expectedInventory)
        throw new InventoryChanged(resumes);
      return await this.#begin(cluster, plan, resumes);
    } catch (error) {
      this.#busy.delete(cluster.name);
      throw error;
    }
  }

  async #begin(cluster: ClusterSettings, plan: RunPlan, resumes: RunId | undefined): Promise<RunStatus> {
    const { clock, commit, runner, events } = this.#options;
    const { action, service, ungraceful, by } = plan.request;
    const id = newRunId(clock.now());
    const status: RunStatus = {
      ...{ id, cluster: cluster.name, runner: plan.runner, action, by, state: 'running' },
      ...(service === undefined ? {} : { service }),
      ...(ungraceful === undefined ? {} : { ungraceful }),
      hosts: Object.fromEntries(plan.hosts.map(({ name }) => [name, { result: 'pending' }])),
      steps: plan.steps.map(({ name }) => ({ name })),
      ...(plan.inventoryHash === undefined ? {} : { inventoryHash: plan.inventoryHash }),
      ...(plan.leftOut === undefined ? {} : { leftOut: plan.leftOut }),
      ...(resumes === undefined ? {} : { resumes }),
      startedAt: clock.now(),
    };
    await commit([{ put: 'document', kind: 'run', id, document: status }]);
    this.#runs.set(id, status);
    try {
      await runner(plan.runner).start(id, cluster, plan);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      await this.#end({ ...status, state: 'refused', endedAt: clock.now(), reason });
      throw error;
    }
    this.#busy.set(cluster.name, id);
    events.emit(startedEvent(status));
    this.#tell(status);
    this.#watch(status);
    return status;
  }

  async #reattach(run: RunStatus): Promise<void> {
    const { runner, clock } = this.#options;
    let found: RunStatus | undefined;
    try {
      found = await runner(run.runner).reattach(run.id);
    } catch (error) {
      const reason = `It can’t be found again: ${error instanceof Error ? error.message : String(error)}`;
      await this.#end({ ...run, state: 'interrupted', endedAt: clock.now(), reason });
      return;
    }
    if (found === undefined) {
      const reason = 'Nothing is left of it: podboot ended in the moment of its start. Nothing was changed.';
      await this.#end({ ...run, state: 'refused', endedAt: clock.now(), reason });
    } else await this.#took(run.id, found);
  }

  #watch({ id, runner }: RunStatus): void {
    const { clock } = this.#options;
    clock.setTimeout(() => {
      if (this.#isStopped) return;
      void this.#options
        .runner(runner)
        .status(id)
        .then((status) => this.#took(id, status))
        .catch((error: unknown) => this.#lost(id, error));
    }, LOOK_MS);
  }

  async #took(id: RunId, seen: RunStatus): Promise<void> {
    const known = this.#runs.get(id);
    if (known === undefined || this.#isStopped) return;
    const status = known.resumes === undefined ? seen : { ...seen, resumes: known.resumes };
    if (status.state === 'running') {
      this.#runs.set(id, status);
      this.#watch(status);
    } else await this.#end({ ...status, endedAt: status.endedAt ?? this.#options.clock.now() });
  }

  /** Its folder is gone, or can't be read. */
  async #lost(id: RunId, error: unknown): Promise<void> {
    const known = this.#runs.get(id);
    if (known === undefined || this.#isStopped) return;
    const reason = `Its folder can’t be read: ${error instanceof Error ? error.message : String(error)}`;
    await this.#options
      .runner(known.runner)
      .stop(id, 'podboot')
      .catch(() => undefined);
    await this.#end({ ...known, state: 'interrupted', endedAt: this.#options.clock.now(), reason });
  }

  async #end(status: RunStatus): Promise<void> {
    const { clock, events, forget } = this.#options;
    const { id, cluster } = status;
    const others = this.all().filter((run) => run.id !== id);
    const changes = this.#history.prune([status, ...others]);
    // Until it is on disk that it has ended, no other may begin.
    while (!(await this.#committed([{ put: 'document', kind: 'run', id, document: status }, ...changes]))) {
      if (this.#isStopped) return;
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, RETRY_MS));
    }
    for (const change of changes) if ('id' in change) this.#runs.delete(change.id);
    this.#runs.set(id, status);
    forget(id);
    if (this.#busy.get(cluster) === id) this.#busy.delete(cluster);
    events.emit(endedEvent(status));
    this.#tell(status);
    for (const resolve of this.#waiters.get(id) ?? []) resolve(status);
    this.#waiters.delete(id);
  }

  async #committed(batch: readonly StoreChange[]): Promise<boolean> {
    try {
      await this.#options.commit(batch);
      return true;
    } catch (error) {
      this.#options.events.emit({
        type: 'run.not-stored',
        level: 'error',
        subject: {},
        text: `that a run has ended could not be stored: ${error instanceof Error ? error.message : String(error)}`,
        mend: 'Look at the disk of dataDir; podboot tries it again, and no run of the cluster begins until then.',
        throttle: 'run',
      });
      return false;
    }
  }

  #tell(status: RunStatus): void {
    for (const listener of this.#listeners) listener(status);
  }

  #run(id: RunId): RunStatus {
    const run = this.#runs.get(id);
    if (run === undefined) throw new NotFound(`There is no run ${id}.`, 'podboot runs list shows them.');
    return run;
  }

  #cluster(name: string): ClusterSettings {
    const cluster = this.#options.clusters().find((each) => each.name === name);
    if (cluster === undefined)
      throw new NotFound(
        `There is no cluster ${name} in podboot.yaml.`,
        'Look under clusters: podboot hand-off status',
      );
    return cluster;
  }
}
