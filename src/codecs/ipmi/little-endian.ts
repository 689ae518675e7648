/** IPMI's numbers, which are little-endian where RMCP's, and the readers', are not. */
export function little32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

/** Of the first four bytes. */
export function readLittle32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
}

/** Of the first two bytes. */
export function readLittle16(bytes: Uint8Array): number {
  return bytes[0]! | (bytes[1]! << 8);
}
