import type { ImportedInterface, ImportedNode, Place } from './imported-node.ts';

export type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** A node as rows are added to it. */
export class CsvNode implements ImportedNode {
  readonly place: Place;
  readonly name?: string;
  readonly isUnreadable: boolean;
  readonly fields: Record<string, unknown> = {};
  readonly interfaces: Writable<ImportedInterface>[] = [];
  readonly #places = new Map<string, Place>();

  constructor(place: Place, name: string | undefined, isUnreadable: boolean) {
    this.place = place;
    this.isUnreadable = isUnreadable;
    if (name !== undefined) this.name = name;
  }

  /**
   * @param path `rack`, or `labels.row`
   * @returns what an earlier row says otherwise; undefined: it says the same, or nothing
   */
  say(path: string, value: unknown, place: Place): unknown {
    const [first = '', ...rest] = path.split('.');
    const key = rest.join('.');
    const record = key === '' ? this.fields : this.#recordOf(first);
    const name = key === '' ? first : key;
    const before = Object.hasOwn(record, name) ? record[name] : undefined;
    if (before === undefined || (isNothing(before) && !isNothing(value))) {
      // Own property whatever the key: a column may be called label.__proto__.
      Object.defineProperty(record, name, { value, enumerable: true, configurable: true, writable: true });
      this.#places.set(path, place);
      return undefined;
    }
    return isNothing(value) || isSame(path, before, value) ? undefined : before;
  }

  #recordOf(field: string): Record<string, unknown> {
    const record = this.fields[field] ?? {};
    this.fields[field] = record;
    return record as Record<string, unknown>;
  }

  /** For an interface that the table does not name. */
  freeName(base: string): string {
    const taken = new Set(this.interfaces.map(({ name }) => name));
    for (let number = 1; ; number += 1) {
      const name = number === 1 ? base : `${base}${number}`;
      if (!taken.has(name)) return name;
    }
  }

  placeOf(path: string): Place | undefined {
    return this.#places.get(path);
  }

  setPlace(path: string, place: Place): void {
    this.#places.set(path, place);
  }
}

/** Labels and SMBIOS disagree about the case of serial numbers. */
function isSame(path: string, one: unknown, other: unknown): boolean {
  const [first, second] = [JSON.stringify(one), JSON.stringify(other)];
  return path === 'serialNumber' ? first.toUpperCase() === second.toUpperCase() : first === second;
}

function isNothing(value: unknown): boolean {
  return value === null || (Array.isArray(value) && value.length === 0);
}
