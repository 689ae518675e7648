import type { Comparison, Contender } from './cases.ts';

/** One line of the bench's output. */
export interface BenchRecord {
  readonly label: string;
  readonly v: Readonly<Record<string, number | string>>;
}

/** What one contender did in one comparison. */
export interface Standing {
  readonly contender: Contender;
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
  /** CPU seconds that the server used, median. Steadier than any rate. */
  readonly cpuSeconds: number;
  /** Exchanges, transfers or machines that failed, over all runs. */
  readonly failed: number;
}

export interface Outcome {
  readonly comparison: Comparison;
  readonly ours: Standing;
  readonly peers: readonly Standing[];
  /** Ours to the best peer's; undefined where there is no peer. */
  readonly ratio: number | undefined;
  readonly met: boolean | undefined;
}

export function standing(contender: Contender, figure: string, records: readonly BenchRecord[]): Standing {
  const of = (name: string) =>
    records
      .map(({ v }) => Number(v[name]))
      .filter(Number.isFinite)
      .sort((a, b) => a - b);
  const middle = (values: readonly number[]) => values[(values.length - 1) >> 1] ?? Number.NaN;
  const values = of(figure);
  return {
    contender,
    median: middle(values),
    lowest: values[0] ?? Number.NaN,
    highest: values.at(-1) ?? Number.NaN,
    cpuSeconds: middle(of('sut_cpu_s')),
    failed: [...of('fail'), ...of('failed'), ...of('nak')].reduce((sum, value) => sum + value, 0),
  };
}

export function judge(comparison: Comparison, ours: Standing, peers: readonly Standing[]): Outcome {
  const { better, goal } = comparison;
  const known = peers.map(({ median }) => median).filter(Number.isFinite);
  const best = known.length === 0 ? undefined : better === 'more' ? Math.max(...known) : Math.min(...known);
  const ratio = best === undefined ? undefined : ours.median / best;
  const reaches = (value: number, limit: number) => (better === 'more' ? value >= limit : value <= limit);
  const met =
    goal === undefined
      ? undefined
      : ours.failed === 0 &&
        ('absolute' in goal ? reaches(ours.median, goal.absolute) : ratio !== undefined && reaches(ratio, goal.ratio));
  return { comparison, ours, peers, ratio, met };
}

/** docs/performance.md: ratios first, then what each did. */
export function renderReport(
  outcomes: readonly Outcome[],
  machine: string,
  repetitions: number,
  sections: readonly string[] = [],
): string {
  const goalText = ({ goal, better, unit }: Comparison) => {
    if (goal === undefined) return '';
    const bound = better === 'more' ? 'at least' : 'at most';
    return 'ratio' in goal ? `${bound} ${goal.ratio}×` : `${bound} ${goal.absolute} ${unit}`;
  };
  const summary = outcomes.map(({ comparison, ours, ratio, met }) =>
    row([
      comparison.title,
      ratio === undefined ? `${round(ours.median)} ${comparison.unit}` : `**${round(ratio)}×**`,
      goalText(comparison),
      met === undefined ? '' : met ? 'met' : 'missed',
    ]),
  );
  const details = outcomes.map(({ comparison, ours, peers }) =>
    [
      `### ${comparison.title}`,
      '',
      row(['server', comparison.unit, 'lowest to highest', 'CPU seconds', 'failed']),
      row(['---', '---', '---', '---', '---']),
      ...[ours, ...peers].map((each) =>
        row([
          each.contender.label,
          round(each.median),
          `${round(each.lowest)} to ${round(each.highest)}`,
          round(each.cpuSeconds),
          String(each.failed),
        ]),
      ),
      '',
    ].join('\n'),
  );
  return `${[
    '# Performance',
    '',
    'Written by `npm run bench`, which runs the daemon and its peers one after the other on the same machine, in network',
    'namespaces, the server pinned to one core and the load to another. A ratio is our median divided by that of the best',
    'peer in the same run. For time and memory less is better.',
    '',
    `Measured on ${machine}; ${repetitions === 1 ? 'one run' : `median of ${repetitions} runs`} each.`,
    '',
    row(['', 'podboot to the best peer', 'goal', '']),
    row(['---', '---', '---', '---']),
    ...summary,
    '',
    ...details,
    ...sections,
    '## Commands',
    '',
    '```',
    'npm run bench                      # everything, three runs each',
    'npm run bench -- --runs 1 tftp     # cases whose name begins so, one run',
    '```',
    '',
    'It needs root, Debian 12 and the load generators of `../shared/bench`.',
  ].join('\n')}\n`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function round(value: number): string {
  if (!Number.isFinite(value)) return 'did not run';
  if (Math.abs(value) >= 100) return String(Math.round(value));
  return String(Number(value.toFixed(value < 1 ? 3 : 2)));
}
