import { decodeTftp } from '../../codecs/tftp/decode.ts';
import { encodeError, encodeOack } from '../../codecs/tftp/encode.ts';
import { TftpErrorCode, TftpOp } from '../../codecs/tftp/packet.ts';
import type { Clock, Endpoint, SegmentingSocket, Timer } from '../../domain/ports.ts';
import type { BlockSource } from './block-source.ts';
import type { Negotiated } from './negotiate.ts';
import { RetransmissionTimer } from './retransmission-timer.ts';
import { type BlockRun, SendWindow } from './send-window.ts';
import { WindowWriter } from './window-writer.ts';

/** How a transfer came to its end. */
export type TransferOutcome =
  | { readonly end: 'done' }
  /** All was sent, the last blocks were never acknowledged: some firmware starts the program at once. */
  | { readonly end: 'unconfirmed' }
  /** The client only wanted the options' answer, mostly the size. */
  | { readonly end: 'probe' }
  | { readonly end: 'aborted'; readonly code: number; readonly message: string }
  | {
      readonly end: 'stalled';
      /** The client acknowledged something before it fell silent. */
      readonly heardOf: boolean;
      readonly silentMs: number;
      /** What the kernel last said to a send: a firewall of this host, an interface that is down. */
      readonly sendError: Error | undefined;
    }
  | { readonly end: 'failed'; readonly error: Error }
  /** The service stops, or the client began anew. */
  | { readonly end: 'cancelled' };

export interface TransferFigures {
  /** Acknowledged by the client. */
  readonly bytes: number;
  readonly durationMs: number;
  /** Blocks and OACKs that went more than once. */
  readonly retransmits: number;
  readonly roundTripMs: number | undefined;
}

export interface TransferParts {
  /** Hears `peer` alone. */
  readonly socket: SegmentingSocket;
  readonly peer: Endpoint;
  readonly source: BlockSource;
  readonly negotiated: Negotiated;
  readonly clock: Clock;
  readonly writer: WindowWriter;
  /** Once; the socket is closed by then. */
  readonly onEnd: (outcome: TransferOutcome, figures: TransferFigures) => void;
}

const MOST_RETRIES = 10;
/** While nothing has been heard at all, or only the last ACK is missing: likely nobody is there any more. */
const MOST_RETRIES_AT_THE_ENDS = 5;
const GIVE_UP_MS = 30_000;
const LONGEST_GIVE_UP_MS = 300_000;
/** A client that asks again waits longer than this (iPXE 250 ms); a copy of its request that the network made comes sooner. */
const SHORTEST_ASKING_AGAIN_MS = 100;
/** A timer that fires this early is on time. */
const TIMER_SLACK_MS = 1;

/**
 * One file to one client (RFC 1350, 2347, 7440), a machine driven by packets, reads and one timer.
 */
export class Transfer {
  readonly #parts: TransferParts;
  readonly #retransmission: RetransmissionTimer;
  readonly #giveUpMs: number;
  readonly #blocksPerRead: number;
  readonly #startedAt: number;
  readonly #window: SendWindow;
  #oackPending: boolean;
  #heardOf = false;
  #heardAt: number;
  /** When the packets that are out were sent; measured only if the last of them went for the first time. */
  #sentAt = 0;
  #measuring = false;
  #fastResentBase = 0;
  #reading = false;
  #sendError: Error | undefined;
  #retries = 0;
  #retransmits = 0;
  #deadline = 0;
  #timerDueAt = 0;
  #timer: Timer | undefined;
  #ended = false;

  constructor(parts: TransferParts) {
    const { negotiated, source, clock } = parts;
    this.#parts = parts;
    this.#retransmission = new RetransmissionTimer(negotiated.timeoutMs);
    this.#giveUpMs = Math.min(Math.max(GIVE_UP_MS, 5 * (negotiated.timeoutMs ?? 0)), LONGEST_GIVE_UP_MS);
    this.#blocksPerRead = WindowWriter.blocksPerSend(negotiated.blockBytes);
    this.#window = new SendWindow(negotiated.windowBlocks, negotiated.blockBytes, source.sizeBytes);
    this.#oackPending = negotiated.granted.size > 0;
    this.#startedAt = clock.monotonic();
    this.#heardAt = this.#startedAt;
  }

  /** When the client was last heard, on the monotonic clock; its request counts. */
  get heardAt(): number {
    return this.#heardAt;
  }

