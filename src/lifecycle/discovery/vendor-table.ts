import type { MacAddress } from '../../domain/mac.ts';

/** Hex digits of an assignment: MA-S, MA-M and MA-L (IEEE Registration Authority), the longest first. */
const PREFIX_DIGITS = [9, 7, 6] as const;
/** A prefix and the index of its owner's name in one number below 2^53: 36 bits and 16. */
const NAME_FACTOR = 65_536;

/** Made up by software, as virtual machines and bridges do: the second bit of the first byte (IEEE 802-2014 section 8.4). */
export function isLocallyAdministered(mac: MacAddress): boolean {
  return (Number.parseInt(mac.slice(0, 2), 16) & 2) !== 0;
}

/** Owners of MAC addresses: 50,000 assignments in little more than a megabyte. */
export class VendorTable {
  readonly #byLength: ReadonlyMap<number, Float64Array>;
  /** Every name once, UTF-8, one after another. */
  readonly #names: Buffer;
  readonly #ends: Uint32Array;

  constructor(byLength: ReadonlyMap<number, Float64Array>, names: Buffer, ends: Uint32Array) {
    this.#byLength = byLength;
    this.#names = names;
    this.#ends = ends;
  }

  get sizeBytes(): number {
    const tables = [...this.#byLength.values()].reduce((sum, table) => sum + table.byteLength, 0);
    return tables + this.#names.byteLength + this.#ends.byteLength;
  }

  /** Undefined for an address that nobody is known to have, and for one that its software made up. */
  owner(mac: MacAddress): string | undefined {
    if (isLocallyAdministered(mac)) return undefined;
    const digits = mac.replaceAll(':', '');
    for (const length of PREFIX_DIGITS) {
      const index = this.#find(length, Number.parseInt(digits.slice(0, length), 16));
      if (index !== undefined) return this.#name(index);
    }
    return undefined;
  }

  #find(length: number, prefix: number): number | undefined {
    const table = this.#byLength.get(length);
    if (table === undefined) return undefined;
    let low = 0;
    let high = table.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((table[middle] as number) < prefix * NAME_FACTOR) low = middle + 1;
      else high = middle;
    }
    const entry = table[low];
    if (entry === undefined || Math.floor(entry / NAME_FACTOR) !== prefix) return undefined;
    return entry % NAME_FACTOR;
  }

  #name(index: number): string {
    return this.#names.toString('utf8', index === 0 ? 0 : this.#ends[index - 1], this.#ends[index]);
  }
}

/** Gathers assignments without an object for any of them: made as objects they would leave forty megabytes behind. */
export class VendorTableBuilder {
  readonly #byLength = new Map<number, { entries: Float64Array; count: number }>();
  #names = Buffer.alloc(1 << 16);
  #used = 0;
  readonly #ends = new Uint32Array(NAME_FACTOR);
  #nameCount = 0;
  /** Open addressing: index of a name and one, by its hash. */
  readonly #slots = new Uint32Array(4 * NAME_FACTOR);

  /**
   * @param digits how many hex digits `prefix` has: 6, 7 or 9
   * @param owner its bytes from `start` to `end`
   */
  add(digits: number, prefix: number, owner: Uint8Array, start = 0, end = owner.length): void {
    const index = this.#indexOf(owner, start, end);
    if (index === undefined) return;
    const table = this.#byLength.get(digits) ?? { entries: new Float64Array(1_024), count: 0 };
    if (table.count === table.entries.length) {
      const larger = new Float64Array(table.entries.length * 2);
      larger.set(table.entries);
      table.entries = larger;
    }
    table.entries[table.count] = prefix * NAME_FACTOR + index;
    table.count += 1;
    this.#byLength.set(digits, table);
  }

  build(): VendorTable {
    const byLength = new Map(
      [...this.#byLength].map(([digits, { entries, count }]) => [digits, entries.slice(0, count).sort()] as const),
    );
    return new VendorTable(
      byLength,
      Buffer.from(this.#names.subarray(0, this.#used)),
      this.#ends.slice(0, this.#nameCount),
    );
  }

  /** Undefined where there are more names than an entry has room for. */
  #indexOf(bytes: Uint8Array, start: number, end: number): number | undefined {
    let slot = hash(bytes, start, end) % this.#slots.length;
    for (;;) {
      const index = (this.#slots[slot] as number) - 1;
      if (index < 0) break;
      if (this.#isName(index, bytes, start, end)) return index;
      slot = (slot + 1) % this.#slots.length;
    }
    if (this.#nameCount === NAME_FACTOR) return undefined;
    this.#append(bytes, start, end);
    this.#slots[slot] = this.#nameCount;
    return this.#nameCount - 1;
  }

  #isName(index: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = index === 0 ? 0 : (this.#ends[index - 1] as number);
    return this.#names.compare(bytes, start, end, from, this.#ends[index]) === 0;
  }

  #append(bytes: Uint8Array, start: number, end: number): void {
    while (this.#used + end - start > this.#names.length) {
      const larger = Buffer.alloc(this.#names.length * 2);
      this.#names.copy(larger);
      this.#names = larger;
    }
    this.#names.set(bytes.subarray(start, end), this.#used);
    this.#used += end - start;
    this.#ends[this.#nameCount] = this.#used;
    this.#nameCount += 1;
  }
}

/** FNV-1a. */
function hash(bytes: Uint8Array, start: number, end: number): number {
  let value = 0x811c9dc5;
  for (let at = start; at < end; at += 1) value = Math.imul(value ^ (bytes[at] as number), 0x01000193);
  return value >>> 0;
}
