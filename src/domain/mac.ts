/** An Ethernet hardware address, lower case with colons: `52:54:00:77:00:01`. */
export type MacAddress = string & { readonly __brand: 'MacAddress' };

const HEX: readonly string[] = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, '0'));

/** Six bytes (or the first six of chaddr) as a MAC address. */
export function macFromBytes(bytes: Uint8Array): MacAddress {
  const h = HEX;
  return `${h[bytes[0] ?? 0]}:${h[bytes[1] ?? 0]}:${h[bytes[2] ?? 0]}:${h[bytes[3] ?? 0]}:${h[bytes[4] ?? 0]}:${h[bytes[5] ?? 0]}` as MacAddress;
}

export function macToBytes(mac: MacAddress): Uint8Array {
  return Uint8Array.from(mac.split(':'), (part) => Number.parseInt(part, 16));
}

/**
 * Reads the notations that people and vendors write: `52:54:00:77:00:01`, `52-54-00-77-00-01`,
 * `5254.0077.0001`, `525400770001`, `52 54 00 77 00 01`; any case.
 * Returns undefined for anything else: never a guess.
 */
export function parseMac(text: string): MacAddress | undefined {
  const trimmed = text.trim().toLowerCase();
  const notation =
    /^([0-9a-f]{2})([:\- ])(?:[0-9a-f]{2}\2){4}[0-9a-f]{2}$/.test(trimmed) ||
    /^[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}$/.test(trimmed) ||
    /^[0-9a-f]{12}$/.test(trimmed);
  if (!notation) return undefined;
  const digits = trimmed.replace(/[^0-9a-f]/g, '');
  return (digits.match(/../g) as string[]).join(':') as MacAddress;
}

/** Group bit set (multicast or broadcast), or all zero: no interface owns such an address. */
export function isUnicastMac(mac: MacAddress): boolean {
  return (Number.parseInt(mac.slice(0, 2), 16) & 1) === 0 && mac !== '00:00:00:00:00:00';
}
