import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { runTool } from './child-tool.ts';
import { chooseIsoTool, type IsoTool } from './iso-tools.ts';
import {
  EntryCollector,
  type FileSink,
  type Medium,
  type MediumEntry,
  printablePath,
  UnreadableMedium,
} from './medium.ts';
import { checkNotCutShort, DESCRIPTOR_AREA_BYTES, NoIsoImage, readVolumeDescriptor } from './volume-descriptor.ts';

const MAX_LISTING_BYTES = 128 * 1024 * 1024;

export interface IsoOptions {
  /** Another than the first that is installed. */
  readonly tool?: IsoTool;
  readonly signal?: AbortSignal;
}

/**
 * Looks through an ISO image: nothing is mounted, nothing of it is run, and no name of it reaches a shell.
 * @throws NoIsoImage, UnreadableMedium, HostRefused
 */
export async function openIso(path: string, options: IsoOptions = {}): Promise<Medium> {
  const { volumeId, sizeBytes } = await checkedHead(path);
  const tool = options.tool ?? chooseIsoTool();
  const medium = new IsoMedium(path, volumeId, sizeBytes, tool, options.signal);
  await medium.list();
  return medium;
}

async function checkedHead(path: string): Promise<{ readonly volumeId: string; readonly sizeBytes: number }> {
  const handle = await openForReading(path);
  try {
    const area = Buffer.alloc(DESCRIPTOR_AREA_BYTES);
    const { bytesRead } = await handle.read(area, 0, area.length, 0);
    const descriptor = readVolumeDescriptor(area.subarray(0, bytesRead));
    const { size } = await handle.stat();
    checkNotCutShort(descriptor, size);
    return { volumeId: descriptor.volumeId, sizeBytes: size };
  } catch (error) {
    if (error instanceof NoIsoImage) throw new UnreadableMedium(`${path}: ${error.message}`, error.mend ?? '', error);
    throw error;
  } finally {
    await handle.close();
  }
}

/** O_NONBLOCK: a FIFO would never open. */
function openForReading(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_NONBLOCK);
}

class IsoMedium implements Medium {
  readonly path: string;
  readonly isIso = true;
  readonly volumeId: string;
  readonly sizeBytes: number;
  entries: ReadonlyMap<string, MediumEntry> = new Map();
  readonly #tool: IsoTool;
  readonly #signal: AbortSignal | undefined;

  constructor(path: string, volumeId: string, sizeBytes: number, tool: IsoTool, signal: AbortSignal | undefined) {
    this.path = path;
    this.volumeId = volumeId;
    this.sizeBytes = sizeBytes;
    this.#tool = tool;
    this.#signal = signal;
  }

  async list(): Promise<void> {
    const chunks: Buffer[] = [];
    let lengthBytes = 0;
    await this.#run(this.#tool.listing, async (chunk) => {
      lengthBytes += chunk.length;
      if (lengthBytes > MAX_LISTING_BYTES) throw this.#broken('its list of files is longer than any medium’s');
      chunks.push(chunk);
    });
    const collector = new EntryCollector(this.path);
    for (const entry of this.#parsed(Buffer.concat(chunks).toString('utf8'))) collector.add(entry);
    if (collector.entries.size === 0) throw this.#broken('it holds no files');
    this.entries = collector.entries;
  }

  #parsed(listing: string): MediumEntry[] {
    try {
      return this.#tool.parse(listing);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw this.#broken(`${this.#tool.name} lists what podboot can't read: ${printablePath(error.message)}`);
    }
  }

  async copy(files: readonly MediumEntry[], openSink: (file: MediumEntry) => Promise<FileSink>): Promise<void> {
    const wanted = new Set(files.map((file) => file.path));
    const inOrder = [...this.entries.values()].filter((entry) => entry.type === 'file' && entry.sameAs === undefined);
    const picked = inOrder.filter((entry) => wanted.has(entry.path));
    const { argvs, all } = this.#tool.contents(picked.map((entry) => entry.path));
    const splitter = new Splitter(all ? inOrder : picked, (file) => wanted.has(file.path), openSink);
    for (const argv of argvs) await this.#run(argv, (chunk) => splitter.take(chunk));
    const missing = await splitter.end();
    if (missing !== undefined) throw this.#broken(`${printablePath(missing)} is shorter than it says`);
  }

  async #run(argv: readonly string[], take: (chunk: Buffer) => Promise<void>): Promise<void> {
    // A fresh one for each run: programs share the position of a descriptor that they inherit.
    const handle = await openForReading(this.path);
    try {
      const signal = this.#signal === undefined ? {} : { signal: this.#signal };
      await runTool({ argv, input: handle.fd, asNobody: this.#tool.asNobody, ...signal }, take);
    } catch (error) {
      if (!(error instanceof UnreadableMedium) || error.message.startsWith(this.path)) throw error;
      throw new UnreadableMedium(`${this.path}: ${error.message}`, error.mend ?? '', error);
    } finally {
      await handle.close();
    }
  }

  #broken(why: string): UnreadableMedium {
    return new UnreadableMedium(
      `${this.path}: ${why}`,
      'Download it again and compare its checksum with the one that its vendor publishes.',
    );
  }
}

/** One stream of files that follow each other without anything between, cut by the sizes that the listing told. */
class Splitter {
  readonly #files: readonly MediumEntry[];
  readonly #isWanted: (file: MediumEntry) => boolean;
  readonly #open: (file: MediumEntry) => Promise<FileSink>;
  #index = 0;
  #left = 0;
  #sink: FileSink | undefined;
  #isOpen = false;

  constructor(
    files: readonly MediumEntry[],
    isWanted: (file: MediumEntry) => boolean,
    openSink: (file: MediumEntry) => Promise<FileSink>,
  ) {
    this.#files = files;
    this.#isWanted = isWanted;
    this.#open = openSink;
  }

  async take(chunk: Buffer): Promise<void> {
    let rest = chunk;
    while (rest.length > 0) {
      await this.#next();
      if (!this.#isOpen) {
        throw new UnreadableMedium('it gives more bytes than its list of files has', 'Download it again.');
      }
      const part = rest.subarray(0, this.#left);
      await this.#sink?.write(part);
      this.#left -= part.length;
      rest = rest.subarray(part.length);
      if (this.#left === 0) await this.#close();
    }
  }

  /** @returns the path of the first file that is not whole */
  async end(): Promise<string | undefined> {
    await this.#next();
    return this.#isOpen ? this.#files[this.#index]?.path : undefined;
  }

  /** Opens the next file that has bytes; those without are over at once. */
  async #next(): Promise<void> {
    while (!this.#isOpen) {
      const file = this.#files[this.#index];
      if (file === undefined) return;
      this.#sink = this.#isWanted(file) ? await this.#open(file) : undefined;
      this.#left = file.sizeBytes;
      this.#isOpen = true;
      if (this.#left === 0) await this.#close();
    }
  }

  async #close(): Promise<void> {
    await this.#sink?.end();
    this.#sink = undefined;
    this.#isOpen = false;
    this.#index += 1;
  }
}
