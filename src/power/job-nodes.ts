import type { Node, NodeId } from '../domain/node.ts';
import type { Clock, NodeDirectory } from '../domain/ports.ts';
import type { JobStep, PowerJob, PowerSettings } from '../domain/power.ts';
import type { BootWatch } from './boot-watch.ts';
import { type Fleet, hasPower } from './fleet.ts';
import type { JobRecord } from './job-record.ts';
import type { JobReports } from './job-reports.ts';
import { type JobWriter, putStep } from './job-writer.ts';
import { LearnedTimes } from './learned-times.ts';
import { NodeLocks } from './node-locks.ts';
import { Interrupted, NodeRun, type StepEnd } from './node-run.ts';
import type { NodeStanding } from './ports.ts';

export interface JobNodesOptions {
  readonly nodes: NodeDirectory;
  readonly fleet: Fleet;
  readonly standing: NodeStanding;
  readonly watch: BootWatch;
  readonly clock: Clock;
  readonly settings: () => PowerSettings;
  readonly writer: JobWriter;
  readonly reports: JobReports;
  readonly isStopped: () => boolean;
}

/** Of all jobs together: each is a timer and some memory while it waits for its machine. */
const MAX_UNDER_WAY = 2_048;
/** Until a store that took nothing is tried again. */
export const STRANDED_MS = 30_000;

/** The nodes that jobs have begun: each from where it is to its end, one job at a time on each. */
export class JobNodes {
  readonly learned = new LearnedTimes();
  readonly counters = { done: 0, failed: 0, unsure: 0 };
  readonly #options: JobNodesOptions;
  readonly #locks = new NodeLocks();
  #underWay = 0;

  constructor(options: JobNodesOptions) {
    this.#options = options;
  }

  get isFull(): boolean {
    return this.#underWay >= MAX_UNDER_WAY;
  }

