import { closeSync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const SEGMENT_BYTES = 1024 * 1024;
const NAME = /^[0-9]{16}$/;

/** A stretch of a log: named after where in the whole log it begins. */
export interface Segment {
  readonly offset: number;
  readonly path: string;
}

/** In order; what lay between two that do not meet was left out. */
export function segmentsOf(folder: string): Segment[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names
    .filter((name) => NAME.test(name))
    .sort()
    .map((name) => ({ offset: Number(name), path: join(folder, name) }));
}

/**
 * A log that keeps its beginning and its end, however long it gets: what a run said at first and what it said at last are
 * what people read. Offsets count every byte that was ever written, so a reader can go on where it was.
 */
export class SegmentedLog {
  readonly #folder: string;
  readonly #headBytes: number;
  readonly #tailBytes: number;
  #file: number | undefined;
  #segmentOffset = 0;
  #offset = 0;
  #tail: number[] = [];

  constructor(folder: string, headBytes: number, tailBytes: number) {
    this.#folder = folder;
    this.#headBytes = headBytes;
    this.#tailBytes = tailBytes;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  get writtenBytes(): number {
    return this.#offset;
  }

  /** @throws as the file system does: ENOSPC */
  write(line: Buffer): void {
    if (this.#file === undefined || this.#offset - this.#segmentOffset >= SEGMENT_BYTES) this.#begin();
    let done = 0;
    while (done < line.length) {
      const wrote = writeSync(this.#file as number, line, done);
      done += wrote;
      this.#offset += wrote;
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #begin(): void {
    const offset = this.#offset;
    const next = openSync(this.#pathOf(offset), 'w', 0o600);
    this.close();
    this.#file = next;
    this.#segmentOffset = offset;
    if (offset < this.#headBytes) return;
    this.#tail.push(offset);
    for (let first = this.#tail[0]; first !== undefined && offset - first > this.#tailBytes; first = this.#tail[0]) {
      rmSync(this.#pathOf(first), { force: true });
      this.#tail.shift();
    }
  }

  #pathOf(offset: number): string {
    return join(this.#folder, String(offset).padStart(16, '0'));
  }
}
