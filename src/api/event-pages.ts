import { InvalidInput } from '../domain/errors.ts';
import type { EventLevel } from '../domain/events.ts';
import type { EventOwner, EventQuery, StoredEvent } from '../domain/stored-event.ts';
import type { Timeline } from '../lifecycle/timeline.ts';
import { pageLimit } from './schemas/page.ts';
import type { TimelineEntryView, TimelinePageQuery } from './schemas/timeline.ts';
import { timelineEntryView } from './views.ts';

/** Looks of one request at the store, 2,000 events each: the rest is for the next page. */
const MAX_READS = 25;

export interface EventFilter {
  readonly owners?: readonly EventOwner[];
  readonly type?: string;
  readonly level?: EventLevel;
}

/** Oldest first; `next` is the `after` of the page behind it. */
export async function eventPage(
  timeline: Timeline,
  owners: readonly EventOwner[] | undefined,
  query: TimelinePageQuery,
) {
  const limit = pageLimit(query);
  const filter = eventFilter(owners, query);
  let after = await startOf(timeline, query);
  const found: StoredEvent[] = [];
  let isEnd = false;
  // One more than is shown tells whether there is a next page.
  for (let count = 0; count < MAX_READS && found.length <= limit && !isEnd; count += 1) {
    const page = await timeline.read({ ...filter, after, limit: limit + 1 - found.length });
    found.push(...page.entries);
    after = page.upTo;
    isEnd = page.upTo >= page.last;
  }
  const items: TimelineEntryView[] = found.slice(0, limit).map(timelineEntryView);
  const next = found.length > limit ? found[limit - 1]?.sequence : isEnd ? undefined : after;
  return { items, ...(next === undefined ? {} : { next: String(next) }) };
}

export function eventFilter(
  owners: readonly EventOwner[] | undefined,
  { type, level }: Pick<EventQuery, 'type' | 'level'>,
): EventFilter {
  return {
    ...(owners === undefined ? {} : { owners }),
    ...(type === undefined ? {} : { type }),
    ...(level === undefined ? {} : { level }),
  };
}

/** The number behind which reading begins. */
export async function startOf(
  timeline: Timeline,
  { after, since }: { readonly after?: string; readonly since?: string },
): Promise<number> {
  const place = after === undefined ? 0 : sequenceNumber(after, '?after');
  if (since === undefined) return place;
  const at = /^\d{4}-\d\d-\d\d([Tt ]|$)/.test(since) ? Date.parse(since) : Number.NaN;
  if (Number.isNaN(at)) throw invalid('?since', 'It is no time.', 'Write it as 2026-01-31T12:00:00Z.');
  return Math.max(place, await timeline.sequenceBefore(at));
}

export function sequenceNumber(text: string, path: string): number {
  const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(number)) {
    throw invalid(
      path,
      'It is no sequence number.',
      'Use the `sequence` of an event, or the `next` of the page before.',
    );
  }
  return number;
}

export function invalid(path: string, message: string, mend: string): InvalidInput {
  return new InvalidInput('The request was refused.', [{ path, message, mend }]);
}