  begin(record: JobRecord, step: JobStep): void {
    record.underWay.add(step.nodeId);
    this.#underWay += 1;
    void this.#carryOut(record, step.nodeId)
      .catch(async (error: unknown) => {
        // It stays as it is on disk, and is taken up by the next start.
        if (error instanceof Interrupted || this.#options.isStopped()) return;
        const text = `${step.name} could not be seen to: ${error instanceof Error ? error.message : String(error)}`;
        this.#options.reports.stuck(record, text);
        await this.#sleep(STRANDED_MS);
        record.stranded.add(step.nodeId);
      })
      .finally(() => {
        record.underWay.delete(step.nodeId);
        this.#underWay -= 1;
        record.wake();
      });
  }

  async #carryOut(record: JobRecord, nodeId: NodeId): Promise<void> {
    const { clock, nodes, standing } = this.#options;
    let free = await this.#locks.take(nodeId);
    try {
      if (this.#options.isStopped()) return;
      const step = record.steps.get(nodeId) as JobStep;
      const node = nodes.byId(nodeId);
      const isBegun = step.stage !== 'waiting';
      if (node === undefined)
        return await this.#end(record, step, { stage: 'skipped', text: `${step.name} is no more` });
      if (!isBegun && record.job.state === 'cancelled')
        return await this.#end(record, step, { stage: 'cancelled', text: 'the job was cancelled' });
      if (!isBegun && record.job.state === 'paused') {
        return;
      }
      const refusal = isBegun
        ? undefined
        : (refusalOf(node, record.job, standing) ?? unwanted(node, record.job, standing));
      if (refusal !== undefined) return await this.#end(record, step, refusal);
      if (step.startedAt === undefined) {
        record.put({ ...step, startedAt: clock.now() });
        this.#options.reports.begun(record, node);
      }
      const run = this.#run(record, node, {
        lock: async () => {
          free = await this.#locks.take(nodeId);
        },
        unlock: () => free(),
      });
      const end = await run.run();
      await this.#end(record, record.steps.get(nodeId) as JobStep, end, node);
    } finally {
      free();
    }
  }

  #run(record: JobRecord, node: Node, locks: { lock: () => Promise<void>; unlock: () => void }): NodeRun {
    const { fleet, clock, settings, standing, watch } = this.#options;
    const stepOf = () => record.steps.get(node.id) as JobStep;
    return new NodeRun({
      ...locks,
      action: record.job.action,
      node,
      priority: record.job.origin === 'person' && record.steps.size === 1 ? 'person' : 'job',
      fleet,
      clock,
      settings,
      standing,
      watch,
      learned: this.learned,
      step: stepOf,
      save: async (change) => {
        const step = { ...stepOf(), ...change, at: clock.now() };
        await this.#options.writer.write([putStep(step)]);
        record.put(step);
      },
      mayTurnOn: async () => {
        for (;;) {
          const waitMs = record.onGate.waitMs(stepOf().group, clock.now());
          if (waitMs <= 0 || this.#options.isStopped()) break;
          await this.#sleep(waitMs);
        }
        record.onGate.pass(stepOf().group, clock.now());
      },
      isCancelled: () => record.job.state === 'cancelled',
      refusal: (isTouched) => leftAlone(node, record.job, isTouched, standing),
      isStopped: this.#options.isStopped,
      tell: ({ type, level, text, mend }) => this.#options.reports.node(record, node, type, level, text, mend),
    });
  }

  async #end(record: JobRecord, step: JobStep, end: StepEnd, node?: Node): Promise<void> {
    const { clock } = this.#options;
    const { stage, text, mend } = end;
    const ended: JobStep = { ...step, stage, text, ...(mend === undefined ? {} : { mend }), at: clock.now() };
    await this.#options.writer.write([putStep(ended)]);
    record.put(ended);
    if (stage === 'done' || stage === 'failed' || stage === 'unsure') this.counters[stage] += 1;
    if (node !== undefined) {
      const level = stage === 'failed' || stage === 'unsure' ? 'warn' : 'info';
      this.#options.reports.node(record, node, `power.${stage}`, level, text, mend);
    }
    this.#options.reports.progress(record);
  }

  #sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.#options.clock.setTimeout(resolve, delayMs));
  }
}

/** Why the node is left as it is, if it is. */
export function refusalOf(
  node: Node,
  job: Pick<PowerJob, 'origin' | 'evenInMaintenance'>,
  standing: NodeStanding,
): StepEnd | undefined {
  if (!hasPower(node)) {
    const mend = `Use its button, or podboot nodes set ${node.name} --bmc driver=ipmi,host=IP,credentials=NAME`;
    return { stage: 'skipped', text: `nothing here can power ${node.name}: it has no BMC`, mend };
  }
  const reserved = standing.reserved(node);
  if (reserved === undefined || job.evenInMaintenance) return undefined;
  const mend = `podboot maintenance ${node.name} --leave, or name it alone with --even-in-maintenance.`;
  return { stage: 'skipped', text: `${node.name} is left alone: ${reserved}`, mend };
}

/** The same of a node that was begun with. */
function leftAlone(node: Node, job: PowerJob, isTouched: boolean, standing: NodeStanding): StepEnd | undefined {
  const refusal = refusalOf(node, job, standing);
  // Whatever was switched off for a boot that nobody wants any more comes on again, and gets its disk.
  if (refusal === undefined) return isTouched ? undefined : unwanted(node, job, standing);
  return isTouched ? { ...refusal, text: `${refusal.text}; it may have been switched off before` } : refusal;
}

/** The grant that it was to be started for has ended: a machine that runs goes on running. */
function unwanted(node: Node, job: PowerJob, standing: NodeStanding): StepEnd | undefined {
  if (job.origin !== 'life' || job.action !== 'network-boot' || standing.awaitsBoot(node)) return undefined;
  return { stage: 'cancelled', text: `${node.name} is no longer to boot from the network; it was left as it is` };
}
