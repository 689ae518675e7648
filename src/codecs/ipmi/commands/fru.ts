import { ByteReader } from '../../byte-reader.ts';
import type { IpmiCommand } from '../command.ts';
import { readLittle16 } from '../little-endian.ts';
import { NetFn } from '../message.ts';

/** IPMI 2.0 table 34-2. @returns size of the area in bytes */
export function getFruAreaInfo(
  device: number,
): IpmiCommand<{ readonly sizeBytes: number; readonly isByWords: boolean }> {
  return {
    name: 'Get FRU Inventory Area Info',
    netFn: NetFn.STORAGE,
    command: 0x10,
    data: Uint8Array.of(device),
    isRepeatable: true,
    read(data) {
      const reader = new ByteReader(data, 'FRU area info');
      const size = reader.view(2, 'size');
      return { sizeBytes: readLittle16(size), isByWords: (reader.uint8('access') & 1) !== 0 };
    },
  };
}

/** IPMI 2.0 table 34-3. Some BMCs refuse more than 16 or 32 bytes at a time (c8, ca). */
export function readFruData(device: number, offset: number, count: number): IpmiCommand<Uint8Array> {
  return {
    name: 'Read FRU Data',
    netFn: NetFn.STORAGE,
    command: 0x11,
    data: Uint8Array.of(device, offset & 0xff, offset >>> 8, count),
    isRepeatable: true,
    codes: { 129: 'the FRU is being written' },
    read(data) {
      const reader = new ByteReader(data, 'FRU data');
      const length = reader.uint8('count');
      return reader.view(length, 'data').slice();
    },
  };
}

/** What names a machine (Platform Management FRU Information Storage Definition 1.0). */
export interface FruInventory {
  readonly boardManufacturer?: string;
  readonly boardProduct?: string;
  readonly boardSerial?: string;
  readonly productManufacturer?: string;
  readonly productName?: string;
  readonly productPartNumber?: string;
  readonly productSerial?: string;
  readonly chassisSerial?: string;
}

const AREA_UNIT_BYTES = 8;

/** Areas whose checksums are wrong are left out: a half-written FRU must not name a machine. */
export function readFruInventory(bytes: Uint8Array): FruInventory {
  if (bytes.length < 8 || (bytes[0]! & 0x0f) !== 1 || !addsUp(bytes.subarray(0, 8))) return {};
  const area = (at: number) => areaAt(bytes, bytes[at]! * AREA_UNIT_BYTES);
  const chassis = fieldsOf(area(2), 3);
  const board = fieldsOf(area(3), 6);
  const product = fieldsOf(area(4), 3);
  return {
    ...named('chassisSerial', chassis[1]),
    ...named('boardManufacturer', board[0]),
    ...named('boardProduct', board[1]),
    ...named('boardSerial', board[2]),
    ...named('productManufacturer', product[0]),
    ...named('productName', product[1]),
    ...named('productPartNumber', product[2]),
    ...named('productSerial', product[4]),
  };
}

function named<K extends keyof FruInventory>(key: K, value: string | undefined): Partial<Record<K, string>> {
  return value === undefined || value === '' ? {} : ({ [key]: value } as Record<K, string>);
}

function areaAt(bytes: Uint8Array, offset: number): Uint8Array | undefined {
  if (offset === 0 || offset + 2 > bytes.length) return undefined;
  const area = bytes.subarray(offset, offset + bytes[offset + 1]! * AREA_UNIT_BYTES);
  return area.length > 0 && addsUp(area) ? area : undefined;
}

function addsUp(bytes: Uint8Array): boolean {
  let sum = 0;
  for (const byte of bytes) sum += byte;
  return (sum & 0xff) === 0;
}

/** Type/length bytes, then c1 for the end. @param from where the fields begin in the area */
function fieldsOf(area: Uint8Array | undefined, from: number): string[] {
  const fields: string[] = [];
  if (area === undefined) return fields;
  let at = from;
  while (at < area.length && area[at] !== 0xc1) {
    const length = area[at]! & 0x3f;
    const type = area[at]! >>> 6;
    const value = area.subarray(at + 1, at + 1 + length);
    if (value.length < length) break;
    fields.push(fieldText(type, value));
    at += 1 + length;
  }
  return fields;
}

/** 0 binary, 1 BCD plus, 2 six-bit ASCII, 3 Latin-1 or, for other languages, UTF-16. */
function fieldText(type: number, value: Uint8Array): string {
  switch (type) {
    case 1:
      return Array.from(value, (byte) => `${'0123456789 -.:,_'[byte >>> 4]}${'0123456789 -.:,_'[byte & 15]}`)
        .join('')
        .trim();
    case 2:
      return sixBitText(value).trim();
    case 3:
      return Buffer.from(value).toString('latin1').replace(/\0+$/, '').trim();
    default:
      return value.length === 0 ? '' : Buffer.from(value).toString('hex');
  }
}

/** Three bytes hold four characters, the low bits first; the set begins at the space. */
function sixBitText(value: Uint8Array): string {
  let text = '';
  let bits = 0;
  let count = 0;
  for (const byte of value) {
    bits |= byte << count;
    count += 8;
    while (count >= 6) {
      text += String.fromCharCode(0x20 + (bits & 0x3f));
      bits >>>= 6;
      count -= 6;
    }
  }
  return text;
}
