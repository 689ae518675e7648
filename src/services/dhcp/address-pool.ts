import { broadcastAddress, type Ipv4, rangeContains } from '../../domain/ipv4.ts';
import type { SubnetSettings } from '../../domain/settings.ts';
import type { AddressRow } from './address-row.ts';
import { ExpiryHeap } from './expiry-heap.ts';

/** How many passed-over addresses are looked at again in one go when nothing else is left. */
const SECOND_LOOKS = 64;
const FIRST_HOLDERS = 3;

/** What fills a pool, for people. */
export interface PoolCensus {
  readonly size: number;
  readonly leased: number;
  readonly offered: number;
  readonly quarantined: number;
  /** Reserved for machines that do not have to be there. */
  readonly reserved: number;
  /** Those whose leases end first. */
  readonly endingFirst: readonly AddressRow[];
}

/**
 * The addresses of one subnet's pools. `take` gives one that was never used, else one whose offer nobody took, else the
 * one whose lease ended the longest ago: so a client that was away finds its old address as long as that is possible.
 * Each is O(1) or O(log n), also with 100,000 addresses.
 */
export class AddressPool {
  readonly subnet: SubnetSettings;
  readonly #rows: ReadonlyMap<Ipv4, AddressRow>;
  readonly #isReserved: (address: Ipv4) => boolean;
  readonly #leased = new ExpiryHeap<AddressRow>();
  /** Rows that were offered and never leased, in the order of their offers' ends. */
  #offered: AddressRow[] = [];
  #offeredHead = 0;
  /** Reserved for somebody when it was their turn, once each. A node may be removed again: they get a second look. */
  readonly #passedOver = new Set<Ipv4>();
  #rangeAt = 0;
  #next: Ipv4;

  constructor(subnet: SubnetSettings, rows: ReadonlyMap<Ipv4, AddressRow>, isReserved: (address: Ipv4) => boolean) {
    this.subnet = subnet;
    this.#rows = rows;
    this.#isReserved = isReserved;
    this.#next = subnet.pools[0]?.first ?? 0;
  }

  contains(address: Ipv4): boolean {
    for (const range of this.subnet.pools) if (rangeContains(range, address)) return true;
    return false;
  }

  /** A row of this pool got or lost an offer, or got another lease. */
  changed(row: AddressRow): void {
    if (row.lease !== undefined) {
      // The heap finds out by itself what ends later than it thought.
      if (row.heapIndex === -1 || row.busyUntil < row.heapOrder) this.#leased.place(row);
    } else if (row.queuedUntil === -1) {
      row.queuedUntil = row.offerEndsAt;
      this.#offered.push(row);
    }
  }

  /** An address for a new client; undefined: none is left. The caller offers it at once. */
  take(now: number): Ipv4 | undefined {
    return this.#neverUsed() ?? this.#lapsedOffer(now) ?? this.#longestEnded(now) ?? this.#secondLook(now);
  }

  /** What `take` would give, and everything stays as it is. O(n): for a person who asks, not for a packet. */
  peek(now: number): Ipv4 | undefined {
    const restore = this.#remember();
    try {
      return this.take(now);
    } finally {
      restore();
    }
  }

