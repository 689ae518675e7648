import { MalformedPacket } from '../codecs/malformed-packet.ts';
import { decodeTftp } from '../codecs/tftp/decode.ts';
import { encodeAck, encodeError, encodeReadRequest } from '../codecs/tftp/encode.ts';
import { TftpErrorCode, TftpOp, type TftpOptions, type TftpPacket } from '../codecs/tftp/packet.ts';
import type { Clock, DatagramSocket, Endpoint, Timer } from '../domain/ports.ts';
import { type FetchedFile, FileCollector } from './fetched-file.ts';

/** How one program asks for files, from captures. */
export interface TftpDialect {
  readonly blockBytes: number;
  /** 1: the option is not sent. */
  readonly windowBlocks: number;
  /** Sends `tsize 0`. */
  readonly asksSize: boolean;
  readonly timeoutMs: number;
  readonly maxRetries: number;
}

/** MTFTP of EDK2, for the firmware's own downloads. */
export const EDK2_TFTP: TftpDialect = {
  blockBytes: 1468,
  windowBlocks: 4,
  asksSize: false,
  timeoutMs: 4_000,
  maxRetries: 6,
};
/** shim uses EDK2's MTFTP, without naming a block size of its own. */
export const SHIM_TFTP: TftpDialect = { ...EDK2_TFTP, blockBytes: 512 };
export const GRUB_TFTP: TftpDialect = {
  blockBytes: 1024,
  windowBlocks: 1,
  asksSize: true,
  timeoutMs: 1_000,
  maxRetries: 10,
};

export type TftpOutcome =
  | { readonly result: 'file'; readonly file: FetchedFile; readonly milliseconds: number; readonly retransmits: number }
  /** The size was all that was asked for. */
  | { readonly result: 'size'; readonly sizeBytes: number }
  | { readonly result: 'refused'; readonly code: number; readonly message: string }
  | { readonly result: 'failed'; readonly reason: string };

export interface TftpJob {
  readonly name: string;
  readonly server: Endpoint;
  readonly dialect: TftpDialect;
  /** EDK2 asks for the size, takes the OACK and aborts with ERROR 8: that is no failure of anybody. */
  readonly sizeOnly?: boolean;
}

const USER_ABORTED = 'User aborted the transfer';

/** One download (RFC 1350, 2347 to 2349, 7440) over a socket of its own, which it closes. */
export class TftpClient {
  readonly #socket: DatagramSocket;
  readonly #clock: Clock;
  readonly #job: TftpJob;
  readonly #collector = new FileCollector();
  readonly #startedAt: number;
  #resolve: (outcome: TftpOutcome) => void = () => {};
  /** The server's port for this transfer, known from its first packet. */
  #peer: Endpoint | undefined;
  #blockBytes = 512;
  #windowBlocks = 1;
  /** In-order blocks so far; the wire has its low 16 bits. */
  #received = 0;
  #inWindow = 0;
  /** A gap is told once, not once for each of the blocks after it. */
  #gapTold = false;
  #last: Uint8Array;
  #retries = 0;
  #retransmits = 0;
  #timer: Timer | undefined;
  #dueAt = 0;
  #done = false;

  constructor(socket: DatagramSocket, clock: Clock, job: TftpJob) {
    this.#socket = socket;
    this.#clock = clock;
    this.#job = job;
    this.#startedAt = clock.monotonic();
    this.#last = encodeReadRequest(job.name, 'octet', this.#options());
  }

