import type { NodeId } from '../domain/node.ts';
import { hasEnded, type JobStep, type PowerJob } from '../domain/power.ts';
import { StaggerGate } from './stagger-gate.ts';

export interface JobCounts {
  readonly nodes: number;
  readonly waiting: number;
  readonly underWay: number;
  readonly done: number;
  readonly failed: number;
  readonly skipped: number;
  readonly cancelled: number;
  readonly unsure: number;
}

/** A job in memory: what is on disk, who is under way, and who waits to hear of it. */
export class JobRecord {
  job: PowerJob;
  readonly steps: Map<NodeId, JobStep>;
  readonly underWay = new Set<NodeId>();
  /** Begun, and left where they were: the store did not take what came next. */
  readonly stranded = new Set<NodeId>();
  /** When nodes are begun, and when they are switched on: each against inrush. */
  readonly beginGate: StaggerGate;
  readonly onGate: StaggerGate;
  /** Of progress that was told. */
  toldTenths = 0;
  isDriven = false;
  /** So that whoever looks and then waits misses nothing between the two. */
  wakes = 0;
  /** Changed with each step: a job of thousands is looked at after each of them. */
  readonly #waiting: Set<NodeId>;
  readonly #counts = {
    nodes: 0,
    waiting: 0,
    underWay: 0,
    done: 0,
    failed: 0,
    skipped: 0,
    cancelled: 0,
    unsure: 0,
  };
  #wakers = new Set<() => void>();
  #listeners = new Set<() => void>();

  constructor(job: PowerJob, steps: readonly JobStep[]) {
    this.job = job;
    this.steps = new Map(steps.map((step) => [step.nodeId, step]));
    this.#waiting = new Set(steps.filter(({ stage }) => stage === 'waiting').map(({ nodeId }) => nodeId));
    this.#counts.nodes = steps.length;
    for (const step of steps) this.#count(step, 1);
    this.beginGate = new StaggerGate(job.stagger);
    this.onGate = new StaggerGate(job.stagger);
  }

  get isOver(): boolean {
    return this.job.state === 'done' || this.job.state === 'cancelled';
  }

  put(step: JobStep): void {
    const before = this.steps.get(step.nodeId);
    if (before !== undefined) this.#count(before, -1);
    this.#count(step, 1);
    this.steps.set(step.nodeId, step);
    if (step.stage !== 'waiting') this.#waiting.delete(step.nodeId);
    for (const listener of this.#listeners) listener();
  }

  /** Whoever drives it looks again. */
  wake(): void {
    this.wakes += 1;
    for (const waker of [...this.#wakers]) waker();
    for (const listener of this.#listeners) listener();
  }

  onWake(waker: () => void): () => void {
    this.#wakers.add(waker);
    return () => void this.#wakers.delete(waker);
  }

  /** Called at each change of a step or of the job. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Not begun, in the order of the job. */
  waiting(): readonly JobStep[] {
    return [...this.#waiting].flatMap((id) => {
      const step = this.steps.get(id);
      return step === undefined || this.underWay.has(id) ? [] : [step];
    });
  }

  counts(): JobCounts {
    return { ...this.#counts };
  }

  #count(step: JobStep, by: 1 | -1): void {
    const { stage } = step;
    if (stage === 'waiting') this.#counts.waiting += by;
    else if (hasEnded(step)) this.#counts[stage as EndStage] += by;
    else this.#counts.underWay += by;
  }
}

type EndStage = 'done' | 'failed' | 'skipped' | 'cancelled' | 'unsure';
