import { ByteReader } from '../byte-reader.ts';
import { ByteWriter } from '../byte-writer.ts';
import { MAX_NAME_TEXT, readLabel, splitName, writeLabel } from './domain-names.ts';

/** More than any resolver uses; it keeps a list made of pointers from growing into megabytes of text. */
export const MAX_SEARCH_NAMES = 128;
const POINTER = 0xc0;
const MAX_POINTER = 0x3fff;

/**
 * Option 119 (RFC 3397): names in DNS wire form, where a tail that was written before is a pointer to it, counted from
 * the start of the value.
 *
 * @param names without a dot at the end
 * @throws RangeError for no names, too many, or one that is no domain name
 */
export function encodeDomainSearch(names: readonly string[]): Uint8Array {
  if (names.length === 0 || names.length > MAX_SEARCH_NAMES) {
    throw new RangeError(`a search list has 1 to ${MAX_SEARCH_NAMES} names, not ${names.length}`);
  }
  const writer = new ByteWriter();
  const writtenAt = new Map<string, number>();
  for (const name of names) writeName(writer, splitName(name), writtenAt);
  return writer.finish();
}

function writeName(writer: ByteWriter, labels: readonly string[], writtenAt: Map<string, number>): void {
  for (let index = 0; index < labels.length; index += 1) {
    const tail = labels.slice(index).join('.');
    const earlier = writtenAt.get(tail);
    if (earlier !== undefined) {
      writer.uint16((POINTER << 8) | earlier, 'pointer');
      return;
    }
    if (writer.offset <= MAX_POINTER) writtenAt.set(tail, writer.offset);
    writeLabel(writer, labels[index]!);
  }
  writer.uint8(0, 'end of name');
}

/** @throws MalformedPacket */
export function decodeDomainSearch(bytes: Uint8Array): string[] {
  const reader = new ByteReader(bytes, 'DHCP option 119');
  if (bytes.length === 0) reader.fail('has no name');
  const names: string[] = [];
  while (reader.remaining > 0) {
    if (names.length === MAX_SEARCH_NAMES) reader.fail(`has more than ${MAX_SEARCH_NAMES} names`);
    names.push(readName(reader, bytes));
  }
  return names;
}

/**
 * A pointer must point before the piece that it ends, so each jump goes further back and the last one is reached. There
 * are no more jumps than pointers in the list before: two bytes of each of its names.
 */
function readName(list: ByteReader, bytes: Uint8Array): string {
  const nameStart = list.offset;
  let reader = list;
  let pieceStart = nameStart;
  let name = '';
  for (;;) {
    const at = reader.offset;
    const length = reader.uint8('label length');
    if (length === 0) break;
    if (length >= POINTER) {
      const target = ((length & ~POINTER) << 8) | reader.uint8('pointer');
      if (target >= pieceStart) reader.fail(`a pointer goes to ${target}, not back`, at);
      pieceStart = target;
      reader = new ByteReader(bytes, 'DHCP option 119');
      reader.view(target, 'pointer');
      continue;
    }
    if (length > 63) reader.fail(`a label has the reserved length ${length}`, at);
    name += (name === '' ? '' : '.') + readLabel(reader, length);
    if (name.length > MAX_NAME_TEXT) reader.fail(`a name is over ${MAX_NAME_TEXT} characters`, nameStart);
  }
  if (name === '') list.fail('a name is empty', nameStart);
  return name;
}
