import { randomUUID } from 'node:crypto';
import { Conflict, NotFound } from '../domain/errors.ts';
import type { Node, NodeId } from '../domain/node.ts';
import type { Clock, EventSink, NodeDirectory, StoreChange } from '../domain/ports.ts';
import { hasEnded, type JobAction, type JobStep, type PowerJob, type PowerSettings } from '../domain/power.ts';
import type { BootWatch } from './boot-watch.ts';
import { nextTime, untilOpen } from './cron-times.ts';
import type { Fleet } from './fleet.ts';
import { JobNodes, STRANDED_MS } from './job-nodes.ts';
import { JobRecord } from './job-record.ts';
import { count, describe, JobReports } from './job-reports.ts';
import { checkRequest, type JobRequest, newJob, newStep } from './job-request.ts';
import { JobWriter, putJob, putStep, stepId } from './job-writer.ts';
import type { NodeStanding } from './ports.ts';

export interface JobBookOptions {
  readonly jobs: readonly PowerJob[];
  readonly steps: readonly JobStep[];
  readonly nodes: NodeDirectory;
  readonly fleet: Fleet;
  readonly standing: NodeStanding;
  readonly watch: BootWatch;
  readonly commit: (batch: readonly StoreChange[]) => Promise<void>;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly settings: () => PowerSettings;
}

const MAX_OPEN_JOBS = 512;
/** That have ended: their report can be read. */
const MAX_KEPT = 200;
/** Timers of Node take no longer ones; and a wall clock that jumps is noticed within this. */
const LONGEST_SLEEP_MS = 60_000;
/** A run that recurs and was missed because podboot was down is made up for within this. */
const MISSED_MS = 3_600_000;
/** After which a machine boots. */
const STARTS: ReadonlySet<JobAction> = new Set(['on', 'cycle', 'reset', 'network-boot', 'on-when-off']);

/** What was asked of the nodes' power, from the order to the report. All of it is on disk before it is done. */
export class JobBook {
  readonly #options: JobBookOptions;
  readonly #records = new Map<string, JobRecord>();
  readonly #writer: JobWriter;
  readonly #reports: JobReports;
  readonly #nodes: JobNodes;
  #isStopped = false;

