import type { DiscoveredMachine } from '../../domain/discovered-machine.ts';
import type { InterfaceKey } from '../../domain/lease.ts';
import type { Clock, EventSink, Timer } from '../../domain/ports.ts';
import { bmcReason } from './machine-kind.ts';
import type { Entry, MachineTable } from './machine-table.ts';
import type { Vendors } from './vendors.ts';

/** What came within a second is told together, after the packets are answered. */
const RECEIVE_AFTER_MS = 1_000;
const MAX_WAITING = 200;

export interface ReceptionParts {
  readonly table: MachineTable;
  readonly vendors: Vendors;
  readonly clock: Clock;
  readonly events: EventSink;
  /** Enrolled meanwhile. */
  readonly isEnrolled: (machine: DiscoveredMachine) => boolean;
  /** Those that have settled, for rules that work by themselves. */
  readonly settled: (machines: readonly DiscoveredMachine[]) => Promise<void>;
}

/** Tells of machines that are new, and finds out what they are. */
export class Reception {
  readonly #parts: ReceptionParts;
  /** True: it has settled. */
  #waiting = new Map<InterfaceKey, boolean>();
  readonly #told = new WeakSet<Entry>();
  #timer: Timer | undefined;
  #receiving = false;
  #notTold = 0;

  constructor(parts: ReceptionParts) {
    this.#parts = parts;
  }

  /** Cheap: asked for packets of strangers. */
  arrived(key: InterfaceKey, hasSettled: boolean): void {
    // What stays is found whatever else comes: there are never more of them than the table has room for.
    if (!hasSettled && this.#waiting.size >= MAX_WAITING) {
      this.#notTold += 1;
      return;
    }
    this.#waiting.set(key, hasSettled || this.#waiting.get(key) === true);
    this.#wake();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#waiting.clear();
  }

  #wake(): void {
    if (this.#receiving) return;
    this.#timer ??= this.#parts.clock.setTimeout(() => {
      this.#timer = undefined;
      void this.#receive();
    }, RECEIVE_AFTER_MS);
  }

  /** One at a time. */
  async #receive(): Promise<void> {
    this.#receiving = true;
    try {
      await this.#parts.vendors.ready();
      const waiting = this.#waiting;
      this.#waiting = new Map();
      const settled: DiscoveredMachine[] = [];
      for (const [key, hasSettled] of waiting) {
        const entry = this.#parts.table.get(key);
        if (entry === undefined || this.#parts.isEnrolled(entry.machine)) continue;
        this.#recognise(entry);
        if (hasSettled) settled.push(entry.machine);
      }
      this.#tellRest();
      await this.#parts.settled(settled);
    } finally {
      this.#receiving = false;
      if (this.#waiting.size > 0) this.#wake();
    }
  }

  #recognise(entry: Entry): void {
    const { machine } = entry;
    const vendor = this.#parts.vendors.of(machine.mac);
    const reason = bmcReason(machine, vendor);
    const kind = reason === undefined ? 'machine' : 'bmc';
    if (machine.kind !== kind) {
      machine.kind = kind;
      entry.changed = true;
    }
    if (this.#told.has(entry) || entry.savedAt !== undefined) return;
    this.#told.add(entry);
    this.#tell(machine, vendor, reason);
  }

  #tell(machine: DiscoveredMachine, vendor: string | undefined, reason: string | undefined): void {
    const { key, mac, interfaceName, address, kind, firmware, uuid } = machine;
    const what = [vendor, firmware, reason === undefined ? undefined : `BMC: ${reason}`].filter(
      (each) => each !== undefined,
    );
    const words = what.length === 0 ? '' : ` (${what.join(', ')})`;
    this.#parts.events.emit({
      type: 'machine.discovered',
      level: 'info',
      subject: { key, interfaceName, ...(address !== undefined && { address }) },
      text: `a machine that is not enrolled asks on ${interfaceName}: ${mac ?? key}${words}`,
      mend: `podboot discovered show ${mac ?? key}; podboot discovered adopt ${mac ?? key} NAME`,
      throttle: `discovered ${interfaceName}`,
      data: { kind, ...(vendor !== undefined && { vendor }), ...(uuid !== undefined && { uuid }) },
    });
  }

  #tellRest(): void {
    if (this.#notTold === 0) return;
    const count = this.#notTold;
    this.#notTold = 0;
    this.#parts.events.emit({
      type: 'discovery.flood',
      level: 'warn',
      subject: {},
      text: `${count} packets of machines that came once only are not told one by one: somebody makes up MAC addresses, or a network was joined to this one`,
      mend: 'Find the switch port that they come from; `dhcp: reservations` gives strangers no addresses.',
      throttle: 'flood',
    });
  }
}
