import type { RunStatus } from '../domain/hand-off.ts';
import { gauge, label, type Metric, type Sample } from './metric.ts';

const RUNNER = label('runner', '`kubespray`, `slurm`, `playbook`, `command`, `webhook`');

/** Runs of the runners that nodes are handed to. */
export const RUN_METRICS: readonly Metric[] = [
  gauge(
    'runs',
    'Runs that are kept, by how they stand.',
    ({ runs }) => countBy(runs(), ({ runner, action, state }) => ({ runner, action, state })),
    RUNNER,
    label('action', '`deploy`, `add-worker`, `add-control-plane`, `remove`, `upgrade`, `service`'),
    label('state', '`running`, `succeeded`, `failed`, `refused`, `stopped`, `interrupted`'),
  ),
  gauge(
    'run_last_seconds',
    'What the newest run took that ended well or badly.',
    ({ runs }) => newest(runs()),
    RUNNER,
    label('action', 'as above'),
  ),
];

function* countBy(
  runs: readonly RunStatus[],
  labelsOf: (run: RunStatus) => Readonly<Record<string, string>>,
): Iterable<Sample> {
  const groups = new Map<string, { readonly labels: Readonly<Record<string, string>>; value: number }>();
  for (const run of runs) {
    const labels = labelsOf(run);
    const key = Object.values(labels).join(' ');
    const group = groups.get(key) ?? { labels, value: 0 };
    group.value += 1;
    groups.set(key, group);
  }
  yield* groups.values();
}

function* newest(runs: readonly RunStatus[]): Iterable<Sample> {
  const last = new Map<string, RunStatus & { readonly endedAt: number }>();
  for (const run of runs) {
    const { endedAt, state, runner, action } = run;
    if (endedAt === undefined || (state !== 'succeeded' && state !== 'failed')) continue;
    const key = `${runner} ${action}`;
    if ((last.get(key)?.endedAt ?? 0) <= endedAt) last.set(key, { ...run, endedAt });
  }
  for (const { runner, action, startedAt, endedAt } of last.values()) {
    yield { labels: { runner, action }, value: (endedAt - startedAt) / 1_000 };
  }
}
