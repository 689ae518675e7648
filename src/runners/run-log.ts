import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunId } from '../domain/hand-off.ts';
import type { Clock } from '../domain/ports.ts';
import { RUN_FILES } from './launcher/run-folder.ts';
import { type Segment, segmentsOf } from './launcher/segmented-log.ts';
import { maskSecrets } from './mask-secrets.ts';
import type { RunFolders } from './run-folders.ts';

const PAGE_BYTES = 256 * 1024;
const LOOK_MS = 300;
const NEWLINE = 0x0a;

export interface LogPage {
  /** Whole lines. What is not UTF-8 stands as U+FFFD, control characters as `?`, secrets as `[secret]`. */
  readonly text: string;
  /** Bytes of the log before what comes next: `after` of the next page. */
  readonly next: number;
  /** There is nothing more now. */
  readonly isEnd: boolean;
}

/** What the steps of a run said, page by page; a reader goes on where it was, whatever happened meanwhile. */
export class RunLog {
  readonly #folders: RunFolders;
  readonly #clock: Clock;

  constructor(folders: RunFolders, clock: Clock) {
    this.#folders = folders;
    this.#clock = clock;
  }

  /**
   * @param after bytes of the log that are known
   * @param isOver whether the run has ended: its last line may have no end
   */
  async page(id: RunId, after: number, isOver: boolean): Promise<LogPage> {
    const segments = segmentsOf(join(this.#folders.of(id), RUN_FILES.log));
    const [first] = segments;
    const at = segments.findLast(({ offset }) => offset <= after) ?? first;
    if (at === undefined) return { text: '', next: after, isEnd: true };
    const from = Math.max(after, at.offset);
    const bytes = await readFrom(at, from);
    const following = segments.find(({ offset }) => offset > at.offset);
    if (bytes.length === 0 && following !== undefined) return passOver(from, following);
    const isLast = following === undefined && bytes.length < PAGE_BYTES;
    const whole = isLast && isOver ? bytes.length : bytes.lastIndexOf(NEWLINE) + 1;
    // A line is never longer than a page: the wrapper cuts it.
    const kept = bytes.subarray(0, whole);
    return { text: shown(kept), next: from + kept.length, isEnd: isLast };
  }

  /** As `page`, but waits for something to come, at most so long. */
  async await(id: RunId, after: number, isOver: () => boolean, limitMs: number): Promise<LogPage> {
    const end = this.#clock.monotonic() + limitMs;
    for (;;) {
      const over = isOver();
      const page = await this.page(id, after, over);
      if (page.text !== '' || page.next !== after || over || this.#clock.monotonic() >= end) return page;
      await new Promise<void>((resolve) => void this.#clock.setTimeout(resolve, LOOK_MS));
    }
  }
}

async function readFrom({ path, offset }: Segment, from: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const chunk = Buffer.alloc(PAGE_BYTES);
    const { bytesRead } = await file.read(chunk, 0, PAGE_BYTES, from - offset);
    return chunk.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function passOver(from: number, { offset }: Segment): LogPage {
  const left = offset - from;
  return { text: left === 0 ? '' : `[… ${left} bytes left out here]\n`, next: offset, isEnd: false };
}

function shown(bytes: Buffer): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours and what else a terminal would do
  const uncoloured = bytes.toString('utf8').replace(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, '');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all but tabs and line ends
  const plain = uncoloured.replaceAll('\r\n', '\n').replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '?');
  return maskSecrets(plain);
}
