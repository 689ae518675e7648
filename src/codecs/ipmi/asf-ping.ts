import { ByteReader } from '../byte-reader.ts';
import { decodeRmcp, encodeRmcp, RmcpClass } from './rmcp.ts';

/** ASF's IANA enterprise number, and its message types (IPMI 2.0 tables 13-5 and 13-6). */
const ASF_IANA = 4542;
const PRESENCE_PING = 0x80;
const PRESENCE_PONG = 0x40;
const IPMI_SUPPORTED = 0x80;

export interface AsfPong {
  readonly tag: number;
  /** "Supported entities" bit 7. */
  readonly supportsIpmi: boolean;
}

/** Many BMCs do not answer it: good for finding them, no sign of their health. */
export function encodeAsfPing(tag: number): Uint8Array {
  return encodeRmcp(RmcpClass.ASF, Uint8Array.of(0, 0, 0x11, 0xbe, PRESENCE_PING, tag & 0xff, 0, 0));
}

/** Undefined: an ASF message of another type. @throws MalformedPacket */
export function decodeAsfPong(bytes: Uint8Array): AsfPong | undefined {
  const { class: kind, payload } = decodeRmcp(bytes);
  if (kind !== RmcpClass.ASF) return undefined;
  const reader = new ByteReader(payload, 'ASF message');
  const iana = reader.uint32('IANA number');
  const type = reader.uint8('message type');
  const tag = reader.uint8('message tag');
  reader.uint8('reserved');
  const length = reader.uint8('data length');
  const data = reader.view(length, 'data');
  if (iana !== ASF_IANA || type !== PRESENCE_PONG) return undefined;
  return { tag, supportsIpmi: ((data[8] ?? 0) & IPMI_SUPPORTED) !== 0 };
}
