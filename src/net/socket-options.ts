/** Linux's numbers, the same on x86-64 and arm64 (asm-generic). */
export const AF_INET = 2;
export const SOCK_DGRAM = 2;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;

export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_BROADCAST = 6;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_BINDTODEVICE = 25;
/** Beyond net.core.wmem_max and rmem_max, with CAP_NET_ADMIN. */
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;

export const SOL_UDP = 17;
export const UDP_SEGMENT = 103;

export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;

/** Set an entry of the ARP table (arp(7)). */
export const SIOCSARP = 0x8955;
export const ATF_COM = 0x02;
export const ARPHRD_ETHER = 1;

export const SOCKADDR_BYTES = 16;

/** struct sockaddr_in: family in host order (both machines are little-endian), the rest in network order. */
export function sockaddrIn(
  address: number,
  port: number,
  target = new Uint8Array(SOCKADDR_BYTES),
): Uint8Array<ArrayBuffer> {
  const view = new DataView(target.buffer, target.byteOffset, SOCKADDR_BYTES);
  view.setUint16(0, AF_INET, true);
  view.setUint16(2, port);
  view.setUint32(4, address);
  return target;
}

export function int32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return bytes;
}