  census(now: number): PoolCensus {
    let leased = 0;
    let offered = 0;
    let quarantined = 0;
    let reserved = 0;
    let size = 0;
    const endingFirst: AddressRow[] = [];
    for (const { first, last } of this.subnet.pools) {
      size += last - first + 1;
      for (let address = first; address <= last; address += 1) {
        const row = this.#rows.get(address);
        if (row === undefined || row.busyUntil <= now) {
          if (this.#isReserved(address)) reserved += 1;
        } else if (row.leaseEndsAt <= now) {
          offered += 1;
        } else if (row.lease?.state === 'declined') {
          quarantined += 1;
        } else {
          leased += 1;
          keepEarliest(endingFirst, row);
        }
      }
    }
    return { size, leased, offered, quarantined, reserved, endingFirst };
  }

  #remember(): () => void {
    const restoreLeased = this.#leased.remember();
    const passedOver = [...this.#passedOver];
    const offered = this.#offered.slice();
    const queuedUntil = offered.map((row) => row.queuedUntil);
    const [offeredHead, rangeAt, next] = [this.#offeredHead, this.#rangeAt, this.#next];
    return () => {
      restoreLeased();
      this.#passedOver.clear();
      for (const address of passedOver) this.#passedOver.add(address);
      this.#offered = offered;
      offered.forEach((row, index) => {
        row.queuedUntil = queuedUntil[index] as number;
      });
      this.#offeredHead = offeredHead;
      this.#rangeAt = rangeAt;
      this.#next = next;
    };
  }

  #neverUsed(): Ipv4 | undefined {
    for (;;) {
      const range = this.subnet.pools[this.#rangeAt];
      if (range === undefined) return undefined;
      if (this.#next > range.last) {
        this.#rangeAt += 1;
        this.#next = this.subnet.pools[this.#rangeAt]?.first ?? 0;
        continue;
      }
      const address = this.#next;
      this.#next += 1;
      if (this.#rows.has(address) || this.#isNoHost(address)) continue;
      if (!this.#isReserved(address)) return address;
      this.#passedOver.add(address);
    }
  }

  #lapsedOffer(now: number): Ipv4 | undefined {
    while (this.#offeredHead < this.#offered.length) {
      const row = this.#offered[this.#offeredHead] as AddressRow;
      const renewed = row.lease === undefined && row.offerEndsAt !== row.queuedUntil;
      if (row.lease === undefined && !renewed && row.offerEndsAt > now) return undefined;
      this.#offeredHead += 1;
      row.queuedUntil = -1;
      if (renewed) this.changed(row);
      else if (row.lease === undefined && !this.#keepsReserved(row)) {
        this.#compact();
        return row.address;
      }
    }
    this.#compact();
    return undefined;
  }

  /** The queue is an array with a head: what was taken is given back when it is the larger part. */
  #compact(): void {
    if (this.#offeredHead < 64 || this.#offeredHead * 2 < this.#offered.length) return;
    this.#offered = this.#offered.slice(this.#offeredHead);
    this.#offeredHead = 0;
  }

  #longestEnded(now: number): Ipv4 | undefined {
    for (;;) {
      const row = this.#leased.first();
      if (row === undefined || row.busyUntil > now) return undefined;
      if (!this.#keepsReserved(row)) return row.address;
      this.#leased.removeFirst();
    }
  }

  #keepsReserved(row: AddressRow): boolean {
    if (!this.#isReserved(row.address)) return false;
    this.#passedOver.add(row.address);
    return true;
  }

  #secondLook(now: number): Ipv4 | undefined {
    let looks = Math.min(SECOND_LOOKS, this.#passedOver.size);
    for (const address of this.#passedOver) {
      if (looks === 0) break;
      looks -= 1;
      this.#passedOver.delete(address);
      const row = this.#rows.get(address);
      const busy = row !== undefined && row.busyUntil > now;
      if (!busy && !this.#isReserved(address)) return address;
      // A row that its owner leased is in the heap again, which will give it out.
      if (row === undefined || row.heapIndex === -1) this.#passedOver.add(address);
    }
    return undefined;
  }

  /** The network's own address and its broadcast address, where a pool reaches that far. */
  #isNoHost(address: Ipv4): boolean {
    const { subnet } = this;
    return subnet.prefixLength < 31 && (address === subnet.network || address === broadcastAddress(subnet));
  }
}

function keepEarliest(earliest: AddressRow[], row: AddressRow): void {
  const last = earliest[FIRST_HOLDERS - 1];
  if (last !== undefined && last.leaseEndsAt <= row.leaseEndsAt) return;
  earliest.push(row);
  earliest.sort((a, b) => a.leaseEndsAt - b.leaseEndsAt);
  earliest.length = Math.min(earliest.length, FIRST_HOLDERS);
}
