import { ByteWriter } from '../byte-writer.ts';
import { utf8Bytes } from '../text.ts';
import { TftpOp, type TftpOptions } from './packet.ts';

export const DATA_HEADER_BYTES = 4;

/** Block numbers have 16 bits and roll over to 0, as all clients expect it today. */
export function writeDataHeader(into: Uint8Array, offset: number, block: number): void {
  into[offset] = 0;
  into[offset + 1] = TftpOp.DATA;
  into[offset + 2] = block >>> 8;
  into[offset + 3] = block;
}

export function encodeData(block: number, data: Uint8Array): Uint8Array {
  const packet = new Uint8Array(DATA_HEADER_BYTES + data.length);
  writeDataHeader(packet, 0, block);
  packet.set(data, DATA_HEADER_BYTES);
  return packet;
}

/** Block numbers roll over like those of DATA. */
export function encodeAck(block: number): Uint8Array {
  return Uint8Array.of(0, TftpOp.ACK, (block >>> 8) & 0xff, block & 0xff);
}

/** @throws RangeError for a NUL in the message, or a code that is no uint16 */
export function encodeError(code: number, message: string): Uint8Array {
  const writer = new ByteWriter().uint16(TftpOp.ERROR, 'opcode').uint16(code, 'TFTP error code');
  return putString(writer, message, 'TFTP error message').finish();
}

/** @throws RangeError for a NUL in a name or value, or an empty name */
export function encodeOack(options: TftpOptions): Uint8Array {
  return putOptions(new ByteWriter().uint16(TftpOp.OACK, 'opcode'), options).finish();
}

/** @throws RangeError for a NUL in a text, an empty file name, or an empty option name */
export function encodeReadRequest(name: string, mode: string, options: TftpOptions = new Map()): Uint8Array {
  return encodeRequest(TftpOp.RRQ, name, mode, options);
}

/** @throws RangeError like encodeReadRequest */
export function encodeWriteRequest(name: string, mode: string, options: TftpOptions = new Map()): Uint8Array {
  return encodeRequest(TftpOp.WRQ, name, mode, options);
}

function encodeRequest(op: number, name: string, mode: string, options: TftpOptions): Uint8Array {
  if (name === '') throw new RangeError('a TFTP request needs a file name');
  const writer = new ByteWriter().uint16(op, 'opcode');
  putString(writer, name, 'TFTP file name');
  putString(writer, mode, 'TFTP mode');
  return putOptions(writer, options).finish();
}

function putOptions(writer: ByteWriter, options: TftpOptions): ByteWriter {
  for (const [name, value] of options) {
    if (name === '') throw new RangeError('a TFTP option needs a name');
    putString(writer, name, 'TFTP option name');
    putString(writer, value, 'TFTP option value');
  }
  return writer;
}

function putString(writer: ByteWriter, text: string, what: string): ByteWriter {
  if (text.includes('\0')) throw new RangeError(`${what} has a NUL`);
  return writer.copy(utf8Bytes(text), what).uint8(0, what);
}
