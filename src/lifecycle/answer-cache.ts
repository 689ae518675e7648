import type { AnswerFile } from '../domain/answer-file.ts';

/** Of all claims together: what doesn't fit is rendered again, and has to come out the same. */
const MAX_BYTES = 4 * 1024 * 1024;

interface Entry {
  readonly files: readonly AnswerFile[];
  readonly sizeBytes: number;
}

/** Answer files of the grants that were claimed last, so that a repeated request costs nothing. Holds secrets: memory only. */
export class AnswerCache {
  readonly #entries = new Map<string, Entry>();
  #sizeBytes = 0;

  get(grantId: string): readonly AnswerFile[] | undefined {
    return this.#entries.get(grantId)?.files;
  }

  put(grantId: string, files: readonly AnswerFile[]): void {
    this.drop(grantId);
    const sizeBytes = files.reduce((sum, { text }) => sum + text.length, 0);
    if (sizeBytes > MAX_BYTES) return;
    this.#entries.set(grantId, { files, sizeBytes });
    this.#sizeBytes += sizeBytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#sizeBytes <= MAX_BYTES) return;
      this.drop(oldest);
    }
  }

  drop(grantId: string): void {
    this.#sizeBytes -= this.#entries.get(grantId)?.sizeBytes ?? 0;
    this.#entries.delete(grantId);
  }
}
