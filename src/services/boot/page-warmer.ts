import type { OpenAsset } from './asset-catalogue.ts';

/**
 * One read of the thread pool, and what one sendfile(2) may send at most. Not less: with 1 MiB a call, 60 MiB for 64
 * clients cost half as much CPU again (measured).
 */
export const PAGE_RUN_BYTES = 4096 * 1024;
const RUNS_AHEAD = 3;
const MAX_FILES = 64;
/** The kernel may have dropped the pages of a file that nobody read for so long. */
const FORGET_AFTER_MS = 60_000;

interface WarmFile {
  readonly warm: Set<number>;
  readonly warming: Map<number, Promise<void>>;
  usedAtMs: number;
}

/**
 * Brings a file's pages into the page cache from the thread pool, once for all clients, before sendfile(2) sends them:
 * it would wait for the disk on the loop's own thread.
 */
export class PageWarmer {
  readonly #files = new Map<string, WarmFile>();
  readonly #monotonic: () => number;
  /** Where the bytes go; nobody looks at them. */
  readonly #sink = Buffer.allocUnsafeSlow(PAGE_RUN_BYTES);

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  /** Undefined: the pages at this offset were read lately. The runs after it are fetched ahead. */
  warm(asset: OpenAsset, offset: number): Promise<void> | undefined {
    const file = this.#file(asset.identity);
    const run = Math.floor(offset / PAGE_RUN_BYTES);
    if (file.warm.has(run)) return undefined;
    const lastRun = Math.floor((asset.sizeBytes - 1) / PAGE_RUN_BYTES);
    for (let ahead = run + 1; ahead <= Math.min(run + RUNS_AHEAD, lastRun); ahead += 1) {
      // A failure is told to whoever needs the run: that read meets it again.
      if (!file.warm.has(ahead)) this.#warming(asset, file, ahead).catch(() => undefined);
    }
    return this.#warming(asset, file, run);
  }

  #warming(asset: OpenAsset, file: WarmFile, run: number): Promise<void> {
    let warming = file.warming.get(run);
    if (warming === undefined) {
      warming = this.#read(asset, file, run);
      file.warming.set(run, warming);
    }
    return warming;
  }

  async #read(asset: OpenAsset, file: WarmFile, run: number): Promise<void> {
    try {
      await asset.handle.read(this.#sink, 0, PAGE_RUN_BYTES, run * PAGE_RUN_BYTES);
      file.warm.add(run);
    } finally {
      file.warming.delete(run);
    }
  }

  #file(identity: string): WarmFile {
    const now = this.#monotonic();
    let file = this.#files.get(identity);
    if (file === undefined || now - file.usedAtMs > FORGET_AFTER_MS) {
      file = { warm: new Set(), warming: new Map(), usedAtMs: now };
      this.#files.delete(identity);
      for (const oldest of this.#files.keys()) {
        if (this.#files.size < MAX_FILES) break;
        this.#files.delete(oldest);
      }
      this.#files.set(identity, file);
    }
    file.usedAtMs = now;
    return file;
  }
}
