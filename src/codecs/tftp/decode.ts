import { MalformedPacket } from '../malformed-packet.ts';
import { latin1, nulOrEnd, utf8Text } from '../text.ts';
import { TftpOp, type TftpOptions, type TftpPacket } from './packet.ts';

/**
 * RFC 2347 allows 512; iPXE sends whatever path and options its script names. One Ethernet frame bounds both the work
 * and the number of options.
 */
export const MAX_REQUEST_BYTES = 1472;

/**
 * Reads any TFTP packet (RFC 1350, 2347). Text is UTF-8, or Latin-1 where it is not valid UTF-8. Of an option that is
 * there twice the first counts.
 *
 * @throws MalformedPacket
 */
export function decodeTftp(bytes: Uint8Array): TftpPacket {
  // An OACK of no options has 2 bytes: pointless, but whole.
  if (bytes.length < 2) throw new MalformedPacket('TFTP packet', bytes.length, 'ends before its opcode');
  const op = (bytes[0]! << 8) | bytes[1]!;
  switch (op) {
    case TftpOp.ACK:
      // Longer ones are taken: the rest says nothing, and to wait for another ACK would stall the transfer.
      return { op, block: number(bytes, 'TFTP ACK') };
    case TftpOp.DATA:
      return { op, block: number(bytes, 'TFTP DATA'), data: bytes.subarray(4) };
    case TftpOp.ERROR:
      // Some clients leave the message or its NUL out; what counts is that the transfer has ended.
      return { op, code: number(bytes, 'TFTP ERROR'), message: text(bytes, 4, nulOrEnd(bytes, 4, bytes.length)) };
    case TftpOp.OACK:
      checkSize(bytes, 'TFTP OACK');
      return { op, options: readOptions(bytes, 2, 'TFTP OACK') };
    case TftpOp.RRQ:
    case TftpOp.WRQ:
      return readRequest(bytes, op);
    default:
      throw new MalformedPacket('TFTP packet', 0, `opcode is ${op}`);
  }
}

/** The block number or error code behind the opcode. */
function number(bytes: Uint8Array, reading: string): number {
  if (bytes.length < 4) throw new MalformedPacket(reading, bytes.length, 'ends before its 4 bytes of header');
  return (bytes[2]! << 8) | bytes[3]!;
}

function readRequest(bytes: Uint8Array, op: typeof TftpOp.RRQ | typeof TftpOp.WRQ): TftpPacket {
  const reading = op === TftpOp.RRQ ? 'TFTP RRQ' : 'TFTP WRQ';
  checkSize(bytes, reading);
  const nameEnd = stringEnd(bytes, 2, reading, 'file name');
  if (nameEnd === 2) throw new MalformedPacket(reading, 2, 'the file name is empty');
  const modeEnd = stringEnd(bytes, nameEnd + 1, reading, 'mode');
  return {
    op,
    name: text(bytes, 2, nameEnd),
    mode: text(bytes, nameEnd + 1, modeEnd).toLowerCase(),
    options: readOptions(bytes, modeEnd + 1, reading),
  };
}

function readOptions(bytes: Uint8Array, start: number, reading: string): TftpOptions {
  const options = new Map<string, string>();
  let at = start;
  while (at < bytes.length) {
    const nameEnd = stringEnd(bytes, at, reading, 'option name');
    if (nameEnd === at) {
      // An empty name is padding if nothing but NULs follow: some boot ROMs send requests of a fixed size.
      if (bytes.subarray(at).every((byte) => byte === 0)) return options;
      throw new MalformedPacket(reading, at, 'an option name is empty');
    }
    const name = text(bytes, at, nameEnd).toLowerCase();
    const valueEnd = stringEnd(bytes, nameEnd + 1, reading, 'option value');
    if (!options.has(name)) options.set(name, text(bytes, nameEnd + 1, valueEnd));
    at = valueEnd + 1;
  }
  return options;
}

function checkSize(bytes: Uint8Array, reading: string): void {
  if (bytes.length > MAX_REQUEST_BYTES) {
    throw new MalformedPacket(reading, MAX_REQUEST_BYTES, `is longer than ${MAX_REQUEST_BYTES} bytes`);
  }
}

function stringEnd(bytes: Uint8Array, start: number, reading: string, what: string): number {
  const end = nulOrEnd(bytes, start, bytes.length);
  if (end >= bytes.length) throw new MalformedPacket(reading, start, `${what} does not end with a NUL`);
  return end;
}

function text(bytes: Uint8Array, start: number, end: number): string {
  return utf8Text(bytes.subarray(start, end)) ?? latin1(bytes, start, end);
}
