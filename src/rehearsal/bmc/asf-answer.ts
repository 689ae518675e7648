import { encodeRmcp, RmcpClass } from '../../codecs/ipmi/rmcp.ts';

const PING_TYPE_AT = 8;
const PING = 0x80;
const TAG_AT = 9;

/** A pong to an ASF presence ping (IPMI 2.0 table 13-7); undefined for anything else. */
export function answerPing(packet: Uint8Array): Uint8Array | undefined {
  if (packet[3] !== RmcpClass.ASF || packet[PING_TYPE_AT] !== PING) return undefined;
  const data = [0, 0, 0x11, 0xbe, 0, 0, 0, 0, 0x81, 0, 0, 0, 0, 0, 0, 0];
  return encodeRmcp(RmcpClass.ASF, Uint8Array.of(0, 0, 0x11, 0xbe, 0x40, packet[TAG_AT] ?? 0, 0, data.length, ...data));
}
