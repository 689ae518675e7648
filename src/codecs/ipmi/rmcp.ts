import { ByteReader } from '../byte-reader.ts';

/** DCMI and IPMI's port for RMCP (IPMI 2.0 section 13.1.2). */
export const RMCP_PORT = 623;

/** RMCP header (IPMI 2.0 table 13-3): version 6, reserved, sequence number 255 (no acknowledgement is wanted), class. */
const VERSION = 0x06;
const NO_ACKNOWLEDGEMENT = 0xff;
export const RMCP_HEADER_BYTES = 4;

export const RmcpClass = { ASF: 0x06, IPMI: 0x07 } as const;
export type RmcpClass = (typeof RmcpClass)[keyof typeof RmcpClass];

export interface RmcpPacket {
  readonly class: RmcpClass;
  /** A view of what follows the header. */
  readonly payload: Uint8Array;
}

/** @throws MalformedPacket, also for an RMCP acknowledgement, which nobody asked for */
export function decodeRmcp(bytes: Uint8Array): RmcpPacket {
  const reader = new ByteReader(bytes, 'RMCP packet');
  const version = reader.uint8('version');
  if (version !== VERSION) reader.fail(`version ${version}, not ${VERSION}`, 0);
  reader.uint8('reserved');
  reader.uint8('sequence number');
  const kind = reader.uint8('class');
  if (kind !== RmcpClass.ASF && kind !== RmcpClass.IPMI) reader.fail(`class ${kind} is neither ASF nor IPMI`, 3);
  return { class: kind as RmcpClass, payload: reader.rest() };
}

export function encodeRmcp(kind: RmcpClass, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(RMCP_HEADER_BYTES + payload.length);
  writeRmcp(bytes, kind);
  bytes.set(payload, RMCP_HEADER_BYTES);
  return bytes;
}

/** The header alone, for a packet that is written in place. */
export function writeRmcp(into: Uint8Array, kind: RmcpClass): void {
  into[0] = VERSION;
  into[1] = 0;
  into[2] = NO_ACKNOWLEDGEMENT;
  into[3] = kind;
}
