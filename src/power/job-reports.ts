import type { EventLevel } from '../domain/events.ts';
import type { Node } from '../domain/node.ts';
import type { EventSink } from '../domain/ports.ts';
import type { PowerJob } from '../domain/power.ts';
import type { JobRecord } from './job-record.ts';

/** What is told of jobs: in the daemon's timeline, and in each node's. */
export class JobReports {
  readonly #events: EventSink;

  constructor(events: EventSink) {
    this.#events = events;
  }

  progress(record: JobRecord): void {
    const { nodes, waiting, underWay, done, failed } = record.counts();
    const tenths = Math.floor(((nodes - waiting - underWay) / nodes) * 10);
    if (nodes < 2 || tenths <= record.toldTenths || tenths >= 10) return;
    record.toldTenths = tenths;
    this.tell(
      record,
      'job.progress',
      'info',
      `${describe(record.job)}: ${nodes - waiting - underWay} of ${nodes}`,
      undefined,
      { done, failed, nodes },
    );
  }

  tell(
    record: JobRecord,
    type: string,
    level: EventLevel,
    text: string,
    mend?: string,
    data: Record<string, number> = {},
  ): void {
    this.#events.emit({
      type,
      level,
      subject: {},
      text,
      ...(mend === undefined ? {} : { mend }),
      data: { job: record.job.id, ...data },
    });
  }

  /** All that stand still do for one reason, which is the store's: told once a second at most. */
  stuck(record: JobRecord, text: string): void {
    this.#events.emit({
      type: 'job.stuck',
      level: 'error',
      subject: {},
      text,
      mend: 'It goes on by itself when the disk takes writes again: is it full, or read-only?',
      data: { job: record.job.id },
      throttle: 'store',
    });
  }

  begun(record: JobRecord, node: Node): void {
    const { action, by } = record.job;
    this.node(record, node, 'power.begun', 'info', `${node.name}: ${action} begins, asked for by ${by}`);
  }

  node(record: JobRecord, node: Node, type: string, level: EventLevel, text: string, mend?: string): void {
    const { id: job, action, by } = record.job;
    this.#events.emit({
      type,
      level,
      subject: { nodeId: node.id, nodeName: node.name },
      text,
      ...(mend === undefined ? {} : { mend }),
      data: { job, action, by },
    });
  }
}

export function describe({ action, id }: Pick<PowerJob, 'action' | 'id'>): string {
  return `${action} (${id})`;
}

export function count(nodes: number): string {
  return nodes === 1 ? '1 node' : `${nodes} nodes`;
}
