import type { RecordValue } from '../../codecs/dns/encode-data.ts';
import { type WireName, wireName } from '../../codecs/dns/name.ts';
import { formatIpv4, type Ipv4 } from '../../domain/ipv4.ts';
import type { ExtraRecords } from './extra-records.ts';
import type { MachineNames } from './machine-names.ts';
import { type NameEntry, NOTHING_HERE, type Zone } from './zone.ts';

export interface ForwardZoneParts {
  /** `site.domain` */
  readonly apex: string;
  /** Our own label. */
  readonly serverName: string;
  /** Ours, on the interfaces with DNS. */
  readonly serverAddresses: readonly Ipv4[];
  readonly extra: ExtraRecords;
  readonly machines: MachineNames;
}

/**
 * The names of machines and what the configuration says beside. Where both say something of one name, the configuration
 * goes before for the types that it has.
 */
export class ForwardZone implements Zone {
  readonly apex: string;
  readonly apexName: WireName;
  readonly #parts: ForwardZoneParts;
  readonly #hasWildcards: boolean;

  constructor(parts: ForwardZoneParts) {
    this.#parts = parts;
    this.apex = parts.apex;
    this.apexName = wireName(parts.apex);
    this.#hasWildcards = parts.extra.hasWildcards;
  }

  lookup(labels: readonly string[], via: Ipv4): NameEntry | undefined {
    return this.#existing(labels, via) ?? (this.#hasWildcards ? this.#wildcard(labels, via) : undefined);
  }

  #existing(labels: readonly string[], via: Ipv4): NameEntry | undefined {
    const { extra, serverName } = this.#parts;
    const own = extra.at(this.#absolute(labels));
    if (labels.length === 0) return own === undefined ? NOTHING_HERE : { values: own };
    if (labels.length === 1 && labels[0] === serverName) return this.#ourselves(own ?? [], via);
    const machine = this.#machine(labels);
    if (own === undefined) return machine;
    return machine === undefined ? { values: own } : merged(own, machine);
  }

  /** The address through which the question came stands first: it is the one that the asking machine reaches. */
  #ourselves(own: readonly RecordValue[], via: Ipv4): NameEntry {
    const { serverAddresses } = this.#parts;
    const sorted = serverAddresses.includes(via)
      ? [via, ...serverAddresses.filter((address) => address !== via)]
      : serverAddresses;
    return { ...merged(own, { values: sorted.map(addressValue) }), varies: true };
  }

  #machine(labels: readonly string[]): NameEntry | undefined {
    const found = this.#parts.machines.find(labels);
    if (found === undefined || found === 'no-address') return found === undefined ? undefined : NOTHING_HERE;
    const values = [addressValue(found.address)];
    return found.leaseSeconds === undefined ? { values } : { values, ttlSeconds: found.leaseSeconds };
  }

  /** RFC 4592: below the closest name that exists, and nowhere else. */
  #wildcard(labels: readonly string[], via: Ipv4): NameEntry | undefined {
    for (let cut = 1; cut <= labels.length; cut += 1) {
      const encloser = labels.slice(cut);
      if (this.#existing(encloser, via) === undefined) continue;
      const values = this.#parts.extra.at(this.#absolute(['*', ...encloser]));
      return values === undefined ? undefined : { values };
    }
    return undefined;
  }

  #absolute(labels: readonly string[]): string {
    // A label with a dot in it is no other name: nothing that is configured has one.
    if (labels.some((label) => label.includes('.'))) return '';
    return labels.length === 0 ? this.apex : `${labels.join('.')}.${this.apex}`;
  }
}

function merged(own: readonly RecordValue[], machine: NameEntry): NameEntry {
  if (own.some(({ type }) => type === 'CNAME')) return { values: own };
  const rest = machine.values.filter((value) => !own.some(({ type }) => type === value.type));
  return { ...machine, values: [...own, ...rest] };
}

function addressValue(address: Ipv4): RecordValue {
  return { type: 'A', address: formatIpv4(address) };
}
