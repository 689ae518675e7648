/**
 * The lines in which a step tells what it does: `podboot_events.py` for Ansible, and any program of its own accord into the
 * file that PODBOOT_EVENTS names. One JSON object a line; what is not known is passed over. docs/runs.md describes them.
 */
export type RunEvent =
  /** At the start: how many plays, and how many tasks before any include. */
  | { readonly event: 'playbook'; readonly plays: number; readonly tasks: number }
  | { readonly event: 'play'; readonly id: string; readonly play: string }
  | { readonly event: 'task'; readonly id: string; readonly task: string }
  | {
      readonly event: 'host';
      readonly host: string;
      readonly result: HostEventResult;
      readonly task?: string;
      readonly message?: string;
    }
  /** The play ended early for all hosts, since too many had failed. */
  | { readonly event: 'no-hosts-left' }
  /** The last word of a run that came to its end, whatever came of it. */
  | { readonly event: 'stats'; readonly hosts: Readonly<Record<string, HostStats>> };

const RESULTS = ['ok', 'changed', 'failed', 'unreachable', 'skipped', 'ignored', 'retry'] as const;
export type HostEventResult = (typeof RESULTS)[number];

export interface HostStats {
  readonly changed: number;
  readonly failures: number;
  readonly unreachable: number;
}

const MAX_LINE_BYTES = 1024 * 1024;
const MAX_NAME = 256;
const MAX_MESSAGE = 1_000;
const MAX_HOSTS = 10_000;

/** Undefined for what is no event of ours: a torn line, another program's word, an event of a newer plugin. */
export function parseRunEvent(line: string): RunEvent | undefined {
  if (line === '' || line.length > MAX_LINE_BYTES) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isRecord(value)) return undefined;
  switch (value.event) {
    case 'playbook':
      return { event: 'playbook', plays: count(value.plays), tasks: count(value.tasks) };
    case 'play':
      return { event: 'play', id: text(value.id), play: text(value.play) };
    case 'task':
      return { event: 'task', id: text(value.id), task: text(value.task) };
    case 'host':
      return hostEvent(value);
    case 'no-hosts-left':
      return { event: 'no-hosts-left' };
    case 'stats':
      return isRecord(value.hosts) ? { event: 'stats', hosts: stats(value.hosts) } : undefined;
    default:
      return undefined;
  }
}

function hostEvent(value: Record<string, unknown>): RunEvent | undefined {
  const result = RESULTS.find((each) => each === value.result);
  const host = text(value.host);
  if (result === undefined || host === '') return undefined;
  const task = text(value.task);
  const message = text(value.message, MAX_MESSAGE);
  return {
    ...{ event: 'host', host, result },
    ...(task === '' ? {} : { task }),
    ...(message === '' ? {} : { message }),
  };
}

function stats(hosts: Record<string, unknown>): Record<string, HostStats> {
  const entries = Object.entries(hosts).slice(0, MAX_HOSTS);
  return Object.fromEntries(
    entries.flatMap(([name, value]) =>
      isRecord(value)
        ? [
            [
              name,
              {
                changed: count(value.changed),
                failures: count(value.failures),
                unreachable: count(value.unreachable),
              },
            ],
          ]
        : [],
    ),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : 0;
}

/** One line without control characters: it is shown in a terminal. */
function text(value: unknown, limit = MAX_NAME): string {
  if (typeof value !== 'string') return '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const plain = value.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
  return plain.length <= limit ? plain : `${plain.slice(0, limit - 1)}…`;
}
