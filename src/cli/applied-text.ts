import type { AppliedView } from '../api/schemas/enrolment.ts';
import { formatProblem } from './failure.ts';
import type { Output } from './output.ts';
import { printable, table } from './table.ts';

/** What happened to each node, or would, and a line that counts them; those that stay as they are are only counted. */
export function appliedText(applied: AppliedView): string {
  const { created, updated, unchanged, dryRun } = applied;
  const changed = applied.items.filter(({ action }) => action !== 'unchanged');
  const rows = changed.map(({ action, name, where, changes }) => [action, name, where, changes.join(', ')]);
  const counts = [`${created} created`, `${updated} updated`, `${unchanged} unchanged`];
  const summary = changed.length === 0 ? `unchanged: all ${unchanged} are like that already` : counts.join(', ');
  const text = rows.length === 0 ? summary : `${table(['', 'node', 'where', 'changes'], rows)}\n${summary}`;
  return dryRun ? `${text} (dry run: nothing was changed)` : text;
}

/** What was not taken over, on standard error. */
export function tellNotes({ notes = [] }: AppliedView, file: string, output: Output): void {
  for (const note of notes)
    output.tell(printable(`note: ${formatProblem({ ...note, path: '' }, file)}`.replaceAll(/\n\s*/g, ' → ')));
}
