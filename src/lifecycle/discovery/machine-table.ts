import { isDeepStrictEqual } from 'node:util';
import type { DiscoveredMachine, Sighting } from '../../domain/discovered-machine.ts';
import type { InterfaceKey } from '../../domain/lease.ts';
import { Doorway } from './doorway.ts';

export type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface Entry {
  readonly machine: Mutable<DiscoveredMachine>;
  /** It came again, or took the address that it was offered: nobody made it up for one packet. */
  settled: boolean;
  /** Its `lastSeenAt` as the store has it; undefined: the store does not have it. */
  savedAt: number | undefined;
  /** Something else than the time of its last packet is not in the store. */
  changed: boolean;
}

export interface TableLimits {
  readonly settled: number;
  /** Of those that have come only once; they are the first to go. */
  readonly fleeting: number;
}

export interface Arrival {
  readonly entry: Entry;
  /** It is new, or was fleeting until now. */
  readonly isNew: boolean;
  readonly hasSettled: boolean;
}

/** A made-up address that came twice within a burst has not come again. */
const RETURN_SECONDS = 2;

/**
 * Machines that are no nodes, bounded. Two lists: a machine that came once makes room for the next one that did, and never
 * for one that stays; of those that stay, the one that was silent for longest goes. So a flood of made-up addresses pushes
 * out nothing but itself, and a machine that keeps asking amid it is found.
 */
export class MachineTable {
  readonly #limits: TableLimits;
  /** Both in the order of their last packet: the most silent first. */
  readonly #settled = new Map<InterfaceKey, Entry>();
  readonly #fleeting = new Map<InterfaceKey, Entry>();
  /** From the first time on that there was no room. */
  #doorway: Doorway | undefined;
  readonly #dropped: (entry: Entry) => void;

  /** @param dropped hears of each entry that had to make room */
  constructor(limits: TableLimits, dropped: (entry: Entry) => void) {
    this.#limits = limits;
    this.#dropped = dropped;
  }

  get size(): number {
    return this.#settled.size + this.#fleeting.size;
  }

  get(key: InterfaceKey): Entry | undefined {
    return this.#settled.get(key) ?? this.#fleeting.get(key);
  }

  *entries(): Generator<Entry> {
    yield* this.#settled.values();
    yield* this.#fleeting.values();
  }

  remove(key: InterfaceKey): Entry | undefined {
    const entry = this.get(key);
    this.#settled.delete(key);
    this.#fleeting.delete(key);
    return entry;
  }

  /** One that the store had. */
  restore(machine: DiscoveredMachine): void {
    const entry = { machine: { ...machine }, settled: true, savedAt: machine.lastSeenAt, changed: false };
    this.#put(this.#settled, this.#limits.settled, entry);
  }

  /**
   * @param now milliseconds since 1970
   * @param monotonic milliseconds
   */
  saw(sighting: Sighting, now: number, monotonic: number): Arrival {
    const known = this.get(sighting.key);
    const entry = known ?? newEntry(sighting, now);
    const isBack = known === undefined ? this.#knocked(sighting.key, monotonic) : comesAgain(known, sighting, now);
    if (known !== undefined) note(known, sighting);
    entry.machine.lastSeenAt = now;
    entry.machine.requests += 1;
    const hasSettled = !entry.settled && (isBack || sighting.address !== undefined);
    if (hasSettled) {
      entry.settled = true;
      this.#fleeting.delete(sighting.key);
    }
    if (entry.settled) this.#put(this.#settled, this.#limits.settled, entry);
    else this.#put(this.#fleeting, this.#limits.fleeting, entry);
    return { entry, isNew: known === undefined, hasSettled };
  }

  #knocked(key: InterfaceKey, monotonic: number): boolean {
    if (this.#fleeting.size >= this.#limits.fleeting) this.#doorway ??= new Doorway(monotonic);
    return this.#doorway !== undefined && this.#doorway.knock(key, monotonic) >= RETURN_SECONDS;
  }

  #put(list: Map<InterfaceKey, Entry>, limit: number, entry: Entry): void {
    const { key } = entry.machine;
    list.delete(key);
    if (list.size >= limit) {
      for (const [silent, dropped] of list) {
        list.delete(silent);
        this.#dropped(dropped);
        break;
      }
    }
    list.set(key, entry);
  }
}

/** Later, or as another program of its boot: firmware, boot program, system. */
function comesAgain({ machine }: Entry, sighting: Sighting, now: number): boolean {
  // A clock that was set back tells nothing.
  return now - machine.firstSeenAt >= RETURN_SECONDS * 1_000 || sighting.stage !== machine.stage;
}

function newEntry(sighting: Sighting, now: number): Entry {
  const machine = { ...sighting, kind: 'machine' as const, firstSeenAt: now, lastSeenAt: now, requests: 0 };
  return { machine, settled: false, savedAt: undefined, changed: true };
}

const KEPT = ['mac', 'clientId', 'firmware', 'architecture', 'uuid', 'vendorClass', 'hostname', 'address'] as const;

/** What a later packet leaves out stays: an operating system says neither firmware nor UUID. */
function note(entry: Entry, sighting: Sighting): void {
  const machine = entry.machine as Record<string, unknown>;
  const set = (field: keyof Sighting, value: unknown) => {
    if (isDeepStrictEqual(machine[field], value)) return;
    if (value === undefined) delete machine[field];
    else machine[field] = value;
    entry.changed = true;
  };
  for (const field of KEPT) if (sighting[field] !== undefined) set(field, sighting[field]);
  set('stage', sighting.stage);
  set('interfaceName', sighting.interfaceName);
  // An operating system's renewal goes past the relay and says nothing of the port; firmware always asks everyone.
  if (sighting.stage === 'os' && sighting.relay === undefined) return;
  set('relay', sighting.relay);
  set('switchPort', sighting.switchPort);
}
