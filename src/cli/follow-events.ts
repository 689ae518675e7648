import type { TimelineEntryView } from '../api/schemas/timeline.ts';
import { HostRefused } from '../domain/errors.ts';

export interface EventSource {
  /**
   * Opens the stream and gives its text as it comes, until it ends.
   * @throws HostRefused where nobody answers or the connection breaks; PodbootError for a refusal
   */
  stream(path: string, headers: Readonly<Record<string, string>>, onText: (text: string) => void): Promise<void>;
}

export interface FollowOptions {
  /** Below /api/v1, with its filters. */
  readonly path: string;
  /** Asked before each attempt: the token may be another one by then. */
  readonly connect: () => EventSource;
  readonly onEvent: (event: TimelineEntryView) => void;
  /** The connection broke and is tried again. */
  readonly onBreak: (reason: string, waitMs: number) => void;
  readonly pause: (ms: number) => Promise<void>;
}

const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 30_000;

/**
 * Follows events over broken connections and restarts of the daemon, from where it was. Ends where there is nothing more to
 * come: the node was removed.
 *
 * @throws what the first attempt throws; later, what waiting does not mend: a token that does not count, a wrong filter
 */
export async function followEvents({ path, connect, onEvent, onBreak, pause }: FollowOptions): Promise<void> {
  let lastId: string | undefined;
  let waitMs = FIRST_WAIT_MS;
  for (let isFirst = true; ; isFirst = false) {
    let reason = 'the stream ended';
    let isOver = false;
    const read = messageReader((message) => {
      waitMs = FIRST_WAIT_MS;
      if (message.id !== undefined) lastId = message.id;
      if (message.data === undefined) return;
      if (message.event !== 'end') {
        onEvent(JSON.parse(message.data) as TimelineEntryView);
        return;
      }
      const end = JSON.parse(message.data) as { readonly reason: string; readonly detail: string };
      reason = end.detail;
      isOver = end.reason === 'node-removed';
    });
    try {
      await connect().stream(path, lastId === undefined ? {} : { 'last-event-id': lastId }, read);
    } catch (error) {
      if (isFirst && lastId === undefined) throw error;
      if (!(error instanceof HostRefused)) throw error;
      reason = error.message;
    }
    if (isOver) return;
    onBreak(reason, waitMs);
    await pause(waitMs);
    waitMs = Math.min(waitMs * 2, MAX_WAIT_MS);
  }
}

export interface StreamMessage {
  readonly id?: string;
  readonly event?: string;
  readonly data?: string;
}

/** A line of an event is some hundred bytes; who sends more than this without an end is no podboot. */
const MAX_MESSAGE = 1_000_000;

/** Takes the text of an event stream in pieces (HTML Living Standard, section 9.2.6) and gives its messages. */
export function messageReader(onMessage: (message: StreamMessage) => void): (text: string) => void {
  let rest = '';
  return (text) => {
    const blocks = `${rest}${text}`.split('\n\n');
    rest = blocks.pop() ?? '';
    if (rest.length > MAX_MESSAGE) throw new HostRefused('what answers is no stream of events', 'Look at --api.');
    for (const block of blocks) onMessage(readMessage(block));
  };
}

function readMessage(block: string): StreamMessage {
  const fields: { id?: string; event?: string; data?: string } = {};
  for (const line of block.split('\n')) {
    const [, name, value = ''] = /^([a-z]+):? ?(.*)$/s.exec(line) ?? [];
    if (name === 'id' || name === 'event') fields[name] = value;
    else if (name === 'data') fields.data = fields.data === undefined ? value : `${fields.data}\n${value}`;
  }
  return fields;
}
