/** What an ACK says about what was sent. */
export type AckMeaning =
  /** Everything that is out has arrived. */
  | 'whole'
  /** Part of it has; the block after it has not (RFC 7440 section 4). */
  | 'gap'
  /** What was acknowledged before. */
  | 'repeated'
  /** An old one that took a detour, or nonsense. */
  | 'stale';

/** Blocks to be sent, and where they stand in the file. */
export interface BlockRun {
  readonly first: number;
  readonly blocks: number;
  readonly offset: number;
  /** 0: the empty block that ends a file whose size is a multiple of the block size. */
  readonly lengthBytes: number;
}

/**
 * Where a transfer stands. Blocks are counted from 1 and on beyond 65535; only the wire has 16 bits, and rolls over
 * to 0. `base` is the first block that is not acknowledged, `next` the one after the last that was sent.
 */
export class SendWindow {
  readonly #windowBlocks: number;
  readonly #blockBytes: number;
  #base = 1;
  #next = 1;
  /** First block that was never sent. */
  #fresh = 1;
  /** Both undefined until the end of the file is known. */
  #sizeBytes: number | undefined;
  #lastBlock: number | undefined;

  constructor(windowBlocks: number, blockBytes: number, sizeBytes: number | undefined) {
    this.#windowBlocks = windowBlocks;
    this.#blockBytes = blockBytes;
    if (sizeBytes !== undefined) this.endsAt(sizeBytes);
  }

  get base(): number {
    return this.#base;
  }

  get next(): number {
    return this.#next;
  }

  get sizeBytes(): number | undefined {
    return this.#sizeBytes;
  }

  get inFlight(): number {
    return this.#next - this.#base;
  }

  /** All of the file is acknowledged. */
  get complete(): boolean {
    return this.#lastBlock !== undefined && this.#base > this.#lastBlock;
  }

  /** All of it was sent at least once. */
  get allSent(): boolean {
    return this.#lastBlock !== undefined && this.#fresh > this.#lastBlock;
  }

  get acknowledgedBytes(): number {
    const bytes = (this.#base - 1) * this.#blockBytes;
    return Math.min(bytes, this.#sizeBytes ?? bytes);
  }

  endsAt(sizeBytes: number): void {
    this.#sizeBytes = sizeBytes;
    this.#lastBlock = Math.floor(sizeBytes / this.#blockBytes) + 1;
  }

  /** @param block as it is on the wire */
  acknowledge(block: number): AckMeaning {
    const count = (block - (this.#base - 1)) & 0xffff;
    if (count === 0) return 'repeated';
    // Up to what was ever sent: after a timeout the answer to the first copy may come before the second has left.
    if (count > this.#fresh - this.#base) return 'stale';
    this.#base += count;
    this.#next = Math.max(this.#next, this.#base);
    return this.#base === this.#fresh ? 'whole' : 'gap';
  }

  /** What is out counts as lost. */
  goBack(): void {
    this.#next = this.#base;
  }

  /** What the window has room for, `mostBlocks` at a time. */
  room(mostBlocks: number): BlockRun | undefined {
    const end = Math.min(this.#base + this.#windowBlocks, (this.#lastBlock ?? Number.POSITIVE_INFINITY) + 1);
    const blocks = Math.min(end - this.#next, mostBlocks);
    if (blocks <= 0) return undefined;
    const offset = (this.#next - 1) * this.#blockBytes;
    const wanted = blocks * this.#blockBytes;
    const lengthBytes = this.#sizeBytes === undefined ? wanted : Math.min(wanted, this.#sizeBytes - offset);
    return { first: this.#next, blocks, offset, lengthBytes };
  }

  /** @returns how many of these blocks were sent before */
  sent(blocks: number): number {
    const first = this.#next;
    this.#next += blocks;
    const repeated = Math.max(0, Math.min(this.#fresh, this.#next) - first);
    this.#fresh = Math.max(this.#fresh, this.#next);
    return repeated;
  }
}
