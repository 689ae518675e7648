import type { ServerResponse } from 'node:http';
import type { Clock, FileSender, Timer } from '../../domain/ports.ts';
import type { OpenAsset } from './asset-catalogue.ts';
import { readFully } from './block-cache.ts';
import { PAGE_RUN_BYTES, type PageWarmer } from './page-warmer.ts';
import type { TurnBudget } from './turn-budget.ts';

/** A write through the ordinary path: what a client holds of our memory. */
const CHUNK_BYTES = 64 * 1024;

/** A write that waits for room, where sendfile(2) does the work: whole pages, and little to copy. */
const WAITING_WRITE_BYTES = 4096;

/** A download that the kernel takes nothing of for so long is ended: its machine is off, hung, or means harm. */
export const STALL_MS = 60_000;

export interface SendParts {
  readonly clock: Clock;
  readonly budget: TurnBudget;
  readonly warmer: PageWarmer;
  /** Absent: everything goes through the ordinary path. */
  readonly sender?: FileSender;
  readonly stallMs?: number;
}

/** `aborted`: the client went; `stalled`: we gave it up; both leave no connection. */
export interface SendResult {
  readonly outcome: 'sent' | 'aborted' | 'stalled';
  /** Bytes that the kernel took. */
  readonly sentBytes: number;
}

/**
 * The bytes of a file from `offset` on, as the body of a response whose header is set, and the end of it. Memory is one
 * chunk, whatever the file's size and the client's speed.
 *
 * libuv tells nobody when a socket has room again, except by the callback of a write. So a chunk goes by an ordinary
 * write; when its callback says that nothing waits any more, sendfile(2) sends as much as the kernel takes; once it
 * would block, a small chunk goes by a write again, which waits in libuv.
 *
 * @throws PodbootError `asset-changed`; the connection is then broken off, as its body can't be completed
 */
export async function sendFile(
  response: ServerResponse,
  asset: OpenAsset,
  offset: number,
  lengthBytes: number,
  parts: SendParts,
): Promise<SendResult> {
  const transfer = new Transfer(response, asset, offset, lengthBytes, parts);
  try {
    return await transfer.run();
  } catch (error) {
    response.destroy();
    throw error;
  } finally {
    transfer.dispose();
  }
}

class Transfer {
  readonly #response: ServerResponse;
  readonly #asset: OpenAsset;
  readonly #parts: SendParts;
  readonly #start: number;
  readonly #end: number;
  readonly #chunk: Buffer;
  readonly #onClose: () => void;
  #position: number;
  #gone = false;
  #stalled = false;
  #timer: Timer | undefined;
  #wake: (() => void) | undefined;

  constructor(response: ServerResponse, asset: OpenAsset, offset: number, lengthBytes: number, parts: SendParts) {
    this.#response = response;
    this.#asset = asset;
    this.#parts = parts;
    this.#start = offset;
    this.#position = offset;
    this.#end = offset + lengthBytes;
    this.#chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, lengthBytes));
    this.#onClose = () => {
      this.#gone = true;
      this.#wake?.();
    };
    response.once('close', this.#onClose);
    if (response.destroyed) this.#gone = true;
  }

  async run(): Promise<SendResult> {
    while (this.#position < this.#end && !this.#gone) {
      await this.#writeChunk();
      while (!this.#gone && this.#position < this.#end && (await this.#sendRun())) {
        // As long as the kernel takes what it is given.
      }
    }
    if (!this.#gone) await this.#finish();
    const sentBytes = this.#position - this.#start;
    if (this.#stalled) return { outcome: 'stalled', sentBytes };
    return { outcome: this.#gone && this.#position < this.#end ? 'aborted' : 'sent', sentBytes };
  }

  dispose(): void {
    this.#timer?.cancel();
    this.#response.off('close', this.#onClose);
  }

  async #writeChunk(): Promise<void> {
    const isFirst = this.#position === this.#start;
    const most = isFirst || this.#parts.sender === undefined ? CHUNK_BYTES : WAITING_WRITE_BYTES;
    const chunk = this.#chunk.subarray(0, Math.min(most, this.#end - this.#position));
    await readFully(this.#asset.handle, this.#asset.name, chunk, this.#position);
    if (this.#gone) return;
    await this.#untilDone((done) => this.#response.write(chunk, done));
    if (!this.#gone) this.#position += chunk.length;
  }

  async #finish(): Promise<void> {
    await this.#untilDone((done) => this.#response.end(done));
  }

  /** True: the kernel took something, and may take more. */
  async #sendRun(): Promise<boolean> {
    const { sender, budget, warmer } = this.#parts;
    const socket = this.#response.socket;
    if (sender === undefined || socket === null) return false;
    const length = Math.min(PAGE_RUN_BYTES - (this.#position % PAGE_RUN_BYTES), this.#end - this.#position);
    const warming = warmer.warm(this.#asset, this.#position);
    if (warming !== undefined) await warming;
    while (budget.left === 0 && !this.#gone) await budget.nextTurn();
    if (this.#gone || this.#response.writableLength > 0 || socket.writableLength > 0) return false;
    const descriptor = sender.descriptorOf(socket);
    if (descriptor === undefined) return false;
    const taken = sender.send(descriptor, this.#asset.handle.fd, this.#position, Math.min(length, budget.left));
    if (taken === 'would-block') return false;
    // The ordinary path meets the same error, or the end of a file that became shorter, and tells it.
    if (typeof taken !== 'number' || taken === 0) return false;
    budget.spend(taken);
    this.#position += taken;
    return true;
  }

  /** Waits for the kernel to take what was written, for the client to go, or for the stall. */
  async #untilDone(start: (done: () => void) => void): Promise<void> {
    const { clock, stallMs = STALL_MS } = this.#parts;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#timer = clock.setTimeout(() => {
        this.#stalled = true;
        this.#response.destroy();
      }, stallMs);
      start(resolve);
    });
    this.#timer?.cancel();
    this.#wake = undefined;
  }
}
