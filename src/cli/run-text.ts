import type { ClusterView, HandOffResultView, RunPlanView, RunView } from '../api/schemas/run.ts';
import { fields, table } from './table.ts';

export function runTable(runs: readonly RunView[]): string {
  if (runs.length === 0) return 'no run';
  return table(
    ['run', 'cluster', 'action', 'state', 'nodes', 'good', 'by', 'began', 'ended'],
    runs.map((run) => {
      const outcomes = Object.values(run.hosts);
      return [
        ...[run.id, run.cluster, run.service ?? run.action, run.state],
        ...[String(outcomes.length), String(outcomes.filter(isGood).length)],
        ...[run.by, run.startedAt, run.endedAt],
      ];
    }),
  );
}

export function runText(run: RunView): string {
  const { progress } = run;
  const done = progress === undefined ? undefined : `task ${progress.tasksDone} of at least ${progress.tasksSeen}`;
  const steps = run.steps.map(({ name, exitCode, signal }) => {
    const end = signal ?? (exitCode === undefined ? undefined : String(exitCode));
    return end === undefined ? name : `${name} (${end})`;
  });
  const head = fields([
    ['run', run.id],
    ['cluster', run.cluster],
    ['runner', run.runner],
    ['action', run.service ?? (run.ungraceful === true ? `${run.action}, ungraceful` : run.action)],
    ['by', run.by],
    ['state', run.state],
    ['why', run.reason],
    ['steps', steps.join(', ')],
    ['play', progress?.play],
    ['task', progress?.task],
    ['progress', done],
    ['inventory', run.inventoryHash],
    ['goes on with', run.resumes],
    ['began', run.startedAt],
    ['ended', run.endedAt],
  ]);
  const rows = Object.entries(run.hosts).map(([name, { result, failedTask, message }]) => [
    ...[name, result, failedTask, message],
  ]);
  return `${head}\n\n${table(['node', 'result', 'task', 'message'], rows)}${leftOutText(run.leftOut)}`;
}

function leftOutText(leftOut: RunView['leftOut'] = []): string {
  return leftOut.map(({ host, because }) => `\nwithout ${host}: ${because}`).join('');
}

export function planText({ runner, nodes, steps, leftOut, obstacles }: RunPlanView): string {
  const head = `${runner}, ${nodes.length} nodes: ${nodes.join(', ')}${leftOutText(leftOut)}`;
  const commands = steps.map(({ name, argv }) => `${name}: ${argv.join(' ')}`).join('\n');
  if (obstacles.length === 0) return `${head}\n\n${commands}`;
  const against = obstacles.map(({ message, mend }) => `${message}\n  ${mend}`).join('\n');
  return `${head}\n\n${commands}\n\nIt would not be begun:\n${against}`;
}

export function clustersText(clusters: readonly ClusterView[], results: readonly HandOffResultView[]): string {
  if (clusters.length === 0) return 'no cluster: write some under clusters in podboot.yaml';
  const rows = clusters.map(({ name, runner, roles, waiting, underWay, run, halt, blocked }) => [
    ...[name, runner, roles.join(','), String(waiting.length), String(underWay.length), run],
    halt === undefined ? (blocked === undefined ? 'goes on' : 'blocked') : 'stopped',
  ]);
  const notes = clusters.flatMap(({ name, halt, blocked }) =>
    [halt, blocked].flatMap((each) => (each === undefined ? [] : [`${name}: ${each.text}\n  ${each.mend}`])),
  );
  const parts = [
    table(['cluster', 'runner', 'roles', 'waiting', 'under way', 'run', 'hand-off'], rows),
    ...(notes.length === 0 ? [] : [notes.join('\n')]),
    ...(results.length === 0 ? [] : [resultTable(results)]),
  ];
  return parts.join('\n\n');
}

export function resultTable(results: readonly HandOffResultView[]): string {
  return table(
    ['node', 'cluster', 'run', 'result', 'checks', 'at', 'what'],
    results.map(({ node, cluster, run, outcome, checks, at }) => {
      const bad = checks.find(({ ok }) => !ok);
      const what = bad === undefined ? outcome.message : `${bad.check}: ${bad.found} instead of ${bad.expected}`;
      return [
        ...[node, cluster, run, outcome.result],
        ...[checks.length === 0 ? undefined : `${checks.filter(({ ok }) => ok).length}/${checks.length}`, at, what],
      ];
    }),
  );
}

function isGood({ result }: { readonly result: string }): boolean {
  return result === 'changed' || result === 'unchanged';
}

export function checksText(checks: HandOffResultView['checks']): string {
  if (checks.length === 0) return 'no checks';
  const rows = checks.map(({ check, ok, expected, found }) => [check, ok ? 'passed' : 'FAILED', expected, found]);
  return table(['check', 'result', 'expected', 'found'], rows);
}
