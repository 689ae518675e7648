import type { ConsoleNotice } from './ports.ts';

export interface ReaderPipe {
  /** What was given to it and has not left yet. */
  readonly bufferedBytes: number;
  characters(bytes: Uint8Array): void;
  notice(notice: ConsoleNotice): void;
}

/** Three to twenty seconds of a serial line: a reader that is further behind does not hold the others' memory. */
const MAX_BUFFERED_BYTES = 256 * 1024;

/** Drops for a reader what it is too slow for, and says how much at the place where it was. */
export class SlowReader {
  readonly #pipe: ReaderPipe;
  #droppedBytes = 0;

  constructor(pipe: ReaderPipe) {
    this.#pipe = pipe;
  }

  output(characters: Uint8Array): void {
    const { bufferedBytes } = this.#pipe;
    // Once it is behind, it goes on only when it has caught up: else every other piece would be missing.
    const limit = this.#droppedBytes > 0 ? MAX_BUFFERED_BYTES / 4 : MAX_BUFFERED_BYTES;
    if (bufferedBytes + characters.length > limit) {
      this.#droppedBytes += characters.length;
      return;
    }
    this.catchUp();
    this.#pipe.characters(characters);
  }

  /** Also now and then, for a machine that says nothing more. */
  catchUp(): void {
    const sizeBytes = this.#droppedBytes;
    if (sizeBytes === 0 || this.#pipe.bufferedBytes > MAX_BUFFERED_BYTES / 4) return;
    this.#droppedBytes = 0;
    this.#pipe.notice({
      type: 'dropped',
      text: `${sizeBytes} bytes were dropped: this reader was too slow`,
      sizeBytes,
    });
  }
}
