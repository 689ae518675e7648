import { readOptional } from '../../config/host-facts.ts';
import type { Libc } from '../../net/libc.ts';
import { type Bpdu, decodeBpdu, type SpanningTreeFacts } from '../checks/spanning-tree.ts';

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
/** Frames with a length in place of a type (linux/if_ether.h): LLC, which spanning tree speaks. */
const ETH_P_802_2 = 0x0004;
const SOL_PACKET = 263;
const PACKET_ADD_MEMBERSHIP = 1;
const PACKET_MR_MULTICAST = 0;
/** All bridges (IEEE 802.1D-2004 table 7-10). */
const BRIDGE_GROUP = [0x01, 0x80, 0xc2, 0x00, 0x00, 0x00];
const FRAME_BYTES = 1_600;

/** Bridges say hello every two seconds. */
export const STP_WAIT_MS = 5_000;
const LOOK_EVERY_MS = 50;

/** Listens on one interface and sends nothing. */
export async function listenForBpdus(interfaceName: string, libc: Libc | undefined): Promise<SpanningTreeFacts> {
  const facts = { interfaceName, waitedMs: STP_WAIT_MS };
  if (libc === undefined) return { ...facts, bpdu: undefined, trouble: 'the C library can not be called' };
  const socket = openListener(interfaceName, libc);
  if (typeof socket === 'string') return { ...facts, bpdu: undefined, trouble: socket };
  try {
    const until = performance.now() + STP_WAIT_MS;
    const frame = new Uint8Array(FRAME_BYTES);
    let bpdu: Bpdu | undefined;
    while (bpdu === undefined && performance.now() < until) {
      const length = libc.recv(socket, frame, frame.length, 0);
      if (length > 0) bpdu = decodeBpdu(frame.subarray(0, length));
      else await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    return { ...facts, bpdu };
  } finally {
    libc.close(socket);
  }
}

/** @returns the descriptor, or why there is none */
function openListener(interfaceName: string, libc: Libc): number | string {
  const index = Number.parseInt(readOptional(`/sys/class/net/${interfaceName}/ifindex`), 10);
  if (!Number.isInteger(index)) return `there is no interface ${interfaceName}`;
  // Protocols are in network order.
  const protocol = ((ETH_P_802_2 & 0xff) << 8) | (ETH_P_802_2 >> 8);
  const socket = libc.socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  if (socket < 0) return libc.errno() === 'EPERM' ? 'it takes CAP_NET_RAW' : libc.errno();
  // struct sockaddr_ll, and struct packet_mreq: both are read by the kernel in host order but for the protocol.
  const address = new DataView(new ArrayBuffer(20));
  address.setUint16(0, AF_PACKET, true);
  address.setUint16(2, ETH_P_802_2);
  address.setInt32(4, index, true);
  const membership = new DataView(new ArrayBuffer(16));
  membership.setInt32(0, index, true);
  membership.setUint16(4, PACKET_MR_MULTICAST, true);
  membership.setUint16(6, BRIDGE_GROUP.length, true);
  for (const [offset, byte] of BRIDGE_GROUP.entries()) membership.setUint8(8 + offset, byte);
  const joined =
    libc.bind(socket, new Uint8Array(address.buffer), address.byteLength) === 0 &&
    libc.setsockopt(
      socket,
      SOL_PACKET,
      PACKET_ADD_MEMBERSHIP,
      new Uint8Array(membership.buffer),
      membership.byteLength,
    ) === 0;
  if (joined) return socket;
  const errno = libc.errno();
  libc.close(socket);
  return errno;
}
