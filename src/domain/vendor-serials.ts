/**
 * The serial number that some makers write into the SMBIOS UUID: DHCP carries the UUID (option 97) and no serial number.
 * Undefined where the UUID is none of theirs. A guess by form alone: it may only be compared with a number that is known.
 *
 * - Dell: `DELL`, then the seven characters of the service tag between fixed bytes
 * - HPE: six characters of the product number, then the ten of the serial number
 *
 * @param uuid as SMBIOS shows it, lower case
 */
export function serialNumberInUuid(uuid: string): string | undefined {
  const bytes = wireBytes(uuid);
  if (bytes === undefined) return undefined;
  return dellServiceTag(uuid, bytes) ?? hpeSerialNumber(bytes);
}

/** As they lie in the firmware's table: the first three fields are little-endian (SMBIOS 2.6 and later). */
function wireBytes(uuid: string): Uint8Array | undefined {
  const digits = uuid.replaceAll('-', '');
  if (digits.length !== 32) return undefined;
  const bytes = Uint8Array.from({ length: 16 }, (_, at) => Number.parseInt(digits.slice(at * 2, at * 2 + 2), 16));
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}

/** `4c4c4544-0033-3410-8036-c4c04f32334a` is D34623J: its first character stands in the eleventh byte, with the high bit set. */
function dellServiceTag(uuid: string, bytes: Uint8Array): string | undefined {
  if (!/^4c4c4544-00[0-9a-f]{2}-[0-9a-f]{2}10-80[0-9a-f]{2}-[0-9a-f]{2}c04f[0-9a-f]{6}$/.test(uuid)) return undefined;
  const first = (bytes[10] ?? 0) & 0x7f;
  return alphanumeric([first, bytes[4], bytes[7], bytes[9], bytes[13], bytes[14], bytes[15]]);
}

/** `36343338-3935-4753-4837-32325359584b` is SGH722SYXK. */
function hpeSerialNumber(bytes: Uint8Array): string | undefined {
  return alphanumeric([...bytes]) === undefined ? undefined : alphanumeric([...bytes.subarray(6)]);
}

function alphanumeric(codes: readonly (number | undefined)[]): string | undefined {
  const text = String.fromCharCode(...codes.map((code) => code ?? 0));
  return /^[0-9A-Z]+$/.test(text) ? text : undefined;
}
