import type { ClusterSettings, HandOffQueue, HandOffResult, RunPlan, RunStatus } from '../domain/hand-off.ts';
import type { NodeDirectory } from '../domain/ports.ts';
import type { ClusterView, HandOffResultView, RunPlanView, RunView } from './schemas/run.ts';

export function runView({ startedAt, endedAt, leftOut, ...run }: RunStatus): RunView {
  return {
    ...run,
    hosts: { ...run.hosts },
    steps: [...run.steps],
    ...(leftOut === undefined ? {} : { leftOut: [...leftOut] }),
    startedAt: timeText(startedAt),
    ...(endedAt === undefined ? {} : { endedAt: timeText(endedAt) }),
  };
}

export function planView({ runner, hosts, steps, inventoryHash, leftOut, obstacles }: RunPlan): RunPlanView {
  return {
    runner,
    nodes: hosts.map(({ name }) => name),
    steps: steps.map(({ name, argv }) => ({ name, argv: [...argv] })),
    ...(inventoryHash === undefined ? {} : { inventoryHash }),
    ...(leftOut === undefined ? {} : { leftOut: [...leftOut] }),
    obstacles: [...obstacles],
  };
}

export function resultView(result: HandOffResult, nodes: NodeDirectory): HandOffResultView {
  const { nodeId, at, ...rest } = result;
  return { node: nodes.byId(nodeId)?.name ?? nodeId, ...rest, checks: [...rest.checks], at: timeText(at) };
}

export function clusterView(
  { name, runner, roles }: ClusterSettings,
  queue: HandOffQueue,
  nodes: NodeDirectory,
): ClusterView {
  const { waiting, current, halt, blocked } = queue;
  const nameOf = (nodeId: string) => nodes.byId(nodeId)?.name ?? nodeId;
  return {
    ...{ name, runner, roles: [...roles] },
    waiting: waiting.map(({ nodeId, since, interruptions }) => ({
      node: nameOf(nodeId),
      since: timeText(since),
      interruptions,
    })),
    ...(current === undefined ? {} : { run: current.run }),
    underWay: (current?.nodes ?? []).map(({ nodeId }) => nameOf(nodeId)),
    ...(halt === undefined ? {} : { halt: { text: halt.text, mend: halt.mend, at: timeText(halt.at) } }),
    ...(blocked === undefined
      ? {}
      : { blocked: { text: blocked.text, mend: blocked.mend, nextAt: timeText(blocked.nextAt) } }),
  };
}

/** A time that no calendar has (a clock that ran wild) must not make a list unreadable. */
function timeText(milliseconds: number): string {
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? new Date(0).toISOString() : date.toISOString();
}
