import type { JobDetailView } from '../api/schemas/power.ts';
import type { ApiClient } from './api-client.ts';
import type { Output } from './output.ts';
import { printable, table } from './table.ts';

const LOOK_MS = 500;
const ENDED: ReadonlySet<string> = new Set(['done', 'cancelled']);
/** What a person has to look at. */
const NOTABLE: ReadonlySet<string> = new Set(['failed', 'unsure', 'skipped', 'cancelled']);

/** Draws a job's progress until it has ended; Ctrl-C leaves the job running. */
export async function followJob(
  api: ApiClient,
  id: string,
  output: Output,
  pause: (ms: number) => Promise<void>,
): Promise<JobDetailView> {
  for (;;) {
    const { body } = await api.call<JobDetailView>('GET', `/jobs/${encodeURIComponent(id)}`);
    if (ENDED.has(body.state) && body.counts.underWay === 0) {
      output.draw?.('');
      return body;
    }
    output.draw?.(progressText(body));
    if (body.state === 'paused' && body.counts.underWay === 0) return body;
    await pause(LOOK_MS);
  }
}

function progressText({ action, state, counts }: JobDetailView): string {
  const { nodes, waiting, underWay, failed } = counts;
  const ended = nodes - waiting - underWay;
  const bad = failed === 0 ? '' : `, ${failed} failed`;
  return `${action}  ${ended} of ${nodes}${bad}  (${underWay} under way, ${waiting} waiting${state === 'running' ? '' : `, ${state}`})`;
}

/** Who needs looking at, and the sum. */
export function reportText({ id, action, state, counts, steps }: JobDetailView): string {
  const notable = steps.filter(({ stage }) => NOTABLE.has(stage));
  const rows = notable.map(({ node, stage, text, mend }) => [
    node,
    stage,
    `${text ?? ''}${mend === undefined ? '' : ` → ${mend}`}`,
  ]);
  const only = steps.length === 1 ? steps[0] : undefined;
  if (only !== undefined && notable.length === 0 && only.text !== undefined) return printable(only.text);
  const sums = (['done', 'failed', 'unsure', 'skipped', 'cancelled', 'underWay', 'waiting'] as const)
    .filter((key) => counts[key] > 0)
    .map((key) => `${counts[key]} ${key === 'underWay' ? 'under way' : key}`);
  const sum = `${action}: ${sums.join(', ')}${state === 'done' ? '' : ` (${state})`}  ${id}`;
  return rows.length === 0 ? sum : `${table(['node', 'outcome', 'what'], rows)}\n${sum}`;
}

export function hasTrouble({ counts }: Pick<JobDetailView, 'counts'>): boolean {
  return counts.failed + counts.unsure + counts.skipped > 0;
}
