import type { Node } from '../domain/node.ts';
import type { JobStep } from '../domain/power.ts';
import type { BmcCare } from '../power/bmc-care.ts';
import type { JobCounts, JobRecord } from '../power/job-record.ts';
import type { Forecast, PowerService } from '../power/power-service.ts';
import type { PowerReading } from '../power/state-poller.ts';
import type { ForecastView, JobDetailView, JobView, PowerView } from './schemas/power.ts';

export function powerView(
  node: Node,
  power: PowerService,
  care: BmcCare,
  reading: PowerReading | undefined,
): PowerView {
  const address = power.fleet.address(node);
  const lane = power.lane(node);
  return {
    node: node.name,
    ...(node.bmc === undefined ? {} : { driver: node.bmc.driver }),
    ...(node.bmc === undefined || address === undefined ? {} : { address }),
    ...(reading === undefined ? {} : { state: reading.state, readAt: iso(reading.at) }),
    ...(reading?.trouble === undefined ? {} : { trouble: reading.trouble }),
    ...(lane === undefined ? {} : { breaker: lane.breaker, queued: lane.queued }),
    ...(lane?.latencyMs === undefined ? {} : { latencyMs: Math.round(lane.latencyMs) }),
    findings: [...care.standing(node)],
  };
}

export function jobView({ job }: JobRecord, counts: JobCounts): JobView {
  const { id, action, by, reason, state, createdAt, startAt, endedAt, recurrence, parent, stagger, window, nodeIds } =
    job;
  return {
    id,
    action,
    by,
    ...(reason === undefined ? {} : { reason }),
    state,
    createdAt: iso(createdAt),
    ...(state === 'scheduled' ? { startAt: iso(startAt) } : {}),
    ...(endedAt === undefined ? {} : { endedAt: iso(endedAt) }),
    ...(recurrence === undefined ? {} : { every: recurrence.every }),
    ...(parent === undefined ? {} : { parent }),
    ...(stagger === undefined
      ? {}
      : { stagger: `${stagger.nodes} of ${stagger.by === 'all' ? 'all' : 'a rack'} in ${stagger.perMs / 1_000} s` }),
    ...(window === undefined ? {} : { window: `${window.opens}, ${window.lengthMs / 60_000} min` }),
    counts: nodeIds === undefined ? counts : { ...counts, nodes: nodeIds.length },
  };
}

export function jobDetailView(record: JobRecord): JobDetailView {
  return { ...jobView(record, record.counts()), steps: [...record.steps.values()].map(stepView) };
}

function stepView({ name, stage, at, attempt, text, mend }: JobStep) {
  return {
    node: name,
    stage,
    at: iso(at),
    ...(attempt === 0 ? {} : { attempt }),
    ...(text === undefined ? {} : { text }),
    ...(mend === undefined ? {} : { mend }),
  };
}

export function forecastView(forecast: readonly Forecast[]): ForecastView['items'] {
  return forecast.map(({ node, outcome, text, mend }) => ({
    node: node.name,
    outcome,
    text,
    ...(mend === undefined ? {} : { mend }),
  }));
}

export function iso(milliseconds: number): string {
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? new Date(0).toISOString() : date.toISOString();
}
