import { type WireName, wireName } from '../../codecs/dns/name.ts';
import { formatIpv4, type Ipv4, type Ipv4Subnet, subnetContains } from '../../domain/ipv4.ts';
import type { ExtraRecords } from './extra-records.ts';
import { type NameEntry, NOTHING_HERE, type Zone } from './zone.ts';

const SUFFIX = 'in-addr.arpa';

/** Whose address it is, by its absolute name. */
export interface AddressNames {
  nameAt(address: Ipv4): { readonly name: string; readonly leaseSeconds?: number } | undefined;
  /** Every address that has a name. */
  addresses(): Iterable<Ipv4>;
  /** Another number after each change of what `addresses` gives. */
  generation(): number;
}

/** The part of in-addr.arpa that belongs to the subnets: whole octets, so up to 128 zones for one of them. */
export class ReverseZone implements Zone {
  readonly apex: string;
  readonly apexName: WireName;
  readonly #octets: readonly number[];
  readonly #subnets: readonly Ipv4Subnet[];
  readonly #names: AddressNames;
  readonly #extra: ExtraRecords;
  readonly #inhabited = new Map<Ipv4, boolean>();
  #generation = -1;

  /**
   * @param octets from left to right: [10, 77, 0] is 0.77.10.in-addr.arpa
   * @param subnets those that reach into it: it speaks for their addresses alone
   */
  constructor(octets: readonly number[], subnets: readonly Ipv4Subnet[], names: AddressNames, extra: ExtraRecords) {
    this.#octets = octets;
    this.#subnets = subnets;
    this.#names = names;
    this.#extra = extra;
    this.apex = reverseName(octets);
    this.apexName = wireName(this.apex);
  }

  lookup(labels: readonly string[]): NameEntry | undefined | 'elsewhere' {
    if (labels.length === 0) return NOTHING_HERE;
    const rest = labels.map(octetOf).reverse();
    const octets = [...this.#octets, ...rest.slice(0, 4 - this.#octets.length)];
    if (octets.includes(undefined)) return undefined;
    const known = octets as number[];
    const address = addressOf(known);
    if (known.length < 4) return this.#isInhabited(known) ? NOTHING_HERE : undefined;
    if (!this.#subnets.some((subnet) => subnetContains(subnet, address))) return 'elsewhere';
    // Nothing is below an address.
    if (rest.length > 4 - this.#octets.length) return undefined;
    const own = this.#extra.at(reverseName(known));
    if (own !== undefined && own.length > 0) return { values: own };
    const found = this.#names.nameAt(address);
    if (found === undefined) return undefined;
    const { name, leaseSeconds } = found;
    return {
      values: [{ type: 'PTR', target: name }],
      ...(leaseSeconds === undefined ? {} : { ttlSeconds: leaseSeconds }),
    };
  }

  /** Some address below has a name, so this one exists (RFC 8020); resolvers ask for it on their way (RFC 9156). */
  #isInhabited(octets: readonly number[]): boolean {
    const generation = this.#names.generation();
    if (generation !== this.#generation) {
      this.#inhabited.clear();
      this.#generation = generation;
    }
    const network = addressOf(octets);
    let inhabited = this.#inhabited.get(network);
    if (inhabited === undefined) {
      const block = { network, prefixLength: 8 * octets.length };
      inhabited = this.#extra.at(reverseName(octets)) !== undefined || some(this.#names.addresses(), block);
      this.#inhabited.set(network, inhabited);
    }
    return inhabited;
  }
}

function some(addresses: Iterable<Ipv4>, block: Ipv4Subnet): boolean {
  for (const address of addresses) if (subnetContains(block, address)) return true;
  return false;
}

/** `21` is 21; `021`, `256` and `x` are none. */
function octetOf(label: string): number | undefined {
  const value = /^(0|[1-9][0-9]{0,2})$/.test(label) ? Number(label) : 256;
  return value > 255 ? undefined : value;
}

/** Missing octets are 0. */
function addressOf([a = 0, b = 0, c = 0, d = 0]: readonly number[]): Ipv4 {
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

function reverseName(octets: readonly number[]): string {
  return [...octets.toReversed(), SUFFIX].join('.');
}

/** The octets of each zone that the subnet lies in: the /24 for a smaller one, all /24s of a /20. */
export function zonesOf({ network, prefixLength }: Ipv4Subnet): number[][] {
  const count = Math.min(3, Math.max(1, Math.ceil(prefixLength / 8)));
  const zones = 2 ** Math.max(0, 8 * count - prefixLength);
  const size = 2 ** (32 - 8 * count);
  const first = Math.floor(network / size) * size;
  return Array.from({ length: zones }, (_, index) =>
    formatIpv4(first + index * size)
      .split('.')
      .slice(0, count)
      .map(Number),
  );
}
