import type { RecordValue } from '../../codecs/dns/encode-data.ts';
import type { WireName } from '../../codecs/dns/name.ts';

/** All that a zone has at one name; empty where only names below it exist (RFC 8020: NODATA, not NXDOMAIN). */
export interface NameEntry {
  readonly values: readonly RecordValue[];
  /** From a lease, which ends without telling: seconds that the answer may be kept. */
  readonly ttlSeconds?: number;
  /** Another answer on each of our interfaces. */
  readonly varies?: boolean;
}

export interface Zone {
  /** Text, without a dot at the end. */
  readonly apex: string;
  readonly apexName: WireName;
  /**
   * @param labels between the name and the apex, from left to right, in lower case; empty for the apex itself
   * @param via our address on the interface through which the question came
   * @returns undefined where the name does not exist, or `elsewhere` where it is not for this zone to say
   */
  lookup(labels: readonly string[], via: number): NameEntry | undefined | 'elsewhere';
}

export const NOTHING_HERE: NameEntry = { values: [] };
