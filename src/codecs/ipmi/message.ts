import { ByteReader } from '../byte-reader.ts';

/** Network function codes (IPMI 2.0 table 5-1), of requests: a response has the next odd number. */
export const NetFn = {
  CHASSIS: 0x00,
  SENSOR: 0x04,
  APP: 0x06,
  STORAGE: 0x0a,
  TRANSPORT: 0x0c,
  /** DCMI and other groups: the first byte of the data says which. */
  GROUP: 0x2c,
} as const;

/** Slave address of the BMC, and the software id of a remote console (IPMI 2.0 section 5.5). */
const BMC_ADDRESS = 0x20;
const CONSOLE_ADDRESS = 0x81;
/** rsAddr, netFn/lun, checksum, rqAddr, rqSeq/lun, cmd; then the data and its checksum. */
const HEADER_BYTES = 6;

export interface IpmiRequest {
  /** Even. */
  readonly netFn: number;
  readonly command: number;
  readonly data: Uint8Array;
  /** rqSeq, 0 to 63: stays when the request is repeated. */
  readonly sequence: number;
}

export interface IpmiResponse {
  /** As in the request: the bit that marks a response is taken off. */
  readonly netFn: number;
  readonly command: number;
  readonly sequence: number;
  /** IPMI 2.0 table 5-2; 0 is success. */
  readonly completionCode: number;
  /** What follows the completion code; a view. */
  readonly data: Uint8Array;
  /** False for BMCs that reckon wrong: inside an authenticated packet it is of no consequence, and counted. */
  readonly checksumsAreRight: boolean;
}

/** @throws RangeError for numbers that do not fit their fields */
export function encodeIpmiRequest({ netFn, command, data, sequence }: IpmiRequest): Uint8Array {
  check('netFn', netFn, 0x3e);
  check('command', command, 0xff);
  check('sequence', sequence, 0x3f);
  return encode([BMC_ADDRESS, netFn << 2], [CONSOLE_ADDRESS, sequence << 2, command], data);
}

/** For a BMC: what answers `request`. */
export function encodeIpmiResponse(
  request: Pick<IpmiRequest, 'netFn' | 'command' | 'sequence'>,
  completionCode: number,
  data: Uint8Array,
): Uint8Array {
  const { netFn, command, sequence } = request;
  const body = Uint8Array.of(completionCode, ...data);
  return encode([CONSOLE_ADDRESS, (netFn | 1) << 2], [BMC_ADDRESS, sequence << 2, command], body);
}

/** @throws MalformedPacket where it is too short, or a request */
export function decodeIpmiResponse(bytes: Uint8Array): IpmiResponse {
  const { netFn, command, sequence, body, checksumsAreRight, reader } = decode(bytes, 'IPMI response');
  if ((netFn & 1) === 0) reader.fail(`network function ${netFn} is a request's`, 1);
  if (body.length === 0) reader.fail('it has no completion code', HEADER_BYTES);
  const completionCode = body[0]!;
  return { netFn: netFn & ~1, command, sequence, completionCode, data: body.subarray(1), checksumsAreRight };
}

/** For a BMC. @throws MalformedPacket where it is too short, a response, or its checksums are wrong */
export function decodeIpmiRequest(bytes: Uint8Array): IpmiRequest {
  const { netFn, command, sequence, body, checksumsAreRight, reader } = decode(bytes, 'IPMI request');
  if ((netFn & 1) !== 0) reader.fail(`network function ${netFn} is a response's`, 1);
  if (!checksumsAreRight) reader.fail('its checksums are wrong', 2);
  return { netFn, command, sequence, data: body };
}

function decode(bytes: Uint8Array, what: string) {
  const reader = new ByteReader(bytes, what);
  const head = reader.view(2, 'address and network function');
  const headChecksum = reader.uint8('checksum 1');
  const tail = reader.view(3, 'address, sequence and command');
  if (reader.remaining < 1) reader.fail('checksum 2 is missing');
  const body = reader.view(reader.remaining - 1, 'data');
  const bodyChecksum = reader.uint8('checksum 2');
  return {
    reader,
    netFn: head[1]! >>> 2,
    sequence: tail[1]! >>> 2,
    command: tail[2]!,
    body,
    checksumsAreRight: checksum(head) === headChecksum && checksum(tail, body) === bodyChecksum,
  };
}

function encode(head: readonly number[], tail: readonly number[], body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + body.length + 1);
  bytes.set(head);
  bytes[2] = checksum(bytes.subarray(0, 2));
  bytes.set(tail, 3);
  bytes.set(body, HEADER_BYTES);
  bytes[bytes.length - 1] = checksum(bytes.subarray(3, bytes.length - 1));
  return bytes;
}

/** Two's complement: all bytes with it add up to 0 (IPMI 2.0 table 13-8). */
function checksum(...parts: readonly Uint8Array[]): number {
  let sum = 0;
  for (const part of parts) for (const byte of part) sum += byte;
  return -sum & 0xff;
}

function check(what: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= max) return;
  throw new RangeError(`${what} must be a whole number from 0 to ${max}, not ${value}`);
}
