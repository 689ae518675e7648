import { PodbootError } from '../domain/errors.ts';

/** `link` is a symbolic one that was not followed; `device` is whatever else is no file: nodes, FIFOs, sockets. */
export type EntryType = 'file' | 'folder' | 'link' | 'device';

/** One thing on a medium. Paths are relative to its root, with `/` between. */
export interface MediumEntry {
  readonly path: string;
  readonly type: EntryType;
  /** Of a file; else 0. */
  readonly sizeBytes: number;
  /** Where a link leads, as it says itself. */
  readonly target?: string;
  /** A second name of this other file. */
  readonly sameAs?: string;
}

/** Takes one file's bytes. A chunk belongs to the sink until its promise resolves. */
export interface FileSink {
  write(chunk: Uint8Array): Promise<void>;
  end(): Promise<void>;
}

/** An ISO image or a folder, as an import reads it. Nothing on it is trusted. */
export interface Medium {
  /** Absolute. */
  readonly path: string;
  readonly isIso: boolean;
  /** Empty for a folder. */
  readonly volumeId: string;
  /** Of the ISO file; 0 for a folder. */
  readonly sizeBytes: number;
  readonly entries: ReadonlyMap<string, MediumEntry>;
  /**
   * The bytes of files, each once and whole, in an order of its own.
   * @throws UnreadableMedium where it gives fewer bytes than it promised
   */
  copy(files: readonly MediumEntry[], open: (file: MediumEntry) => Promise<FileSink>): Promise<void>;
}

/** A medium that is damaged, hostile, or none. */
export class UnreadableMedium extends PodbootError {
  constructor(message: string, mend: string, cause?: unknown) {
    super('unreadable-medium', message, { mend, cause });
  }
}

/** More than any distribution's medium has. */
export const MAX_ENTRIES = 500_000;
export const MAX_SMALL_FILE_BYTES = 64 * 1024;

/**
 * A small text of the medium, such as `.disk/info`; undefined where there is none, or none that is small.
 * @throws UnreadableMedium
 */
export async function readText(medium: Medium, path: string): Promise<string | undefined> {
  const file = fileAt(medium, path);
  if (file === undefined || file.sizeBytes > MAX_SMALL_FILE_BYTES) return undefined;
  const chunks: Buffer[] = [];
  await medium.copy([file], async () => ({
    write: async (chunk) => void chunks.push(Buffer.from(chunk)),
    end: async () => undefined,
  }));
  return Buffer.concat(chunks).toString('utf8');
}

/** The file of that name; a second name gives the file itself. Undefined where it is no file. */
export function fileAt(medium: Medium, path: string): MediumEntry | undefined {
  const entry = medium.entries.get(path);
  if (entry?.type !== 'file') return undefined;
  if (entry.sameAs === undefined) return entry;
  const first = medium.entries.get(entry.sameAs);
  return first?.type === 'file' && first.sameAs === undefined ? first : undefined;
}

/**
 * Refuses what a medium of a distribution never has and a hostile one may: names that lead out of it, devices, two
 * things of one name.
 */
export class EntryCollector {
  readonly entries = new Map<string, MediumEntry>();
  readonly #label: string;

  /** @param label what the medium is called in errors */
  constructor(label: string) {
    this.#label = label;
  }

  add(entry: MediumEntry): void {
    const { path } = entry;
    const shown = printablePath(path);
    if (path.startsWith('/') || path.split('/').some((part) => part === '' || part === '.' || part === '..')) {
      throw this.#hostile(`it has an entry ${shown}, which leads out of it`);
    }
    if (entry.type === 'device') throw this.#hostile(`${shown} is a device, a FIFO or a socket`);
    if (this.entries.has(path)) throw this.#hostile(`it has two entries ${shown}`);
    if (this.entries.size >= MAX_ENTRIES) throw this.#hostile(`it has more than ${MAX_ENTRIES} entries`);
    this.entries.set(path, entry);
  }

  #hostile(why: string): UnreadableMedium {
    return new UnreadableMedium(
      `${this.#label} is no medium of an installer: ${why}`,
      'Name the ISO of the distribution, or the folder with its kernel and initrd alone.',
    );
  }
}

/** For errors: one line, quoted, cut at 120 characters. */
export function printablePath(path: string): string {
  const text = JSON.stringify(path);
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}

/** Whether a link that stands at `path` leads to something on the medium. */
export function staysInside(path: string, target: string): boolean {
  if (target.startsWith('/')) return false;
  let depth = path.split('/').length - 1;
  for (const part of target.split('/')) {
    if (part === '..') depth -= 1;
    else if (part !== '' && part !== '.') depth += 1;
    if (depth < 0) return false;
  }
  return true;
}
