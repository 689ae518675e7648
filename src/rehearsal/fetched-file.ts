import { createHash } from 'node:crypto';

/** A script, a configuration: whatever a boot program reads rather than runs is far below this. */
const HEAD_BYTES = 64 * 1024;

/** A file as a machine got it: enough to check it and to read it where it is a text, without keeping an image in memory. */
export interface FetchedFile {
  /** As it was asked for: a URL, or a TFTP name. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** The first 64 KiB. */
  readonly head: Uint8Array;
}

export class FileCollector {
  readonly #hash = createHash('sha256');
  readonly #head: Uint8Array[] = [];
  #headBytes = 0;
  #sizeBytes = 0;

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Copies what it keeps: the caller may reuse `data`. */
  add(data: Uint8Array): void {
    this.#hash.update(data);
    this.#sizeBytes += data.length;
    const room = HEAD_BYTES - this.#headBytes;
    if (room <= 0) return;
    const part = data.slice(0, room);
    this.#head.push(part);
    this.#headBytes += part.length;
  }

  finish(name: string): FetchedFile {
    return { name, sizeBytes: this.#sizeBytes, sha256: this.#hash.digest('hex'), head: Buffer.concat(this.#head) };
  }
}

export function fileText(file: FetchedFile): string {
  return new TextDecoder().decode(file.head);
}
