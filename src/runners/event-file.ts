import { type FileHandle, open } from 'node:fs/promises';
import { parseRunEvent, type RunEvent } from './run-event.ts';

const CHUNK_BYTES = 256 * 1024;
/** A line that is longer is none of ours; it is passed over to its end. */
const MAX_LINE_BYTES = 1024 * 1024;

/**
 * Reads a step's events as they come: each read goes on where the last one ended, and a last line without its end waits for
 * the rest of it.
 */
export class EventFile {
  readonly #path: string;
  #offset = 0;
  #rest = Buffer.alloc(0);
  #isTooLong = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** Everything that came since the last read; a file that is not there yet has nothing. */
  async read(take: (event: RunEvent) => void): Promise<void> {
    let file: FileHandle;
    try {
      file = await open(this.#path, 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    try {
      const chunk = Buffer.alloc(CHUNK_BYTES);
      for (;;) {
        const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, this.#offset);
        if (bytesRead === 0) return;
        this.#offset += bytesRead;
        this.#take(chunk.subarray(0, bytesRead), take);
      }
    } finally {
      await file.close();
    }
  }

  #take(chunk: Buffer, take: (event: RunEvent) => void): void {
    let from = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, from)) {
      const line = Buffer.concat([this.#rest, chunk.subarray(from, end)]);
      from = end + 1;
      this.#rest = Buffer.alloc(0);
      const event = this.#isTooLong ? undefined : parseRunEvent(line.toString('utf8'));
      this.#isTooLong = false;
      if (event !== undefined) take(event);
    }
    const rest = chunk.subarray(from);
    if (this.#isTooLong || this.#rest.length + rest.length > MAX_LINE_BYTES) {
      this.#isTooLong = true;
      this.#rest = Buffer.alloc(0);
    } else if (rest.length > 0) this.#rest = Buffer.concat([this.#rest, rest]);
  }
}
