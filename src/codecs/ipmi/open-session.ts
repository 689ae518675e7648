import { ByteReader } from '../byte-reader.ts';
import { type AlgorithmNumbers, type CipherSuite, suiteOf } from './cipher-suite.ts';
import { readLittle32 } from './little-endian.ts';

/** IPMI 2.0 section 13.17, table 13-9. */
export interface OpenSessionRequest {
  readonly tag: number;
  /** 0: the highest that the suite allows. */
  readonly privilege: number;
  /** Ours: what the BMC is to send to. */
  readonly consoleSessionId: number;
  readonly suite: CipherSuite;
}

export interface OpenSessionResponse {
  readonly tag: number;
  /** IPMI 2.0 table 13-15; 0 is success, and all that there is of an error. */
  readonly status: number;
  readonly consoleSessionId?: number;
  readonly bmcSessionId?: number;
  readonly algorithms?: AlgorithmNumbers;
}

const REQUEST_BYTES = 32;
const ALGORITHM_BYTES = 8;
const READING = 'Open Session response';

export function encodeOpenSessionRequest({ tag, privilege, consoleSessionId, suite }: OpenSessionRequest): Uint8Array {
  const bytes = new Uint8Array(REQUEST_BYTES);
  bytes[0] = tag;
  bytes[1] = privilege;
  new DataView(bytes.buffer).setUint32(4, consoleSessionId, true);
  writeAlgorithms(bytes, 8, suite.algorithms);
  return bytes;
}

/** @throws MalformedPacket; for a BMC */
export function decodeOpenSessionRequest(bytes: Uint8Array): Omit<OpenSessionRequest, 'suite'> & {
  readonly algorithms: AlgorithmNumbers;
} {
  const reader = new ByteReader(bytes, 'Open Session request');
  const tag = reader.uint8('message tag');
  const privilege = reader.uint8('requested privilege');
  reader.view(2, 'reserved');
  const consoleSessionId = readLittle32(reader.view(4, 'console session id'));
  return { tag, privilege, consoleSessionId, algorithms: readAlgorithms(reader) };
}

export function encodeOpenSessionResponse(response: {
  readonly tag: number;
  readonly status: number;
  readonly privilege: number;
  readonly consoleSessionId: number;
  readonly bmcSessionId: number;
  readonly algorithms: AlgorithmNumbers;
}): Uint8Array {
  const bytes = new Uint8Array(response.status === 0 ? 36 : 8);
  const view = new DataView(bytes.buffer);
  bytes[0] = response.tag;
  bytes[1] = response.status;
  bytes[2] = response.privilege;
  view.setUint32(4, response.consoleSessionId, true);
  if (response.status !== 0) return bytes;
  view.setUint32(8, response.bmcSessionId, true);
  writeAlgorithms(bytes, 12, response.algorithms);
  return bytes;
}

/**
 * The status is read before the length is looked at: with an error some BMCs send eight bytes, ipmi_sim two, and old
 * Supermicro ones the status alone.
 *
 * @throws MalformedPacket
 */
export function decodeOpenSessionResponse(bytes: Uint8Array): OpenSessionResponse {
  if (bytes.length === 1) return { tag: 0, status: bytes[0]! };
  const reader = new ByteReader(bytes, READING);
  const tag = reader.uint8('message tag');
  const status = reader.uint8('status');
  if (status !== 0) return { tag, status };
  reader.view(2, 'maximum privilege');
  const consoleSessionId = readLittle32(reader.view(4, 'console session id'));
  const bmcSessionId = readLittle32(reader.view(4, 'BMC session id'));
  if (bmcSessionId === 0) reader.fail('the BMC session id is 0', 8);
  return { tag, status, consoleSessionId, bmcSessionId, algorithms: readAlgorithms(reader) };
}

/** Undefined: the BMC granted another suite than was asked for, which is a downgrade or a fault. */
export function grantedSuite(response: OpenSessionResponse, asked: CipherSuite): CipherSuite | undefined {
  const granted = response.algorithms === undefined ? undefined : suiteOf(response.algorithms);
  return granted === asked ? granted : undefined;
}

/** Three blocks: type, reserved, length 8, number (IPMI 2.0 tables 13-17 to 13-19). */
function writeAlgorithms(into: Uint8Array, at: number, algorithms: AlgorithmNumbers): void {
  const { authentication, integrity, confidentiality } = algorithms;
  for (const [type, number] of [authentication, integrity, confidentiality].entries()) {
    into.set([type, 0, 0, ALGORITHM_BYTES, number, 0, 0, 0], at + type * ALGORITHM_BYTES);
  }
}

function readAlgorithms(reader: ByteReader): AlgorithmNumbers {
  const [authentication, integrity, confidentiality] = [0, 1, 2].map((expected) => {
    const block = reader.view(ALGORITHM_BYTES, 'algorithm');
    if (block[0] !== expected) reader.fail(`algorithm block ${block[0]} where ${expected} belongs`);
    return block[4]! & 0x3f;
  }) as [number, number, number];
  return { authentication, integrity, confidentiality };
}
