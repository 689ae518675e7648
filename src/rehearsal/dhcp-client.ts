import { BootOp, type DhcpMessage, MessageType } from '../codecs/dhcp/message.ts';
import { utf8Text } from '../codecs/text.ts';
import { macToBytes } from '../domain/mac.ts';
import type { Clock, Timer } from '../domain/ports.ts';
import { type DhcpAnswer, readAnswer } from './dhcp-answer.ts';
import type { DhcpDialect, MachineIdentity } from './dhcp-dialect.ts';
import { clientMessage } from './dhcp-message.ts';

/** Carries messages between one machine's programs and the servers of its network. */
export interface DhcpTransport {
  send(message: DhcpMessage): void;
  /** Replies with this transaction id go to `listener`; the message is valid during the call only. */
  attach(xid: number, listener: (message: DhcpMessage) => void): void;
  detach(xid: number): void;
}

export interface DhcpClientPorts {
  readonly clock: Clock;
  readonly transport: DhcpTransport;
  /** 0 up to, not including, 1. */
  readonly random: () => number;
  /** How much of the firmware's own waits is waited: 1 is as real. */
  readonly pace: number;
  /** A message went out again because nothing came back. */
  readonly onRetransmit?: (messageType: 'DISCOVER' | 'REQUEST', waitedMs: number) => void;
}

/**
 * - `bound`    an ACK
 * - `refused`  servers offered, but nothing that this program takes (an EDK2 without a boot file)
 * - `silence`  nobody answered to the last repetition
 */
export type DhcpOutcome =
  | { readonly result: 'bound'; readonly answer: DhcpAnswer; readonly milliseconds: number }
  | { readonly result: 'refused'; readonly offer: DhcpAnswer }
  | { readonly result: 'silence'; readonly milliseconds: number }
  | { readonly result: 'declined-by-server'; readonly reason: string };

/** A server that offers and then says no, over and over, is a fault worth telling. */
const MAX_NAKS = 3;

/**
 * One DISCOVER, OFFER, REQUEST, ACK exchange of one program (RFC 2131 section 4.4.1), with its retransmissions.
 * States: selecting (offers are collected), requesting, done.
 */
export class DhcpClient {
  readonly #identity: MachineIdentity;
  readonly #dialect: DhcpDialect;
  readonly #ports: DhcpClientPorts;
  readonly #xid: number;
  readonly #startedAt: number;
  #state: 'selecting' | 'requesting' | 'done' = 'selecting';
  #offers: DhcpAnswer[] = [];
  #chosen: DhcpAnswer | undefined;
  #repetition = 0;
  #naks = 0;
  #retransmission: Timer | undefined;
  #collection: Timer | undefined;
  #resolve: (outcome: DhcpOutcome) => void = () => {};

  constructor(identity: MachineIdentity, dialect: DhcpDialect, ports: DhcpClientPorts) {
    this.#identity = identity;
    this.#dialect = dialect;
    this.#ports = ports;
    this.#xid = Math.floor(ports.random() * 0x1_0000_0000);
    this.#startedAt = ports.clock.monotonic();
  }

