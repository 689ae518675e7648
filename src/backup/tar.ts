/**
 * The little of the ustar format (POSIX.1-2017 pax, "ustar Interchange Format") that an archive of regular files needs:
 * so `tar tzf` shows what is in a backup, on any machine, without podboot.
 */
export const BLOCK_BYTES = 512;

export interface TarEntry {
  readonly name: string;
  readonly sizeBytes: number;
}

/** What is no such archive, or not whole. */
export class DamagedArchive extends Error {}

const NAME_BYTES = 100;
const PREFIX_BYTES = 155;
const CHECKSUM_AT = 148;

/** @param mode permission bits @param modifiedAt seconds since 1970 @throws RangeError for a name that has no room */
export function encodeHeader({ name, sizeBytes }: TarEntry, mode: number, modifiedAt: number): Buffer {
  const header = Buffer.alloc(BLOCK_BYTES);
  const { prefix, rest } = splitName(name);
  header.write(rest, 0, NAME_BYTES);
  header.write(octal(mode, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(sizeBytes, 11), 124);
  header.write(octal(modifiedAt, 11), 136);
  header.write('        ', CHECKSUM_AT);
  header.write('0', 156);
  header.write('ustar\0', 257);
  header.write('00', 263);
  header.write(prefix, 345, PREFIX_BYTES);
  header.write(`${octal(sumOf(header), 6)}\0 `, CHECKSUM_AT);
  return header;
}

/** Undefined for the block of zeros that ends an archive. @throws DamagedArchive */
export function decodeHeader(header: Buffer): TarEntry | undefined {
  if (header.every((byte) => byte === 0)) return undefined;
  const written = Number.parseInt(text(header, CHECKSUM_AT, 8), 8);
  const copy = Buffer.from(header);
  copy.write('        ', CHECKSUM_AT);
  if (text(header, 257, 6) !== 'ustar' || written !== sumOf(copy))
    throw new DamagedArchive('a header of it is damaged');
  if (text(header, 156, 1) !== '0') throw new DamagedArchive('it holds something that is no regular file');
  const prefix = text(header, 345, PREFIX_BYTES);
  const name = text(header, 0, NAME_BYTES);
  const size = text(header, 124, 12).trim();
  if (!/^[0-7]{1,12}$/.test(size)) throw new DamagedArchive('a size in it is damaged');
  return { name: prefix === '' ? name : `${prefix}/${name}`, sizeBytes: Number.parseInt(size, 8) };
}

/** Zeros up to the next whole block. */
export function paddingBytes(sizeBytes: number): number {
  return (BLOCK_BYTES - (sizeBytes % BLOCK_BYTES)) % BLOCK_BYTES;
}

function splitName(name: string): { readonly prefix: string; readonly rest: string } {
  if (Buffer.byteLength(name) <= NAME_BYTES) return { prefix: '', rest: name };
  for (let at = name.indexOf('/'); at >= 0; at = name.indexOf('/', at + 1)) {
    const [prefix, rest] = [name.slice(0, at), name.slice(at + 1)];
    if (Buffer.byteLength(prefix) <= PREFIX_BYTES && Buffer.byteLength(rest) <= NAME_BYTES && rest !== '') {
      return { prefix, rest };
    }
  }
  throw new RangeError(`the name ${name} is too long for an archive`);
}

function octal(value: number, digits: number): string {
  const digitsText = value.toString(8);
  if (digitsText.length > digits) throw new RangeError(`${value} is too large for an archive`);
  return digitsText.padStart(digits, '0');
}

function text(header: Buffer, at: number, length: number): string {
  const field = header.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? length : end);
}

function sumOf(header: Buffer): number {
  let sum = 0;
  for (const byte of header) sum += byte;
  return sum;
}
