import { ByteReader } from '../byte-reader.ts';
import { ByteWriter } from '../byte-writer.ts';

/** Sub-option code to value. */
export type SubOptions = Map<number, Uint8Array>;

export interface SubOptionFormat {
  /** For the error: `DHCP option 82`. */
  readonly reading: string;
  /** 0 is padding and 255 the end, as in the options field (RFC 2132 section 8.4). Option 82 has neither. */
  readonly padAndEnd: boolean;
}

/**
 * Options within an option. Values are views. Of a code that is there twice the first counts.
 *
 * @throws MalformedPacket
 */
export function decodeSubOptions(bytes: Uint8Array, { reading, padAndEnd }: SubOptionFormat): SubOptions {
  const reader = new ByteReader(bytes, reading);
  const subOptions: SubOptions = new Map();
  while (reader.remaining > 0) {
    const code = reader.uint8('sub-option');
    if (padAndEnd && code === 0) continue;
    if (padAndEnd && code === 255) break;
    const value = reader.view(reader.uint8('sub-option length'), `sub-option ${code}`);
    if (!subOptions.has(code)) subOptions.set(code, value);
  }
  return subOptions;
}

/**
 * By ascending code, with an END where the format has one.
 *
 * @throws RangeError for a value over 255 bytes, or a code that the format does not have
 */
export function encodeSubOptions(subOptions: ReadonlyMap<number, Uint8Array>, format: SubOptionFormat): Uint8Array {
  const writer = new ByteWriter();
  for (const [code, value] of [...subOptions].sort(([a], [b]) => a - b)) {
    const what = `sub-option ${code} of ${format.reading}`;
    if (format.padAndEnd && (code === 0 || code === 255)) throw new RangeError(`${what} is padding or END`);
    writer.uint8(code, what).uint8(value.length, `length of ${what}`).copy(value, what);
  }
  if (format.padAndEnd) writer.uint8(255, 'END');
  return writer.finish();
}

/** Big-endian fields of a sub-option, every byte of it. */
export function readSubOption<T>(bytes: Uint8Array, reading: string, read: (reader: ByteReader) => T): T {
  const reader = new ByteReader(bytes, reading);
  const value = read(reader);
  if (reader.remaining > 0) reader.fail(`has ${reader.remaining} bytes too many`);
  return value;
}
