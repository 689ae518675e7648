import { HostRefused, NotFound } from '../domain/errors.ts';
import type { ClusterSettings, RunId, RunPlan, RunStatus } from '../domain/hand-off.ts';
import type { Clock } from '../domain/ports.ts';
import { EventFile } from './event-file.ts';
import type { Launcher } from './launcher/launcher.ts';
import {
  eventsFile,
  RUN_FILES,
  type RunEnd,
  type RunOrder,
  readRecord,
  writeAtomically,
} from './launcher/run-folder.ts';
import { endOrphans, forbidStart, type Standing, standingOf } from './launcher/standing.ts';
import { maskSecrets } from './mask-secrets.ts';
import type { KeptPlan, RunFolders } from './run-folders.ts';
import { runOutcome } from './run-outcome.ts';
import { StepFold } from './step-fold.ts';

/** From its launch until its wrapper has claimed it: a host that is busy with hundreds of processes takes seconds. */
const START_MS = 30_000;
const LOOK_MS = 50;
const STOP_LOOK_MS = 200;
/** After the stages of a stop, and some seconds for the sweep. */
const STOP_SLACK_MS = 20_000;

export interface RunProcessesOptions {
  readonly folders: RunFolders;
  readonly launcher: () => Promise<Launcher>;
  readonly clock: Clock;
}

interface Watch {
  readonly plan: KeptPlan;
  readonly folds: readonly StepFold[];
  readonly files: readonly EventFile[];
  /** One look at a time: events are folded in order. */
  turn: Promise<unknown>;
}

/** The processes of runs, the same for all kinds of runners: started, watched by their folders, stopped, found again. */
export class RunProcesses {
  readonly #options: RunProcessesOptions;
  readonly #watches = new Map<RunId, Watch>();

  constructor(options: RunProcessesOptions) {
    this.#options = options;
  }

  /** @throws HostRefused; nothing runs then */
  async start(id: RunId, cluster: ClusterSettings, plan: RunPlan): Promise<void> {
    const { folders, launcher, clock } = this.#options;
    const folder = folders.create(id, cluster, plan, clock.now());
    try {
      await (await launcher()).launch(id, folder);
      const isClaimed = await this.#until(START_MS, LOOK_MS, () => standingOf(folder).kind !== 'starting');
      if (!isClaimed && forbidStart(folder))
        throw new HostRefused(
          `the process of the run ${id} did not come up within ${START_MS / 1_000} s`,
          `Look at ${folder}/wrapper.log and at the load of this host.`,
        );
    } catch (error) {
      // Whoever comes up late finds that it may not.
      if (standingOf(folder).kind === 'starting') forbidStart(folder);
      throw error;
    }
  }

  /** How it stands, from its folder. @throws NotFound */
  async status(id: RunId): Promise<RunStatus> {
    const watch = this.#watchOf(id);
    const look = watch.turn.then(() => this.#look(id, watch));
    watch.turn = look.catch(() => undefined);
    return look;
  }

  /** Resolves once it has ended. */
  async stop(id: RunId, by: string): Promise<void> {
    const { folders, clock } = this.#options;
    const folder = folders.of(id);
    const before = standingOf(folder);
    if (before.kind === 'ended') return;
    if (before.kind === 'starting' && forbidStart(folder)) {
      const end: RunEnd = { ending: 'stopped', steps: [], at: clock.now(), by };
      writeAtomically(folder, RUN_FILES.end, end);
      return;
    }
    writeAtomically(folder, RUN_FILES.stop, { by, at: clock.now() });
    if (before.kind === 'running') signal(before.wrapper.pid);
    const times = stopTimes(folder);
    const limitMs = times.interruptMs + times.terminateMs + STOP_SLACK_MS;
    const isOver = await this.#until(limitMs, STOP_LOOK_MS, () => isOverNow(standingOf(folder)));
    const after = standingOf(folder);
    // Its wrapper does not do what it is for.
    if (!isOver && after.kind === 'running') kill(after.wrapper.pid);
    if (after.kind !== 'ended') await endOrphans(id, folder, times);
  }

  /** Takes up a run that was under way when the daemon ended; undefined where it left nothing. */
  async reattach(id: RunId): Promise<RunStatus | undefined> {
    const { folders } = this.#options;
    if (folders.plan(id) === undefined) return undefined;
    const folder = folders.of(id);
    // The daemon ended in the very moment of its start.
    const isClaimed = await this.#until(START_MS, LOOK_MS, () => standingOf(folder).kind !== 'starting');
    if (!isClaimed && forbidStart(folder)) return undefined;
    if (standingOf(folder).kind === 'gone') await endOrphans(id, folder, stopTimes(folder));
    return this.status(id);
  }

  forget(id: RunId): void {
    this.#watches.delete(id);
  }

  async #look(id: RunId, { plan, folds, files }: Watch): Promise<RunStatus> {
    const folder = this.#options.folders.of(id);
    // Before the events are read: what it told before it ended is there then.
    const standing = standingOf(folder);
    for (const [index, file] of files.entries()) await file.read((event) => folds[index]?.add(event));
    return statusOf(id, plan, folds, standing);
  }

