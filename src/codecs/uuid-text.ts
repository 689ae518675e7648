import { hex, hexBytes } from './text.ts';

/** 16 bytes in the order of RFC 9562 as lower-case text with hyphens. */
export function formatUuid(bytes: Uint8Array): string {
  const h = hex(bytes);
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-${h.slice(12, 16)}-${h.slice(16, 20)}-${h.slice(20, 32)}`;
}

/** @throws RangeError for anything but 8-4-4-4-12 hex digits */
export function parseUuid(text: string): Uint8Array {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) {
    throw new RangeError(`expected a UUID such as 77000000-0000-4000-8000-000000000001, not ${JSON.stringify(text)}`);
  }
  return hexBytes(text.replaceAll('-', ''))!;
}

/**
 * SMBIOS 2.6 (section 7.2.1) keeps the first three fields little-endian; everything else writes UUIDs big-endian.
 * The swap is its own inverse. Returns a copy.
 */
export function swapSmbiosFields(bytes: Uint8Array): Uint8Array {
  const swapped = Uint8Array.from(bytes);
  swapped.subarray(0, 4).reverse();
  swapped.subarray(4, 6).reverse();
  swapped.subarray(6, 8).reverse();
  return swapped;
}
