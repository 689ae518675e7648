import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import type { AssetName } from '../../domain/boot.ts';
import type { Clock } from '../../domain/ports.ts';
import type { ProgramManifest } from './boot-programs.ts';

const REFRESH_MS = 5_000;

/**
 * Which boot programs and modules are there, from memory: a DHCP answer can't wait for a disk. Looked up anew in the
 * background at most every five seconds, and only while somebody asks, so a package that is installed counts at once.
 */
export class ProgramAvailability {
  readonly #assetsDir: string;
  readonly #manifest: ProgramManifest;
  readonly #names: ReadonlySet<AssetName>;
  readonly #clock: Clock;
  #present: ReadonlySet<AssetName> = new Set();
  #refreshedAt = Number.NEGATIVE_INFINITY;
  #refreshing: Promise<void> | undefined;

  /** @param extraNames programs that the configuration names itself */
  constructor(assetsDir: string, manifest: ProgramManifest, extraNames: readonly AssetName[], clock: Clock) {
    this.#assetsDir = assetsDir;
    this.#manifest = manifest;
    this.#names = new Set([...manifest.programs.map((program) => program.name), ...extraNames]);
    this.#clock = clock;
  }

  has(name: AssetName): boolean {
    if (this.#clock.monotonic() - this.#refreshedAt >= REFRESH_MS) void this.refresh();
    return this.#present.has(name);
  }

  async refresh(): Promise<void> {
    this.#refreshing ??= this.#look().finally(() => {
      this.#refreshing = undefined;
    });
    await this.#refreshing;
  }

  async #look(): Promise<void> {
    const present = new Set<AssetName>();
    for (const name of this.#names) {
      const sources = this.#manifest.programs.find((program) => program.name === name)?.sources ?? [];
      if (await anyReadable([join(this.#assetsDir, name), ...sources.map((source) => source.path)])) present.add(name);
    }
    for (const folder of this.#manifest.modules) {
      const http = `${folder.name}/http.mod`;
      if (await anyReadable([join(this.#assetsDir, http), join(folder.path, 'http.mod')])) present.add(http);
    }
    this.#present = present;
    this.#refreshedAt = this.#clock.monotonic();
  }
}

async function anyReadable(paths: readonly string[]): Promise<boolean> {
  for (const path of paths) {
    try {
      await access(path, constants.R_OK);
      return true;
    } catch {
      // The next one may be there; whether none is, is the answer.
    }
  }
  return false;
}
