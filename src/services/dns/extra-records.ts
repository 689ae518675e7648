import type { RecordValue } from '../../codecs/dns/encode-data.ts';
import type { DnsRecordSettings } from '../../domain/settings.ts';

/** Records of the configuration by name, and the names that exist because others are below them. */
export class ExtraRecords {
  readonly #byName = new Map<string, RecordValue[]>();
  readonly #parents = new Set<string>();

  /** @param records those of one zone or of several; their names are absolute */
  constructor(records: readonly DnsRecordSettings[]) {
    for (const { name, ...value } of records) {
      const values = this.#byName.get(name);
      if (values === undefined) this.#byName.set(name, [value]);
      else values.push(value);
      for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
        this.#parents.add(name.slice(dot + 1));
      }
    }
  }

  /** @param name absolute, without a dot at the end */
  at(name: string): readonly RecordValue[] | undefined {
    return this.#byName.get(name) ?? (this.#parents.has(name) ? [] : undefined);
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  get hasWildcards(): boolean {
    return [...this.#byName.keys()].some((name) => name.startsWith('*.'));
  }
}