  run(): Promise<DhcpOutcome> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#ports.transport.attach(this.#xid, (message) => this.#receive(message));
      this.#select();
    });
  }

  #select(): void {
    this.#state = 'selecting';
    this.#offers = [];
    this.#repetition = 0;
    const collectMs = this.#dialect.offerWaitMs * this.#ports.pace;
    this.#collection = collectMs === 0 ? undefined : this.#after(collectMs, () => this.#collected());
    this.#transmit();
  }

  #collected(): void {
    this.#collection = undefined;
    this.#choose();
  }

  #receive(message: DhcpMessage): void {
    if (message.op !== BootOp.BOOTREPLY || !this.#isForUs(message)) return;
    const type = message.options.get(53)?.[0];
    if (this.#state === 'selecting' && type === MessageType.OFFER) {
      // A server that is asked twice offers twice: the same offer counts once, and no flood of offers is kept.
      const offer = readAnswer(message);
      if (this.#offers.length < 16 && !this.#offers.some((each) => sameOffer(each, offer))) this.#offers.push(offer);
      if (this.#collection === undefined) this.#choose();
    } else if (this.#state === 'requesting' && type === MessageType.ACK) {
      const milliseconds = this.#ports.clock.monotonic() - this.#startedAt;
      this.#finish({ result: 'bound', answer: readAnswer(message), milliseconds });
    } else if (this.#state === 'requesting' && type === MessageType.NAK) this.#refusedByServer(message);
  }

  #refusedByServer(message: DhcpMessage): void {
    this.#cancelTimers();
    this.#naks += 1;
    const said = message.options.get(56);
    const reason = (said === undefined ? undefined : utf8Text(said)) ?? 'without a reason';
    if (this.#naks >= MAX_NAKS) this.#finish({ result: 'declined-by-server', reason });
    else this.#select();
  }

  #isForUs(message: DhcpMessage): boolean {
    return Buffer.from(macToBytes(this.#identity.mac)).equals(message.chaddr);
  }

  /** Takes the best offer; without one that it can take it goes on asking, as firmware does. */
  #choose(): void {
    const ranked = this.#offers
      .map((offer) => ({ offer, rank: this.#dialect.rank(offer) }))
      .filter((each) => each.rank > 0)
      .toSorted((a, b) => b.rank - a.rank);
    const [best] = ranked;
    if (best === undefined) {
      const [offer] = this.#offers;
      if (offer !== undefined) this.#finish({ result: 'refused', offer });
      return;
    }
    this.#cancelTimers();
    this.#chosen = best.offer;
    this.#state = 'requesting';
    this.#repetition = 0;
    this.#transmit();
  }

  #transmit(): void {
    this.#ports.transport.send(this.#message());
    const waitMs = this.#dialect.retransmitMs[this.#repetition] ?? 0;
    const jitteredMs = waitMs + (this.#ports.random() * 2 - 1) * this.#dialect.jitterMs;
    this.#retransmission = this.#after(jitteredMs, () => this.#repeat(jitteredMs));
  }

  /** iPXE and EDK2 ask again while they collect offers, too; only without any the repetition tells of a loss. */
  #repeat(waitedMs: number): void {
    this.#repetition += 1;
    if (this.#repetition >= this.#dialect.retransmitMs.length) {
      this.#finish({ result: 'silence', milliseconds: this.#ports.clock.monotonic() - this.#startedAt });
      return;
    }
    if (this.#state === 'requesting') this.#ports.onRetransmit?.('REQUEST', waitedMs);
    else if (this.#offers.length === 0) this.#ports.onRetransmit?.('DISCOVER', waitedMs);
    this.#transmit();
  }

  #message(): DhcpMessage {
    const chosen = this.#state === 'requesting' ? this.#chosen : undefined;
    return clientMessage({
      dialect: this.#dialect,
      identity: this.#identity,
      xid: this.#xid,
      seconds: Math.floor((this.#ports.clock.monotonic() - this.#startedAt) / 1_000),
      ...(chosen === undefined ? {} : { chosen }),
    });
  }

  #after(delayMs: number, callback: () => void): Timer {
    return this.#ports.clock.setTimeout(callback, delayMs);
  }

  #cancelTimers(): void {
    this.#retransmission?.cancel();
    this.#collection?.cancel();
    this.#collection = undefined;
  }

  #finish(outcome: DhcpOutcome): void {
    this.#cancelTimers();
    this.#state = 'done';
    this.#ports.transport.detach(this.#xid);
    this.#resolve(outcome);
  }
}

function sameOffer(a: DhcpAnswer, b: DhcpAnswer): boolean {
  return a.address === b.address && a.server === b.server && a.bootFile === b.bootFile;
}
