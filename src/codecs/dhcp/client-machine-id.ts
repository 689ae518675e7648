import { MalformedPacket } from '../malformed-packet.ts';
import { formatUuid, parseUuid, swapSmbiosFields } from '../uuid-text.ts';

const READING = 'DHCP option 97';

/**
 * Option 97 (RFC 4578 section 2.3): type 0, then the SMBIOS UUID with its first three fields little-endian.
 * Returns it as `dmidecode` shows it: lower case, with hyphens.
 *
 * @throws MalformedPacket for another length or type
 */
export function decodeClientMachineId(bytes: Uint8Array): string {
  if (bytes.length !== 17) throw new MalformedPacket(READING, bytes.length, `has ${bytes.length} bytes, not 17`);
  if (bytes[0] !== 0) throw new MalformedPacket(READING, 0, `is of type ${bytes[0]}, and only 0 (UUID) is known`);
  return formatUuid(swapSmbiosFields(bytes.subarray(1)));
}

/** @throws RangeError for what is no UUID */
export function encodeClientMachineId(uuid: string): Uint8Array {
  const bytes = new Uint8Array(17);
  bytes.set(swapSmbiosFields(parseUuid(uuid)), 1);
  return bytes;
}