  run(): Promise<TftpOutcome> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#socket.onMessage((data, from) => this.#receive(data, from));
      this.#socket.onError((error) => this.#finish({ result: 'failed', reason: error.message }));
      this.#send(this.#last);
    });
  }

  #options(): TftpOptions {
    const { dialect, sizeOnly } = this.#job;
    const options: [string, string][] = [];
    if (sizeOnly === true) options.push(['tsize', '0']);
    options.push(['blksize', String(dialect.blockBytes)]);
    if (dialect.windowBlocks > 1) options.push(['windowsize', String(dialect.windowBlocks)]);
    if (dialect.asksSize && sizeOnly !== true) options.push(['tsize', '0']);
    return new Map(options);
  }

  #receive(data: Uint8Array, from: Endpoint): void {
    if (from.address !== this.#job.server.address) return;
    if (this.#peer !== undefined && from.port !== this.#peer.port) {
      this.#socket.send(encodeError(TftpErrorCode.UNKNOWN_TRANSFER_ID, 'Unknown transfer ID'), from);
      return;
    }
    let packet: TftpPacket;
    try {
      packet = decodeTftp(data);
    } catch (error) {
      if (error instanceof MalformedPacket) return;
      throw error;
    }
    this.#peer = from;
    if (packet.op === TftpOp.ERROR) {
      this.#finish({ result: 'refused', code: packet.code, message: packet.message });
    } else if (packet.op === TftpOp.OACK && this.#received === 0) this.#negotiated(packet.options);
    else if (packet.op === TftpOp.DATA) this.#data(packet.block, packet.data);
  }

  #negotiated(options: TftpOptions): void {
    const { dialect, sizeOnly } = this.#job;
    const blockBytes = Number(options.get('blksize') ?? 512);
    const windowBlocks = Number(options.get('windowsize') ?? 1);
    if (
      !(
        blockBytes >= 8 &&
        blockBytes <= dialect.blockBytes &&
        windowBlocks >= 1 &&
        windowBlocks <= dialect.windowBlocks
      )
    ) {
      this.#send(encodeError(TftpErrorCode.OPTIONS_REFUSED, 'Not what was asked for'));
      this.#finish({ result: 'failed', reason: `the server granted blksize ${blockBytes} windowsize ${windowBlocks}` });
      return;
    }
    this.#blockBytes = blockBytes;
    this.#windowBlocks = windowBlocks;
    if (sizeOnly === true) {
      this.#send(encodeError(TftpErrorCode.OPTIONS_REFUSED, USER_ABORTED));
      const size = options.get('tsize');
      if (size === undefined) this.#finish({ result: 'failed', reason: 'the server does not tell the size (tsize)' });
      else this.#finish({ result: 'size', sizeBytes: Number(size) });
      return;
    }
    this.#acknowledge();
  }

  #data(block: number, data: Uint8Array): void {
    if (block !== ((this.#received + 1) & 0xffff)) {
      this.#outOfOrder(block);
      return;
    }
    this.#received += 1;
    this.#inWindow += 1;
    this.#gapTold = false;
    this.#retries = 0;
    this.#collector.add(data);
    if (data.length < this.#blockBytes) {
      this.#send(encodeAck(this.#received & 0xffff));
      this.#finish({
        result: 'file',
        file: this.#collector.finish(this.#job.name),
        milliseconds: this.#clock.monotonic() - this.#startedAt,
        retransmits: this.#retransmits,
      });
    } else if (this.#inWindow >= this.#windowBlocks) this.#acknowledge();
    else this.#arm();
  }

  /** A block after a gap: say where to go on (RFC 7440 section 4). A block that is here already: nothing. */
  #outOfOrder(block: number): void {
    const ahead = (block - this.#received - 1) & 0xffff;
    if (ahead >= 0x8000 || this.#gapTold) return;
    this.#gapTold = true;
    this.#retransmits += 1;
    this.#acknowledge();
  }

  #acknowledge(): void {
    this.#inWindow = 0;
    this.#send(encodeAck(this.#received & 0xffff));
  }

  #send(packet: Uint8Array): void {
    this.#last = packet;
    this.#socket.send(packet, this.#peer ?? this.#job.server);
    this.#arm();
  }

  /** A timer for each packet would cost more than the packet: the one that runs looks again when it is due. */
  #arm(): void {
    if (this.#done) return;
    this.#dueAt = this.#clock.monotonic() + this.#job.dialect.timeoutMs;
    this.#timer ??= this.#clock.setTimeout(() => this.#look(), this.#job.dialect.timeoutMs);
  }

  #look(): void {
    this.#timer = undefined;
    const leftMs = this.#dueAt - this.#clock.monotonic();
    if (leftMs <= 0) this.#timeout();
    else this.#timer = this.#clock.setTimeout(() => this.#look(), leftMs);
  }

  #timeout(): void {
    this.#retries += 1;
    if (this.#retries > this.#job.dialect.maxRetries) {
      const reason =
        this.#peer === undefined
          ? `no answer from ${this.#job.server.address}:${this.#job.server.port}`
          : `the server fell silent after ${this.#collector.sizeBytes} bytes`;
      this.#finish({ result: 'failed', reason });
      return;
    }
    this.#retransmits += 1;
    this.#inWindow = 0;
    // What came of an unfinished window counts: the server goes on after it.
    this.#send(this.#peer === undefined || this.#received === 0 ? this.#last : encodeAck(this.#received & 0xffff));
  }

  #finish(outcome: TftpOutcome): void {
    if (this.#done) return;
    this.#done = true;
    this.#timer?.cancel();
    this.#socket.close();
    this.#resolve(outcome);
  }
}
