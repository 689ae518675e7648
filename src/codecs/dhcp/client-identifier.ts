import { ByteWriter } from '../byte-writer.ts';
import { MalformedPacket } from '../malformed-packet.ts';
import { formatUuid, parseUuid, swapSmbiosFields } from '../uuid-text.ts';
import { type Duid, decodeDuid, encodeDuid } from './duid.ts';

/**
 * Option 61. Servers compare it byte by byte and need not look into it (RFC 2132 section 9.14); this is for those who
 * match it with a machine that is known by something else.
 */
export type ClientIdentifier =
  /**
   * A hardware address behind its htype: iPXE (1), IPoIB (32 and the 20 bytes of the link layer address). The length is
   * whatever the client sends.
   */
  | { readonly form: 'hardware'; readonly htype: number; readonly address: Uint8Array }
  /** Type 0 and the SMBIOS UUID, with its first three fields little-endian: PXE ROMs (PXE 2.1 section 2.2.1). */
  | { readonly form: 'uuid'; readonly uuid: string }
  /** Type 255 (RFC 4361): installers, operating systems, and Infiniband (RFC 4390 section 2.1). */
  | { readonly form: 'duid'; readonly iaid: number; readonly duid: Duid }
  | { readonly form: 'opaque'; readonly type: number; readonly value: Uint8Array };

const READING = 'DHCP option 61';
const TYPE_DUID = 255;
const IAID_BYTES = 4;

/**
 * Byte strings are views. What does not keep to the form that its type promises is `opaque`: it still identifies.
 *
 * @throws MalformedPacket for less than two bytes
 */
export function decodeClientIdentifier(bytes: Uint8Array): ClientIdentifier {
  if (bytes.length < 2) throw new MalformedPacket(READING, bytes.length, `has ${bytes.length} bytes, 2 are the least`);
  const type = bytes[0]!;
  const value = bytes.subarray(1);
  if (type === TYPE_DUID) return decodeDuidForm(value) ?? { form: 'opaque', type, value };
  if (type !== 0) return { form: 'hardware', htype: type, address: value };
  return value.length === 16
    ? { form: 'uuid', uuid: formatUuid(swapSmbiosFields(value)) }
    : { form: 'opaque', type, value };
}

/** @throws RangeError for an empty identifier, or one that decodes into another form */
export function encodeClientIdentifier(identifier: ClientIdentifier): Uint8Array {
  const writer = new ByteWriter();
  switch (identifier.form) {
    case 'hardware':
      if (identifier.htype === 0 || identifier.htype === TYPE_DUID) throw new RangeError('htype must be 1 to 254');
      writer.uint8(identifier.htype, 'htype').copy(identifier.address, 'hardware address');
      break;
    case 'uuid':
      writer.uint8(0, 'type').copy(swapSmbiosFields(parseUuid(identifier.uuid)), 'UUID');
      break;
    case 'duid':
      writer.uint8(TYPE_DUID, 'type').uint32(identifier.iaid, 'IAID').copy(encodeDuid(identifier.duid), 'DUID');
      break;
    case 'opaque':
      writer.uint8(identifier.type, 'type').copy(identifier.value, 'identifier');
  }
  if (writer.offset < 2) throw new RangeError('option 61 needs an identifier behind its type');
  return writer.finish();
}

function decodeDuidForm(value: Uint8Array): ClientIdentifier | undefined {
  if (value.length <= IAID_BYTES) return undefined;
  const iaid = new DataView(value.buffer, value.byteOffset).getUint32(0);
  try {
    return { form: 'duid', iaid, duid: decodeDuid(value.subarray(IAID_BYTES)) };
  } catch (error) {
    if (error instanceof MalformedPacket) return undefined;
    throw error;
  }
}
