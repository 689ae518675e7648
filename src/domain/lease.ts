import type { Ipv4 } from './ipv4.ts';
import type { MacAddress } from './mac.ts';

/**
 * Who holds an address, whatever client identifier it sends at the moment (PXE, iPXE, installer and OS send four):
 * `mac:<address>` where the client has a hardware address, else `cid:<hex of option 61>` (RFC 4390).
 * For an interface of an enrolled node it is the interface's own: its MAC address before its client identifier.
 */
export type InterfaceKey = string;

/** `declined` is a quarantine: another machine was seen at the address (RFC 2131 section 4.3.3). */
export type LeaseState = 'bound' | 'released' | 'declined';

export interface Lease {
  /** The one key of the table: an address has one lease. */
  readonly address: Ipv4;
  readonly key: InterfaceKey;
  readonly state: LeaseState;
  readonly mac?: MacAddress;
  /** Option 61 in lower-case hex, as last sent. */
  readonly clientId?: string;
  readonly nodeId?: string;
  readonly hostname?: string;
  /** Name of the reservation that gave the address, where its owner is not known by MAC alone (UUID, switch port). */
  readonly reservation?: string;
  /** Milliseconds since 1970. */
  readonly startsAt: number;
  /** Milliseconds since 1970; null never ends (BOOTP). */
  readonly expiresAt: number | null;
}

export function macKey(mac: MacAddress): InterfaceKey {
  return `mac:${mac}`;
}

export function clientIdKey(clientIdHex: string): InterfaceKey {
  return `cid:${clientIdHex}`;
}