  #watchOf(id: RunId): Watch {
    const known = this.#watches.get(id);
    if (known !== undefined) return known;
    const { folders } = this.#options;
    const plan = folders.plan(id);
    if (plan === undefined) throw new NotFound(`There is nothing left of the run ${id}.`);
    const folder = folders.of(id);
    const watch: Watch = {
      plan,
      folds: plan.steps.map(() => new StepFold()),
      files: plan.steps.map((_, index) => new EventFile(eventsFile(folder, index))),
      turn: Promise.resolve(),
    };
    this.#watches.set(id, watch);
    return watch;
  }

  async #until(limitMs: number, everyMs: number, holds: () => boolean): Promise<boolean> {
    const { clock } = this.#options;
    const end = clock.monotonic() + limitMs;
    while (!holds()) {
      if (clock.monotonic() >= end) return false;
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, everyMs));
    }
    return true;
  }
}

function statusOf(id: RunId, plan: KeptPlan, folds: readonly StepFold[], standing: Standing): RunStatus {
  const end = standing.kind === 'ended' ? standing.end : standing.kind === 'gone' ? 'gone' : undefined;
  const outcome = runOutcome({ plan, folds, end, inactivityMs: plan.inactivityMs });
  const ended = end === undefined || end === 'gone' ? [] : end.steps;
  const { cluster, action, service, ungraceful, by } = plan.request;
  const last = folds.findLast(({ tasksDone, hosts }) => tasksDone > 0 || hosts.size > 0);
  const sum = (of: (fold: StepFold) => number) => folds.reduce((total, fold) => total + of(fold), 0);
  const hosts = Object.entries(outcome.hosts).map(([name, host]) => [
    name,
    host.message === undefined ? host : { ...host, message: maskSecrets(host.message) },
  ]);
  return {
    ...{ id, cluster, runner: plan.runner, action, by, state: outcome.state },
    ...(service === undefined ? {} : { service }),
    ...(ungraceful === undefined ? {} : { ungraceful }),
    hosts: Object.fromEntries(hosts),
    steps: plan.steps.map(({ name }, index) => {
      const { exitCode, signal } = ended[index] ?? {};
      return { name, ...(exitCode === undefined ? {} : { exitCode }), ...(signal === undefined ? {} : { signal }) };
    }),
    ...(last === undefined
      ? {}
      : {
          progress: {
            ...(last.play === undefined ? {} : { play: last.play }),
            ...(last.task === undefined ? {} : { task: last.task }),
            tasksDone: sum(({ tasksDone }) => tasksDone),
            tasksSeen: sum(({ tasksSeen }) => tasksSeen),
          },
        }),
    ...(plan.inventoryHash === undefined ? {} : { inventoryHash: plan.inventoryHash }),
    ...(plan.leftOut === undefined ? {} : { leftOut: plan.leftOut }),
    ...(outcome.state === 'stopped' && typeof end === 'object' && end.by !== undefined ? { stoppedBy: end.by } : {}),
    startedAt: plan.startedAt,
    ...(end === undefined || end === 'gone' ? {} : { endedAt: end.at }),
    ...(outcome.reason === undefined ? {} : { reason: maskSecrets(outcome.reason) }),
  };
}

function isOverNow(standing: Standing): boolean {
  return standing.kind === 'ended' || standing.kind === 'gone';
}

function stopTimes(folder: string): RunOrder['stop'] {
  return readRecord<RunOrder>(folder, RUN_FILES.order)?.stop ?? { interruptMs: 10_000, terminateMs: 5_000 };
}

function signal(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch {
    // It ended in this moment; or it is another user's, and sees the request by itself.
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended in this moment.
  }
}
