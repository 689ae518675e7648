import { open } from 'node:fs/promises';
import { type Medium, UnreadableMedium } from './medium.ts';
import type { Staging } from './staging.ts';
import type { TakenFile, TakenFiles } from './taken-files.ts';

export interface ImportProgress {
  /** Of the asset. */
  readonly name: string;
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export interface Filling {
  readonly name: string;
  readonly totalBytes: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined;
}

/** Every byte of the asset but its manifest. @throws UnreadableMedium, HostRefused, AbortError */
export async function fillStaging(
  staging: Staging,
  medium: Medium,
  files: TakenFiles,
  filling: Filling,
): Promise<void> {
  const { name, totalBytes, signal, onProgress } = filling;
  let doneBytes = 0;
  const onBytes = (bytes: number) => {
    doneBytes += bytes;
    onProgress?.({ name, doneBytes, totalBytes });
  };
  onProgress?.({ name, doneBytes, totalBytes });
  const byPath = new Map(files.taken.map((file) => [file.entry.path, file]));
  await medium.copy(
    files.taken.map(({ entry }) => entry),
    (entry) => {
      const taken = byPath.get(entry.path) as TakenFile;
      return staging.open(taken.name, entry.sizeBytes, onBytes);
    },
  );
  for (const { first, second } of files.links) await staging.link(first, second);
  if (files.iso !== undefined) await copyIso(staging, medium.path, files.iso, onBytes, signal);
}

async function copyIso(
  staging: Staging,
  path: string,
  name: string,
  onBytes: (bytes: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const sink = await staging.open(name, size, onBytes);
    const buffer = Buffer.allocUnsafe(1024 * 1024);
    for (let position = 0; position < size; ) {
      signal?.throwIfAborted();
      const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, size - position), position);
      if (bytesRead === 0) throw changedMeanwhile(path);
      await sink.write(buffer.subarray(0, bytesRead));
      position += bytesRead;
    }
    await sink.end();
  } finally {
    await handle.close();
  }
}

export function changedMeanwhile(path: string): UnreadableMedium {
  return new UnreadableMedium(
    `${path} changed while it was read`,
    'Wait until its download has ended, then import again.',
  );
}
