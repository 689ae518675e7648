import type { MacAddress } from '../../domain/mac.ts';
import type { EventSink } from '../../domain/ports.ts';
import { loadVendorTable } from './load-vendor-table.ts';
import { isLocallyAdministered, type VendorTable } from './vendor-table.ts';

export const LOCALLY_ADMINISTERED = 'locally administered';

/** Who made the interface. The table is read when it is first asked for: many sites have no strangers. */
export class Vendors {
  readonly #load: () => Promise<VendorTable>;
  readonly #events: EventSink;
  #table: VendorTable | undefined;
  #loading: Promise<void> | undefined;

  constructor(events: EventSink, load: () => Promise<VendorTable> = loadVendorTable) {
    this.#events = events;
    this.#load = load;
  }

  /** Never rejects: without the table, no maker is known. */
  ready(): Promise<void> {
    this.#loading ??= this.#load().then(
      (table) => {
        this.#table = table;
      },
      (error: unknown) => {
        const text = `the registry of MAC addresses can't be read: ${error instanceof Error ? error.message : error}`;
        const mend = 'Install podboot again; discovered machines are shown without their makers until then.';
        this.#events.emit({ type: 'discovery.no-vendors', level: 'warn', subject: {}, text, mend });
      },
    );
    return this.#loading;
  }

  /** Undefined where the registry has no owner, or has not been read yet. */
  of(mac: MacAddress | undefined): string | undefined {
    if (mac === undefined) return undefined;
    return isLocallyAdministered(mac) ? LOCALLY_ADMINISTERED : this.#table?.owner(mac);
  }
}
