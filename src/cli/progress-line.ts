import { sizeText } from './asset-words.ts';
import type { Output } from './output.ts';

/** People's eyes and programs' logs need no more. */
const INTERVAL_MS = 200;

interface Progress {
  readonly doneBytes: number;
  readonly totalBytes: number;
}

/** How far something long is: one line of a terminal that redraws itself, or JSON lines for programs. */
export class ProgressLine {
  readonly #output: Output;
  readonly #isJson: boolean;
  readonly #label: string;
  #drawnAtMs = Number.NEGATIVE_INFINITY;
  #isDrawn = false;

  constructor(output: Output, isJson: boolean, label: string) {
    this.#output = output;
    this.#isJson = isJson;
    this.#label = label;
  }

  show({ doneBytes, totalBytes }: Progress): void {
    const now = performance.now();
    if (now - this.#drawnAtMs < INTERVAL_MS && doneBytes < totalBytes) return;
    this.#drawnAtMs = now;
    if (this.#isJson) this.#output.print(JSON.stringify({ event: 'progress', doneBytes, totalBytes }));
    else {
      const percent = totalBytes === 0 ? 100 : Math.floor((doneBytes / totalBytes) * 100);
      this.#output.draw?.(`${this.#label}  ${percent} %  ${sizeText(doneBytes)} of ${sizeText(totalBytes)}`);
      this.#isDrawn = true;
    }
  }

  end(): void {
    if (this.#isDrawn) this.#output.draw?.('');
  }
}