  start(): void {
    const { socket } = this.#parts;
    socket.onMessage((data) => this.#receive(data));
    // A datagram that could not leave is as good as lost; sending it again may do.
    socket.onError((error) => {
      this.#sendError = error;
    });
    if (this.#oackPending) this.#sendOack(true);
    else this.#pump();
    this.#await();
  }

  /** The client acknowledged something. */
  get heardOf(): boolean {
    return this.#heardOf;
  }

  /**
   * Its request came again. Where nothing was acknowledged, the first answer is lost: it is sent again now, for the timer
   * knows no round trip yet and waits a second.
   */
  askedAgain(): void {
    const waitedMs = this.#parts.clock.monotonic() - this.#sentAt;
    if (this.#ended || this.#heardOf || this.#reading || waitedMs < SHORTEST_ASKING_AGAIN_MS) return;
    this.#sendAgain();
    this.#await();
  }

  /** Ends it, with an ERROR to the client where there is a message. */
  cancel(message?: string): void {
    if (this.#ended) return;
    if (message !== undefined) this.#tell(TftpErrorCode.NOT_DEFINED, message);
    this.#end({ end: 'cancelled' });
  }

  #receive(data: Uint8Array): void {
    if (this.#ended) return;
    const packet = decode(data);
    if (packet?.op === TftpOp.ACK) this.#acknowledged(packet.block);
    else if (packet?.op === TftpOp.ERROR) this.#aborted(packet.code, packet.message);
  }

  #aborted(code: number, message: string): void {
    // EDK2 asks for the size first and sends ERROR 8 once it has it; Intel's and AMI's boot ROMs send ERROR 0.
    const isProbe = this.#oackPending && (this.#parts.negotiated.sizeAsked || code === TftpErrorCode.OPTIONS_REFUSED);
    this.#end(isProbe ? { end: 'probe' } : { end: 'aborted', code, message });
  }

  #acknowledged(block: number): void {
    if (this.#oackPending) {
      if (block !== 0) return;
      this.#oackPending = false;
      this.#progress(true);
    } else {
      const meaning = this.#window.acknowledge(block);
      if (meaning === 'stale' || (meaning === 'repeated' && !this.#tellsOfLoss())) return;
      if (meaning !== 'repeated') this.#progress(meaning === 'whole');
      if (this.#window.complete) {
        this.#end({ end: 'done' });
        return;
      }
      if (meaning !== 'whole') this.#window.goBack();
      this.#parts.source.acknowledged((this.#window.base - 1) * this.#parts.negotiated.blockBytes);
    }
    this.#pump();
    this.#await();
  }

  /**
   * With one block in flight a second ACK of the same block is never answered, or each block would go twice from here on
   * (the Sorcerer's Apprentice, RFC 1123 section 4.2.3.1). In a window it may say that the window's first block was
   * lost: believed once for a window, and only if half a round trip has passed, which a mere copy of the ACK has not.
   */
  #tellsOfLoss(): boolean {
    const { roundTripMs } = this.#retransmission;
    const { base, inFlight } = this.#window;
    if (this.#parts.negotiated.windowBlocks === 1 || inFlight === 0 || this.#fastResentBase === base) return false;
    const now = this.#parts.clock.monotonic();
    if (roundTripMs === undefined || now - this.#sentAt < roundTripMs / 2) return false;
    this.#fastResentBase = base;
    this.#heardAt = now;
    return true;
  }

  #progress(whole: boolean): void {
    const now = this.#parts.clock.monotonic();
    this.#heardOf = true;
    this.#heardAt = now;
    this.#retries = 0;
    if (whole && this.#measuring) this.#retransmission.measured(now - this.#sentAt);
    else this.#retransmission.progressed();
    this.#measuring = false;
  }

  #sendOack(first: boolean): void {
    const { socket, peer, negotiated, clock } = this.#parts;
    this.#sentAt = clock.monotonic();
    this.#measuring = first;
    if (!first) this.#retransmits += 1;
    socket.send(encodeOack(negotiated.granted), peer);
  }

  /** Sends what the window has room for. While a read is under way it waits for that. */
  #pump(): void {
    while (!this.#ended && !this.#reading) {
      const run = this.#window.room(this.#blocksPerRead);
      if (run === undefined) return;
      const data = run.lengthBytes === 0 ? NOTHING : this.#read(run.offset, run.lengthBytes);
      if (data === undefined) return;
      if (data instanceof Uint8Array) this.#send(run, data);
      else this.#sendLater(run, data);
    }
  }

  #read(offset: number, length: number): Uint8Array | Promise<Uint8Array> | undefined {
    try {
      return this.#parts.source.read(offset, length);
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  #sendLater(run: BlockRun, data: Promise<Uint8Array>): void {
    this.#reading = true;
    data.then(
      (bytes) => {
        if (this.#settled()) return;
        // Meanwhile the window may have moved on, or back.
        if (run.first === this.#window.next) this.#send(run, bytes);
        this.#pump();
        this.#await();
      },
      (error: unknown) => {
        if (!this.#settled()) this.#failed(error);
      },
    );
  }

  /** True: it ended while the read was under way, and the source waited for that to be closed. */
  #settled(): boolean {
    this.#reading = false;
    if (this.#ended) this.#parts.source.close();
    return this.#ended;
  }

  #send(run: BlockRun, data: Uint8Array): void {
    const { socket, peer, negotiated, clock, writer } = this.#parts;
    const { blockBytes } = negotiated;
    let { blocks } = run;
    if (data.length < run.lengthBytes) {
      if (this.#window.sizeBytes !== undefined) {
        this.#failed(new Error('the file became shorter while it was being sent'));
        return;
      }
      this.#window.endsAt(run.offset + data.length);
      blocks = Math.floor(data.length / blockBytes) + 1;
    }
    const repeated = this.#window.sent(blocks);
    this.#retransmits += repeated;
    this.#measuring = repeated < blocks;
    this.#sentAt = clock.monotonic();
    writer.send(socket, peer, run.first, blocks, data, blockBytes);
  }

  /** Starts to wait for the answer to what was sent. One timer, set anew only when it would fire too late. */
  #await(): void {
    if (this.#ended) return;
    const now = this.#parts.clock.monotonic();
    this.#deadline = now + this.#retransmission.timeoutMs;
    if (this.#timer !== undefined && this.#timerDueAt <= this.#deadline) return;
    this.#timer?.cancel();
    this.#arm(now);
  }

  #arm(now: number): void {
    this.#timerDueAt = this.#deadline;
    this.#timer = this.#parts.clock.setTimeout(() => this.#fired(), this.#deadline - now);
  }

  #fired(): void {
    this.#timer = undefined;
    const now = this.#parts.clock.monotonic();
    if (now < this.#deadline - TIMER_SLACK_MS) this.#arm(now);
    else this.#timedOut(now);
  }

  #timedOut(now: number): void {
    const silentMs = now - this.#heardAt;
    if (this.#reading) {
      // The disk is slow, not the client; but a file server that hangs must not hold the transfer for ever.
      if (silentMs >= this.#giveUpMs) this.#failed(new Error('reading the file took too long'));
      else this.#await();
      return;
    }
    const finishing = this.#window.allSent;
    const mostRetries = finishing || !this.#heardOf ? MOST_RETRIES_AT_THE_ENDS : MOST_RETRIES;
    if (this.#retries >= mostRetries || silentMs >= this.#giveUpMs) {
      this.#giveUp(finishing, silentMs);
      return;
    }
    this.#retries += 1;
    this.#retransmission.expired();
    this.#sendAgain();
    this.#await();
  }

  #sendAgain(): void {
    if (this.#oackPending) {
      this.#sendOack(false);
    } else {
      this.#window.goBack();
      this.#pump();
    }
  }

  #giveUp(finishing: boolean, silentMs: number): void {
    if (finishing && this.#heardOf) {
      this.#end({ end: 'unconfirmed' });
      return;
    }
    this.#tell(TftpErrorCode.NOT_DEFINED, `no acknowledgement for ${Math.round(silentMs / 1000)} s`);
    this.#end({ end: 'stalled', heardOf: this.#heardOf, silentMs, sendError: this.#sendError });
  }

  #failed(error: unknown): void {
    if (this.#ended) return;
    this.#tell(TftpErrorCode.NOT_DEFINED, 'the file could not be read');
    this.#end({ end: 'failed', error: error instanceof Error ? error : new Error(String(error)) });
  }

  #tell(code: number, message: string): void {
    this.#parts.socket.send(encodeError(code, message), this.#parts.peer);
  }

  #end(outcome: TransferOutcome): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timer?.cancel();
    const { socket, source, clock, onEnd } = this.#parts;
    socket.close();
    if (!this.#reading) source.close();
    onEnd(outcome, {
      bytes: this.#window.acknowledgedBytes,
      durationMs: clock.monotonic() - this.#startedAt,
      retransmits: this.#retransmits,
      roundTripMs: this.#retransmission.roundTripMs,
    });
  }
}

const NOTHING = new Uint8Array(0);

/** Undefined for what is no TFTP: on a transfer's own port nothing but noise. */
function decode(data: Uint8Array) {
  try {
    return decodeTftp(data);
  } catch {
    return undefined;
  }
}
