import { readFileSync } from 'node:fs';

/** One UDP datagram of a capture, payload whole. */
export interface CapturedDatagram {
  /** Since 1970. */
  readonly timeMs: number;
  readonly source: { readonly address: string; readonly port: number };
  readonly destination: { readonly address: string; readonly port: number };
  readonly payload: Uint8Array;
}

const MAGIC_MICROSECONDS = 0xa1b2c3d4;
const MAGIC_NANOSECONDS = 0xa1b23c4d;
const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const LINK_TYPE = { ethernet: 1, rawIp: 101 } as const;
const ETHERTYPE = { ipv4: 0x0800, vlan: 0x8100 } as const;
const IP_PROTOCOL_UDP = 17;

/**
 * The UDP datagrams of a classic capture (pcap, not pcapng; Ethernet, with or without VLAN tag, or raw IP), in order.
 * Frames that are no IPv4 UDP, are fragments, or were cut by the snapshot length are left out.
 */
export function readPcap(path: string): CapturedDatagram[] {
  const file = readFileSync(path);
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const magics = [MAGIC_MICROSECONDS, MAGIC_NANOSECONDS];
  const little = magics.includes(view.getUint32(0, true));
  const magic = view.getUint32(0, little);
  if (!magics.includes(magic)) throw new Error(`${path} is no classic pcap file`);
  const fractionsPerMs = magic === MAGIC_NANOSECONDS ? 1e6 : 1e3;
  const linkType = view.getUint32(20, little);
  if (linkType !== LINK_TYPE.ethernet && linkType !== LINK_TYPE.rawIp) {
    throw new Error(`${path} has link type ${linkType}; Ethernet and raw IP can be read`);
  }

  const datagrams: CapturedDatagram[] = [];
  let at = FILE_HEADER_BYTES;
  while (at + RECORD_HEADER_BYTES <= file.length) {
    const timeMs = view.getUint32(at, little) * 1000 + view.getUint32(at + 4, little) / fractionsPerMs;
    const captured = view.getUint32(at + 8, little);
    const frame = file.subarray(at + RECORD_HEADER_BYTES, at + RECORD_HEADER_BYTES + captured);
    if (frame.length < captured) throw new Error(`${path} ends in the middle of a frame`);
    const packet = linkType === LINK_TYPE.rawIp ? frame : ipv4Packet(frame);
    const datagram = packet && udpDatagram(packet, timeMs);
    if (datagram !== undefined) datagrams.push(datagram);
    at += RECORD_HEADER_BYTES + captured;
  }
  return datagrams;
}

function ipv4Packet(frame: Buffer): Buffer | undefined {
  let at = 12;
  while (frame.length >= at + 6 && frame.readUInt16BE(at) === ETHERTYPE.vlan) at += 4;
  return frame.length >= at + 2 && frame.readUInt16BE(at) === ETHERTYPE.ipv4 ? frame.subarray(at + 2) : undefined;
}

function udpDatagram(packet: Buffer, timeMs: number): CapturedDatagram | undefined {
  if (packet.length < 20 || packet[0]! >> 4 !== 4 || packet[9] !== IP_PROTOCOL_UDP) return undefined;
  const isFragment = (packet.readUInt16BE(6) & 0x3fff) !== 0;
  const udp = packet.subarray((packet[0]! & 15) * 4);
  if (isFragment || udp.length < 8) return undefined;
  const length = udp.readUInt16BE(4);
  if (length < 8 || udp.length < length) return undefined;
  return {
    timeMs,
    source: { address: packet.subarray(12, 16).join('.'), port: udp.readUInt16BE(0) },
    destination: { address: packet.subarray(16, 20).join('.'), port: udp.readUInt16BE(2) },
    payload: Uint8Array.from(udp.subarray(8, length)),
  };
}
