import { open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type VendorTable, VendorTableBuilder } from './vendor-table.ts';

/** No line of the registry is near as long. */
const CHUNK_BYTES = 65_536;
const NEWLINE = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const N = 0x6e;

/**
 * The IEEE's registry as the package `oui-data` has it, one assignment a line: `"B83FD2": "Mellanox Technologies, Inc.\n350
 * Oakmead …",`. Read a piece at a time: as a whole it would stop the loop that answers DHCP for a tenth of a second.
 */
export async function loadVendorTable(path = fileURLToPath(import.meta.resolve('oui-data'))): Promise<VendorTable> {
  const builder = new VendorTableBuilder();
  const file = await open(path);
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    let kept = 0;
    for (;;) {
      const { bytesRead } = await file.read(chunk, kept, CHUNK_BYTES - kept);
      if (bytesRead === 0) break;
      const end = kept + bytesRead;
      const read = readLines(chunk, end, builder);
      chunk.copyWithin(0, read, end);
      kept = end - read;
    }
    // The last line has no comma and may have no end.
    readLine(chunk, 0, kept, builder);
  } finally {
    await file.close();
  }
  return builder.build();
}

/** Returns where the first line begins that is not whole. */
function readLines(chunk: Buffer, end: number, builder: VendorTableBuilder): number {
  let at = 0;
  for (;;) {
    const newline = chunk.indexOf(NEWLINE, at);
    if (newline < 0 || newline >= end) return at;
    readLine(chunk, at, newline, builder);
    at = newline + 1;
  }
}

function readLine(chunk: Buffer, start: number, end: number, builder: VendorTableBuilder): void {
  const key = chunk.indexOf(QUOTE, start) + 1;
  const keyEnd = chunk.indexOf(QUOTE, key);
  const value = chunk.indexOf(QUOTE, keyEnd + 1) + 1;
  if (key === 0 || keyEnd < 0 || value === 0 || value > end) return;
  const prefix = hexNumber(chunk, key, keyEnd);
  if (Number.isNaN(prefix)) return;
  let nameEnd = value;
  while (nameEnd < end && chunk[nameEnd] !== QUOTE && chunk[nameEnd] !== BACKSLASH) nameEnd += 1;
  const digits = keyEnd - key;
  // What comes after a line break is the owner's postal address. A name with any other escape is for JSON to read.
  if (chunk[nameEnd] === BACKSLASH && chunk[nameEnd + 1] !== N) {
    const owner = (JSON.parse(chunk.toString('utf8', value - 1, chunk.lastIndexOf(QUOTE, end) + 1)) as string).split(
      '\n',
    )[0];
    builder.add(digits, prefix, Buffer.from(owner ?? '', 'utf8'));
  } else {
    builder.add(digits, prefix, chunk, value, nameEnd);
  }
}

/** Without a string for each of 50,000 lines. NaN for anything else. */
function hexNumber(chunk: Buffer, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at += 1) {
    const code = (chunk[at] as number) | 0x20;
    const digit = code <= 0x39 ? code - 0x30 : code - 0x57;
    if (digit < 0 || digit > 15) return Number.NaN;
    value = value * 16 + digit;
  }
  return value;
}
