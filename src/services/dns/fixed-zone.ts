import type { RecordValue } from '../../codecs/dns/encode-data.ts';
import { type WireName, wireName } from '../../codecs/dns/name.ts';
import type { NameEntry, Zone } from './zone.ts';

/** A name that stands for one thing everywhere, or for nothing. */
export class FixedZone implements Zone {
  readonly apex: string;
  readonly apexName: WireName;
  readonly #values: readonly RecordValue[];
  readonly #reachesDown: boolean;

  /** @param reachesDown names below it have the same records */
  constructor(apex: string, values: readonly RecordValue[], reachesDown: boolean) {
    this.apex = apex;
    this.apexName = wireName(apex);
    this.#values = values;
    this.#reachesDown = reachesDown;
  }

  lookup(labels: readonly string[]): NameEntry | undefined {
    return labels.length === 0 || this.#reachesDown ? { values: this.#values } : undefined;
  }
}

/** Names that must not be asked for elsewhere: RFC 6761 sections 6.3 and 6.4, RFC 7686. */
export const SPECIAL_ZONES: readonly Zone[] = [
  new FixedZone(
    'localhost',
    [
      { type: 'A', address: '127.0.0.1' },
      { type: 'AAAA', address: '::1' },
    ],
    true,
  ),
  new FixedZone('1.0.0.127.in-addr.arpa', [{ type: 'PTR', target: 'localhost' }], false),
  new FixedZone('invalid', [], false),
  new FixedZone('onion', [], false),
];
