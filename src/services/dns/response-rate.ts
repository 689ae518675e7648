import { type Ipv4, netmask } from '../../domain/ipv4.ts';

/** Answers a second to one network of 256 addresses. A resolver of the site asks for each name once a TTL. */
const PER_SECOND = 100;
const BURST = 300;
/** Networks that are watched; who forges more than these senders takes the allowance of one that was not heard for longest. */
const MAX_NETWORKS = 4_096;
const PREFIX_LENGTH = 24;
/** Every so many answers that are held back, one goes out truncated: whoever is real asks again by TCP. */
const SLIP = 2;

interface Allowance {
  left: number;
  at: number;
  heldBack: number;
}

/** `send` the answer, `slip` a truncated one, or `drop` it. */
export type RateVerdict = 'send' | 'slip' | 'drop';

/**
 * Senders of UDP can be forged, so answers to networks that are not ours are bounded: nobody is hit by more than a trickle
 * of them by way of us (response rate limiting, as BIND and NSD have it).
 */
export class ResponseRate {
  readonly #now: () => number;
  readonly #allowances = new Map<Ipv4, Allowance>();

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  get size(): number {
    return this.#allowances.size;
  }

  judge(client: Ipv4): RateVerdict {
    const network = (client & netmask(PREFIX_LENGTH)) >>> 0;
    const allowance = this.#allowanceOf(network);
    if (allowance.left >= 1) {
      allowance.left -= 1;
      return 'send';
    }
    allowance.heldBack += 1;
    return allowance.heldBack % SLIP === 0 ? 'slip' : 'drop';
  }

  #allowanceOf(network: Ipv4): Allowance {
    const now = this.#now();
    const known = this.#allowances.get(network);
    const left = known === undefined ? BURST : Math.min(BURST, known.left + ((now - known.at) / 1000) * PER_SECOND);
    const allowance = { left, at: now, heldBack: known?.heldBack ?? 0 };
    // In the order in which they were heard last.
    this.#allowances.delete(network);
    if (this.#allowances.size >= MAX_NETWORKS) {
      const [oldest] = this.#allowances.keys();
      if (oldest !== undefined) this.#allowances.delete(oldest);
    }
    this.#allowances.set(network, allowance);
    return allowance;
  }
}