  constructor(options: JobBookOptions) {
    this.#options = options;
    this.#writer = new JobWriter(
      options.commit,
      (delayMs) => new Promise((resolve) => void options.clock.setTimeout(resolve, delayMs)),
    );
    this.#reports = new JobReports(options.events);
    this.#nodes = new JobNodes({
      ...options,
      writer: this.#writer,
      reports: this.#reports,
      isStopped: () => this.#isStopped,
    });
    const steps = Map.groupBy(options.steps, ({ jobId }) => jobId);
    for (const job of options.jobs) this.#records.set(job.id, new JobRecord(job, steps.get(job.id) ?? []));
  }

  /** Takes up what a stop or a crash left. */
  async start(): Promise<void> {
    for (const record of this.#records.values()) {
      for (const step of record.steps.values()) {
        const node = this.#options.nodes.byId(step.nodeId);
        if (node !== undefined && step.bootMs !== undefined) this.#nodes.learned.of(node, 'boot').observe(step.bootMs);
        if (step.startedAt !== undefined) record.beginGate.pass(step.group, step.startedAt);
        if (step.onAt !== undefined) record.onGate.pass(step.group, step.onAt);
      }
      // Cancelled, and some nodes were still on their way to a state that they can be left in.
      if (!record.isOver || [...record.steps.values()].some((step) => !hasEnded(step))) this.#drive(record);
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const record of this.#records.values()) record.wake();
    await this.#writer.settled().catch(() => undefined);
  }

  /** On disk when it resolves; what comes of it is read from the job. @throws InvalidInput, Conflict */
  async submit(nodes: readonly Node[], request: JobRequest): Promise<JobRecord> {
    checkRequest(nodes, request);
    const open = [...this.#records.values()].filter(({ isOver }) => !isOver).length;
    if (open >= MAX_OPEN_JOBS)
      throw new Conflict(`There are ${open} jobs that have not ended.`, [], 'Cancel some: podboot jobs');
    const { clock, settings } = this.#options;
    const now = clock.now();
    const job = newJob(`job-${randomUUID().slice(0, 13)}`, nodes, request, now, settings());
    return this.#add(job, job.recurrence === undefined ? nodes : []);
  }

  statistics(): Record<string, number> {
    return { ...this.#nodes.counters, jobs: this.#records.size };
  }

  get(id: string): JobRecord {
    const record = this.#records.get(id);
    if (record === undefined) throw new NotFound(`There is no job ${id}.`, 'podboot jobs lists those that there are.');
    return record;
  }

  /** Newest first. */
  list(): readonly JobRecord[] {
    return [...this.#records.values()].sort((one, other) => other.job.createdAt - one.job.createdAt);
  }

  /** One that has not ended and does this for the node's life. */
  openFor(nodeId: NodeId, action: JobAction): JobRecord | undefined {
    return this.list().find(
      ({ job, steps, isOver }) => !isOver && job.origin === 'life' && job.action === action && steps.has(nodeId),
    );
  }

  /** A job has begun to start the machine, and has not come to its end. */
  isStarting(nodeId: NodeId): boolean {
    for (const { job, steps } of this.#records.values()) {
      const step = STARTS.has(job.action) ? steps.get(nodeId) : undefined;
      if (step?.startedAt !== undefined && !hasEnded(step)) return true;
    }
    return false;
  }

  /** @throws NotFound, Conflict */
  async pause(id: string): Promise<JobRecord> {
    const record = this.#ofState(id, ['running', 'scheduled'], 'paused');
    await this.#change(record, { state: 'paused' });
    return record;
  }

  async resume(id: string): Promise<JobRecord> {
    const record = this.#ofState(id, ['paused'], 'resumed');
    const { startAt, recurrence } = record.job;
    const isLater = recurrence !== undefined || startAt > this.#options.clock.now();
    await this.#change(record, { state: isLater ? 'scheduled' : 'running' });
    this.#drive(record);
    return record;
  }

  /** What is under way comes to a state that it can be left in. */
  async cancel(id: string, by: string): Promise<JobRecord> {
    const record = this.#ofState(id, ['running', 'scheduled', 'paused'], 'cancelled');
    const at = this.#options.clock.now();
    const waiting = [...record.steps.values()].filter(
      ({ stage, nodeId }) => stage === 'waiting' && !record.underWay.has(nodeId),
    );
    const steps = waiting.map((step): JobStep => ({ ...step, stage: 'cancelled', at, text: `cancelled by ${by}` }));
    await this.#change(record, { state: 'cancelled', endedAt: at }, steps);
    this.#reports.tell(record, 'job.cancelled', 'info', `${describe(record.job)} was cancelled by ${by}`);
    return record;
  }

  async #add(job: PowerJob, nodes: readonly Node[]): Promise<JobRecord> {
    const steps = nodes.map((node) => newStep(job.id, node, job.createdAt));
    await this.#writer.write([putJob(job), ...steps.map(putStep)]);
    const record = new JobRecord(job, steps);
    this.#records.set(job.id, record);
    if (job.origin === 'person')
      this.#reports.tell(
        record,
        'job.created',
        'info',
        `${describe(job)} for ${count(job.nodeIds?.length ?? nodes.length)}, by ${job.by}`,
      );
    this.#drive(record);
    return record;
  }

  #ofState(id: string, states: readonly PowerJob['state'][], what: string): JobRecord {
    const record = this.get(id);
    if (states.includes(record.job.state)) return record;
    throw new Conflict(`The job ${id} is ${record.job.state}: it can’t be ${what}.`);
  }

  async #change(record: JobRecord, change: Partial<PowerJob>, steps: readonly JobStep[] = []): Promise<void> {
    const job = { ...record.job, ...change, version: record.job.version + 1 };
    await this.#writer.write([putJob(job), ...steps.map(putStep)]);
    record.job = job;
    for (const step of steps) record.put(step);
    record.wake();
  }

  #drive(record: JobRecord): void {
    if (record.isDriven || this.#isStopped) return;
    record.isDriven = true;
    void this.#driven(record)
      .catch((error: unknown) => {
        if (this.#isStopped) return;
        const text = `${describe(record.job)} stands still: ${error instanceof Error ? error.message : String(error)}`;
        this.#reports.stuck(record, text);
        this.#options.clock.setTimeout(() => this.#drive(record), STRANDED_MS);
      })
      .finally(() => {
        record.isDriven = false;
      });
  }

  async #driven(record: JobRecord): Promise<void> {
    // First whatever was begun before a restart: it may have been left half done.
    for (const step of record.steps.values()) this.#takeUp(record, step);
    for (;;) {
      if (this.#isStopped) return;
      for (const nodeId of record.stranded) this.#takeUp(record, record.steps.get(nodeId) as JobStep);
      const { job, wakes } = record;
      if (job.state === 'done') return;
      if (job.state === 'paused') {
        if (record.underWay.size === 0) return;
        await this.#wait(record, LONGEST_SLEEP_MS, wakes);
        continue;
      }
      const waitMs = job.state === 'cancelled' ? 0 : await this.#step(record);
      if (waitMs === 'over') break;
      if (job.state === 'cancelled' && record.underWay.size === 0) return this.#prune();
      await this.#wait(record, job.state === 'cancelled' ? LONGEST_SLEEP_MS : waitMs, wakes);
    }
    await this.#finish(record);
  }

  #takeUp(record: JobRecord, step: JobStep): void {
    record.stranded.delete(step.nodeId);
    if (hasEnded(step) || step.stage === 'waiting' || record.underWay.has(step.nodeId)) return;
    this.#nodes.begin(record, step);
  }

  /** Begins what may begin now. @returns how long until it is worth looking again */
  async #step(record: JobRecord): Promise<number | 'over'> {
    const { clock } = this.#options;
    const now = clock.now();
    const { job } = record;
    // One that has begun goes on, though the clock was set back to before its time.
    if (job.startAt > now && job.state === 'scheduled') return job.startAt - now;
    if (job.recurrence !== undefined) return this.#recur(record, job.recurrence);
    if (job.state === 'scheduled') await this.#change(record, { state: 'running' });
    const waiting = record.waiting();
    if (waiting.length === 0) return record.underWay.size === 0 ? 'over' : LONGEST_SLEEP_MS;
    if (now > job.expiresAt) {
      await this.#expire(record, waiting, now);
      return record.underWay.size === 0 ? 'over' : LONGEST_SLEEP_MS;
    }
    const closedMs = job.window === undefined ? 0 : untilOpen(job.window, now);
    if (closedMs > 0) return Math.min(closedMs, job.expiresAt - now + 1);
    let soonestMs = LONGEST_SLEEP_MS;
    for (const step of waiting) {
      if (this.#nodes.isFull) return 100;
      const gateMs = record.beginGate.waitMs(step.group, now);
      if (gateMs > 0) {
        soonestMs = Math.min(soonestMs, gateMs);
        continue;
      }
      record.beginGate.pass(step.group, now);
      this.#nodes.begin(record, step);
    }
    return soonestMs;
  }

  async #recur(record: JobRecord, { every, timeZone }: NonNullable<PowerJob['recurrence']>): Promise<number | 'over'> {
    const { clock, nodes } = this.#options;
    const now = clock.now();
    const { job } = record;
    const next = nextTime(every, timeZone, now);
    const isMissed = now - job.startAt > MISSED_MS;
    const chosen = (job.nodeIds ?? []).flatMap((id) => nodes.byId(id) ?? []);
    if (isMissed)
      this.#reports.tell(record, 'job.missed', 'warn', `${describe(job)} was missed: podboot was not running then`);
    else if (chosen.length > 0) {
      const { recurrence: _, nodeIds: _ids, endedAt: _ended, ...rest } = job;
      const expiresAt = now + 86_400_000;
      const run: PowerJob = {
        ...rest,
        id: `${job.id}-${now.toString(36)}`,
        parent: job.id,
        state: 'running',
        createdAt: now,
        startAt: now,
        expiresAt,
        version: 1,
      };
      await this.#add(run, chosen);
    }
    if (next === undefined || chosen.length === 0) return 'over';
    await this.#change(record, { startAt: next });
    return next - now;
  }

  async #expire(record: JobRecord, waiting: readonly JobStep[], at: number): Promise<void> {
    const text = 'its time had passed before it was begun';
    const steps = waiting.map((step): JobStep => ({ ...step, stage: 'skipped', at, text }));
    await this.#change(record, {}, steps);
  }

  async #finish(record: JobRecord): Promise<void> {
    await this.#change(record, { state: 'done', endedAt: this.#options.clock.now() });
    const { done, failed, skipped, unsure } = record.counts();
    const parts = [
      `${done} done`,
      ...(failed ? [`${failed} failed`] : []),
      ...(skipped ? [`${skipped} left alone`] : []),
      ...(unsure ? [`${unsure} unsure`] : []),
    ];
    if (record.job.origin === 'person')
      this.#reports.tell(
        record,
        'job.done',
        failed + unsure > 0 ? 'warn' : 'info',
        `${describe(record.job)} has ended: ${parts.join(', ')}`,
      );
    await this.#prune();
  }

  /** The oldest reports go. */
  async #prune(): Promise<void> {
    const over = this.list().filter((record) => record.isOver && record.underWay.size === 0);
    const changes = over.slice(MAX_KEPT).flatMap(({ job, steps }): StoreChange[] => {
      this.#records.delete(job.id);
      return [
        { remove: 'document', kind: 'job', id: job.id },
        ...[...steps.values()].map((step): StoreChange => ({ remove: 'document', kind: 'job-step', id: stepId(step) })),
      ];
    });
    if (changes.length > 0) await this.#writer.write(changes);
  }

  /** Until something has changed, or so long. */
  #wait(record: JobRecord, delayMs: number, wakes: number): Promise<void> {
    if (record.wakes !== wakes) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        off();
        timer.cancel();
        resolve();
      };
      const off = record.onWake(end);
      const timer = this.#options.clock.setTimeout(end, Math.min(LONGEST_SLEEP_MS, Math.max(1, delayMs)));
    });
  }
}
