import { ByteReader } from '../byte-reader.ts';
import { ByteWriter } from '../byte-writer.ts';
import { formatUuid, parseUuid } from '../uuid-text.ts';

/** A DHCP Unique Identifier (RFC 8415 section 11). */
export type Duid =
  /** Hardware address plus the time of its making, seconds since 2000. */
  | { readonly kind: 'link-layer-time'; readonly htype: number; readonly time: number; readonly address: Uint8Array }
  | { readonly kind: 'enterprise'; readonly enterprise: number; readonly identifier: Uint8Array }
  | { readonly kind: 'link-layer'; readonly htype: number; readonly address: Uint8Array }
  /** RFC 6355, in the order of RFC 9562. */
  | { readonly kind: 'uuid'; readonly uuid: string }
  | { readonly kind: 'other'; readonly type: number; readonly identifier: Uint8Array };

const DuidType = { LINK_LAYER_TIME: 1, ENTERPRISE: 2, LINK_LAYER: 3, UUID: 4 } as const;

/** A DUID is a type and 1 to 128 bytes. */
export const MIN_DUID_BYTES = 3;
export const MAX_DUID_BYTES = 130;

/** Byte strings are views. @throws MalformedPacket */
export function decodeDuid(bytes: Uint8Array): Duid {
  const reader = new ByteReader(bytes, 'DUID');
  if (bytes.length < MIN_DUID_BYTES || bytes.length > MAX_DUID_BYTES) {
    reader.fail(`has ${bytes.length} bytes, not ${MIN_DUID_BYTES} to ${MAX_DUID_BYTES}`);
  }
  const type = reader.uint16('type');
  switch (type) {
    case DuidType.LINK_LAYER_TIME:
      return {
        kind: 'link-layer-time',
        htype: reader.uint16('hardware type'),
        time: reader.uint32('time'),
        address: reader.rest(),
      };
    case DuidType.ENTERPRISE:
      return { kind: 'enterprise', enterprise: reader.uint32('enterprise number'), identifier: reader.rest() };
    case DuidType.LINK_LAYER:
      return { kind: 'link-layer', htype: reader.uint16('hardware type'), address: reader.rest() };
    case DuidType.UUID: {
      const uuid = formatUuid(reader.view(16, 'UUID'));
      if (reader.remaining > 0) reader.fail('a UUID has 16 bytes');
      return { kind: 'uuid', uuid };
    }
    default:
      return { kind: 'other', type, identifier: reader.rest() };
  }
}

/** @throws RangeError for a DUID that is too long or too short, or a UUID that is none */
export function encodeDuid(duid: Duid): Uint8Array {
  const writer = new ByteWriter(MAX_DUID_BYTES);
  switch (duid.kind) {
    case 'link-layer-time':
      writer.uint16(DuidType.LINK_LAYER_TIME, 'type').uint16(duid.htype, 'hardware type').uint32(duid.time, 'time');
      writer.copy(duid.address, 'hardware address');
      break;
    case 'enterprise':
      writer.uint16(DuidType.ENTERPRISE, 'type').uint32(duid.enterprise, 'enterprise number');
      writer.copy(duid.identifier, 'identifier');
      break;
    case 'link-layer':
      writer.uint16(DuidType.LINK_LAYER, 'type').uint16(duid.htype, 'hardware type');
      writer.copy(duid.address, 'hardware address');
      break;
    case 'uuid':
      writer.uint16(DuidType.UUID, 'type').copy(parseUuid(duid.uuid), 'UUID');
      break;
    case 'other':
      writer.uint16(duid.type, 'type').copy(duid.identifier, 'identifier');
  }
  if (writer.offset < MIN_DUID_BYTES) throw new RangeError('a DUID needs an identifier');
  return writer.finish();
}
