import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Timer } from '../../domain/ports.ts';
import type { ConsoleRecording } from './ports.ts';

export interface TranscriptLimits {
  /** The beginning, which stays. */
  readonly headBytes: number;
  /** Each of the two halves of the end, of which the older one is overwritten. */
  readonly tailBytes: number;
}

/** 4 MiB of one boot: a verbose installer has 300 kB. */
export const TRANSCRIPT_LIMITS: TranscriptLimits = { headBytes: 2 * 1024 * 1024, tailBytes: 1024 * 1024 };

/** The files of one transcript: `ID.log`, and the two halves of its end. Each has its times in a file beside it. */
export const PARTS = ['log', 'tail-a', 'tail-b'] as const;
export type Part = (typeof PARTS)[number];
export const TIMES = '.times';

const FLUSH_MS = 500;
const MAX_PENDING_BYTES = 1024 * 1024;
const MARK_EVERY_MS = 1_000;
/** Of one part: three hours of a line that says something every second. */
const MAX_MARKS = 10_000;

interface Piece {
  readonly bytes: Buffer;
  /** Of its first byte, among all that was said. */
  readonly offset: number;
  /** Absent where the last mark is younger than a second. */
  readonly atMs: number | undefined;
}

/**
 * What a machine said during one boot, byte for byte with its escape sequences. Written at most half a second later; of one
 * that says too much the beginning and the end are kept.
 */
export class Transcript implements ConsoleRecording {
  readonly id: string;
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #limits: TranscriptLimits;
  readonly #failed: (error: unknown) => void;
  #pending: Piece[] = [];
  #pendingBytes = 0;
  #droppedBytes = 0;
  #offset = 0;
  #markedAt = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();
  #part: Part = 'log';
  #partBytes = 0;
  #partMarks = 0;
  #hasFailed = false;

  constructor(options: {
    readonly folder: string;
    readonly clock: Clock;
    readonly limits?: TranscriptLimits;
    /** The disk refuses: nothing more is written. */
    readonly failed: (error: unknown) => void;
  }) {
    this.#folder = options.folder;
    this.#clock = options.clock;
    this.#limits = options.limits ?? TRANSCRIPT_LIMITS;
    this.#failed = options.failed;
    this.id = transcriptId(options.clock.now());
  }

  output(characters: Uint8Array): void {
    if (this.#hasFailed) return;
    if (this.#pendingBytes + characters.length > MAX_PENDING_BYTES) {
      this.#droppedBytes += characters.length;
      return;
    }
    const isDue = this.#clock.monotonic() - this.#markedAt >= MARK_EVERY_MS;
    if (isDue) this.#markedAt = this.#clock.monotonic();
    const atMs = isDue ? this.#clock.now() : undefined;
    this.#pending.push({ bytes: Buffer.from(characters), offset: this.#offset, atMs });
    this.#offset += characters.length;
    this.#pendingBytes += characters.length;
    this.#timer ??= this.#clock.setTimeout(() => void this.flush(), FLUSH_MS);
  }

  mark(text: string): void {
    this.output(Buffer.from(`\r\n[podboot ${new Date(this.#clock.now()).toISOString()}: ${text}]\r\n`));
  }

  /** Resolves when all that was said so far is in the files. */
  flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    const pieces = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    if (this.#droppedBytes > 0) {
      const droppedBytes = this.#droppedBytes;
      this.#droppedBytes = 0;
      this.mark(`${droppedBytes} bytes are missing here: the disk was too slow`);
    }
    if (pieces.length === 0 || this.#hasFailed) return;
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      for (const run of this.#runs(pieces)) await this.#append(run);
    } catch (error) {
      this.#hasFailed = true;
      this.#pending = [];
      this.#failed(error);
    }
  }

  /** Pieces cut where a part is full, those of one part together. */
  #runs(pieces: readonly Piece[]): Piece[][] {
    const runs: Piece[][] = [];
    let leftBytes = this.#roomBytes;
    let run: Piece[] = [];
    for (const piece of pieces) {
      let rest: Piece | undefined = piece;
      while (rest !== undefined) {
        const { bytes, offset, atMs }: Piece = rest;
        const taken = bytes.subarray(0, leftBytes);
        if (taken.length > 0) run.push({ bytes: taken, offset, atMs });
        leftBytes -= taken.length;
        const left = bytes.subarray(taken.length);
        rest = left.length > 0 ? { bytes: left, offset: offset + taken.length, atMs } : undefined;
        if (rest === undefined) continue;
        runs.push(run);
        run = [];
        leftBytes = this.#limits.tailBytes;
      }
    }
    runs.push(run);
    return runs;
  }

  get #roomBytes(): number {
    return (this.#part === 'log' ? this.#limits.headBytes : this.#limits.tailBytes) - this.#partBytes;
  }

  async #append(run: readonly Piece[]): Promise<void> {
    if (this.#roomBytes === 0 && run.length > 0) {
      this.#part = this.#part === 'tail-a' ? 'tail-b' : 'tail-a';
      this.#partBytes = 0;
      this.#partMarks = 0;
    }
    const bytes = Buffer.concat(run.map((piece) => piece.bytes));
    if (bytes.length === 0) return;
    const path = join(this.#folder, `${this.id}.${this.#part}`);
    const isNew = this.#partBytes === 0;
    const times = this.#times(run, isNew);
    const put = isNew ? writeFile : appendFile;
    await put(path, bytes, { mode: 0o600 });
    if (times !== '') await put(`${path}${TIMES}`, times, { mode: 0o600 });
    this.#partBytes += bytes.length;
  }

  /** Lines of offset and milliseconds since 1970. A part begins with one: it says where it belongs. */
  #times(run: readonly Piece[], isNew: boolean): string {
    let text = '';
    for (const [index, { offset, atMs }] of run.entries()) {
      const isFirst = isNew && index === 0;
      if (!isFirst && (atMs === undefined || this.#partMarks >= MAX_MARKS)) continue;
      this.#partMarks += 1;
      text += `${offset} ${atMs ?? this.#clock.now()}\n`;
    }
    return text;
  }
}

/** `20260101T120000123Z`: sorts by time, and is a file's name everywhere. */
export function transcriptId(atMs: number): string {
  return new Date(atMs).toISOString().replaceAll(/[-:.]/g, '');
}
