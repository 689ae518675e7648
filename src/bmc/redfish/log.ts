import type { BmcLogEntry } from '../driver.ts';
import type { Resource } from './client.ts';
import { type JsonObject, linkAt, textAt } from './json.ts';
import type { Deadline } from './ports.ts';
import type { RedfishService } from './service.ts';
import { printable } from './words.ts';

const MAX_TEXT = 500;
const MAX_RAW = 1_000;
/** Entries of one second that have no number of their own. */
const PER_SECOND = 1_000;

/**
 * Entries after `sinceId`, oldest first. A log whose entries all have smaller ids was cleared: it is read from its
 * beginning.
 */
export async function readLog(
  service: RedfishService,
  sinceId: number,
  limit: number,
  deadline: Deadline,
): Promise<readonly BmcLogEntry[]> {
  const entries = await entriesLink(service, deadline);
  const { found, newestId } = await collect(service, entries, sinceId, limit, deadline);
  if (newestId === undefined || newestId >= sinceId) return found;
  return (await collect(service, entries, 0, limit, deadline)).found;
}

/** The event log of the system, else of its manager: SEL first, it has what IPMI has. */
async function entriesLink(service: RedfishService, deadline: Deadline): Promise<string | undefined> {
  const system = await service.system(deadline);
  const logs = [...(await service.members(linkAt(system.body, 'LogServices'), deadline))];
  if (!logs.some(isEventLog)) {
    const manager = await service.manager(system, deadline);
    logs.push(...(await service.members(linkAt(manager?.body, 'LogServices'), deadline)));
  }
  const log = logs.find((one) => /^sel$/i.test(textAt(one.body, 'Id') ?? '')) ?? logs.find(isEventLog) ?? logs[0];
  return linkAt(log?.body, 'Entries');
}

function isEventLog({ body }: Resource): boolean {
  return (
    textAt(body, 'LogEntryType') === 'SEL' || /^(?:sel|eventlog|event|sysevent.*)$/i.test(textAt(body, 'Id') ?? '')
  );
}

interface Collected {
  readonly found: readonly BmcLogEntry[];
  readonly newestId: number | undefined;
}

/** BMCs list the newest first, or the oldest: all pages are seen, and only as much is kept as is asked for. */
async function collect(
  service: RedfishService,
  link: string | undefined,
  sinceId: number,
  limit: number,
  deadline: Deadline,
): Promise<Collected> {
  let found: BmcLogEntry[] = [];
  let newestId: number | undefined;
  const numbered = new Map<number, number>();
  for await (const page of service.pages(link, deadline)) {
    const ids: number[] = [];
    for (const member of page) {
      const entry = await entryOf(service, member, numbered, deadline);
      if (entry === undefined) continue;
      ids.push(entry.id);
      newestId = Math.max(newestId ?? entry.id, entry.id);
      if (entry.id > sinceId) found.push(entry);
    }
    found = found.sort((one, other) => one.id - other.id).slice(0, limit);
    // The newest first, and the rest was read before.
    const [first, last] = [ids[0], ids.at(-1)];
    if (first !== undefined && last !== undefined && first > last && last <= sinceId) break;
  }
  return { found, newestId };
}

async function entryOf(
  service: RedfishService,
  member: JsonObject,
  numbered: Map<number, number>,
  deadline: Deadline,
): Promise<BmcLogEntry | undefined> {
  const isLinkAlone = textAt(member, 'Id') === undefined;
  const body = isLinkAlone ? (await service.client.getIfThere(textAt(member, '@odata.id'), deadline))?.body : member;
  if (body === undefined) return undefined;
  const timeSeconds = timeOf(body);
  const id = idOf(textAt(body, 'Id') ?? '', timeSeconds, numbered);
  if (id === undefined) return undefined;
  const text = textAt(body, 'Message') ?? textAt(body, 'MessageId') ?? textAt(body, 'Name') ?? 'without a word';
  return {
    id,
    ...(timeSeconds === undefined ? {} : { timeSeconds }),
    text: printable(text, MAX_TEXT),
    severity: severityOf(body),
    raw: printable(JSON.stringify(body), MAX_RAW),
  };
}

/** A number as most have it; OpenBMC's `1577912400_1`; of others the time, and which one of its second it is. */
function idOf(text: string, timeSeconds: number | undefined, numbered: Map<number, number>): number | undefined {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  const [, seconds, index] = /^(\d{9,11})_(\d{1,3})$/.exec(text) ?? [];
  if (seconds !== undefined) return Number(seconds) * PER_SECOND + Number(index);
  if (timeSeconds === undefined) return undefined;
  const nth = numbered.get(timeSeconds) ?? 0;
  numbered.set(timeSeconds, nth + 1);
  return timeSeconds * PER_SECOND + Math.min(nth, PER_SECOND - 1);
}

function timeOf(body: JsonObject): number | undefined {
  const milliseconds = Date.parse(textAt(body, 'EventTimestamp') ?? textAt(body, 'Created') ?? '');
  // Before 2000: the BMC had not been told the time.
  return milliseconds >= 946_684_800_000 ? Math.floor(milliseconds / 1_000) : undefined;
}

function severityOf(body: JsonObject): BmcLogEntry['severity'] {
  const severity = (textAt(body, 'Severity') ?? textAt(body, 'MessageSeverity') ?? 'OK').toLowerCase();
  if (severity === 'critical') return 'critical';
  return severity === 'warning' ? 'warning' : 'info';
}
