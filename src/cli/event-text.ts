import type { TimelineEntryView } from '../api/schemas/timeline.ts';
import { printable } from './table.ts';

/** One line of a timeline. */
export function entryLine(entry: TimelineEntryView): string {
  const mend = entry.mend === undefined ? '' : ` → ${entry.mend}`;
  const mark = entry.level === 'info' ? '' : `${entry.level}: `;
  return printable(`${entry.at}  ${mark}${entry.text}${mend}`);
}

/** One line of everybody's events: with whom it is about, where its text does not say so. */
export function eventLine(entry: TimelineEntryView): string {
  const who = entry.node ?? entry.key?.replace(/^mac:/, '') ?? '';
  return entryLine(entry.text.includes(who) ? entry : { ...entry, text: `${who}  ${entry.text}` });
}
