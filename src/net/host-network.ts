import { createSocket, type Socket } from 'node:dgram';
import { HostRefused } from '../domain/errors.ts';
import { type Ipv4, parseIpv4 } from '../domain/ipv4.ts';
import type { DatagramOptions, Network, SegmentingSocket } from '../domain/ports.ts';
import { PlainDatagramSocket } from './datagram-socket.ts';
import { hostRefused, type OpeningStep } from './host-refused.ts';
import { type Libc, type LibcState, loadLibc } from './libc.ts';

import { type Bursts, createBursts, NativeDatagramSocket } from './native-datagram-socket.ts';
import * as os from './socket-options.ts';

/**
 * The network of this host. Node's own sockets can't be bound to an interface, so descriptors are opened by the C
 * library and handed to dgram. Where it can't be called, a socket that is bound to an address still does.
 * @param state what loading the C library came to
 */
export function createHostNetwork(state: LibcState = loadLibc()): Network {
  const { libc } = state;
  if (libc === undefined) {
    return { openDatagram: (options) => openPlain(options, state.reason), addNeighbour: () => false };
  }
  const bursts = createBursts(libc);
  return {
    openDatagram: (options) => openNative(options, bursts),
    addNeighbour: (interfaceName, address, mac) => addNeighbour(libc, interfaceName, address, mac),
  };
}

async function openNative(options: DatagramOptions, bursts: Bursts): Promise<SegmentingSocket> {
  const { libc } = bursts;
  const type = os.SOCK_DGRAM | os.SOCK_NONBLOCK | os.SOCK_CLOEXEC;
  const descriptor = libc.socket(os.AF_INET, type, 0);
  if (descriptor < 0) throw hostRefused(libc.errno(), 'socket', options);
  let socket: Socket;
  try {
    prepare(libc, descriptor, options);
    socket = await adopt(descriptor);
  } catch (error) {
    libc.close(descriptor);
    throw error;
  }
  if (options.reuseAddress !== true) {
    // libuv sets it on every descriptor that it adopts; then a second server could take the port from us unnoticed.
    libc.setsockopt(descriptor, os.SOL_SOCKET, os.SO_REUSEADDR, os.int32(0), 4);
  }
  return new NativeDatagramSocket(socket, bursts, descriptor);
}

/** Options and bind. */
function prepare(libc: Libc, descriptor: number, options: DatagramOptions): void {
  const set = (level: number, name: number, value: Uint8Array) =>
    libc.setsockopt(descriptor, level, name, value, value.length) === 0;
  const must = (done: boolean, step: OpeningStep) => {
    if (!done) throw hostRefused(libc.errno(), step, options);
  };
  if (options.reuseAddress === true) must(set(os.SOL_SOCKET, os.SO_REUSEADDR, os.int32(1)), 'socket');
  if (options.broadcast === true) must(set(os.SOL_SOCKET, os.SO_BROADCAST, os.int32(1)), 'broadcast');
  if (options.interfaceName !== undefined) {
    must(set(os.SOL_SOCKET, os.SO_BINDTODEVICE, Buffer.from(`${options.interfaceName}\0`)), 'interface');
  }
  if (options.receiveBufferBytes !== undefined) {
    const size = os.int32(options.receiveBufferBytes);
    // Without the capability the kernel caps it at net.core.rmem_max: smaller, but no reason to stop.
    if (!set(os.SOL_SOCKET, os.SO_RCVBUFFORCE, size)) set(os.SOL_SOCKET, os.SO_RCVBUF, size);
  }
  if (options.sendBufferBytes !== undefined) {
    const size = os.int32(options.sendBufferBytes);
    if (!set(os.SOL_SOCKET, os.SO_SNDBUFFORCE, size)) set(os.SOL_SOCKET, os.SO_SNDBUF, size);
  }
  const address = parseIpv4(options.address);
  if (address === undefined) throw hostRefused('EADDRNOTAVAIL', 'bind', options);
  must(libc.bind(descriptor, os.sockaddrIn(address, options.port), os.SOCKADDR_BYTES) === 0, 'bind');
}

function adopt(descriptor: number): Promise<Socket> {
  return listening(createSocket('udp4'), (socket) => socket.bind({ fd: descriptor }));
}

async function openPlain(options: DatagramOptions, reason: string): Promise<SegmentingSocket> {
  if (options.interfaceName !== undefined && options.address === '0.0.0.0') {
    throw new HostRefused(
      `UDP port ${options.port} can't be bound to interface ${options.interfaceName}: ${reason}`,
      'install podboot with its optional modules for this machine (npm ci), on Linux with x86-64 or arm64',
    );
  }
  const { receiveBufferBytes: recvBufferSize, sendBufferBytes: sendBufferSize } = options;
  const created = createSocket({
    type: 'udp4',
    reuseAddr: options.reuseAddress === true,
    ...(recvBufferSize === undefined ? {} : { recvBufferSize }),
    ...(sendBufferSize === undefined ? {} : { sendBufferSize }),
  });
  try {
    const socket = await listening(created, (each) => each.bind(options.port, options.address));
    if (options.broadcast === true) socket.setBroadcast(true);
    return new PlainDatagramSocket(socket);
  } catch (error) {
    created.close();
    throw hostRefused(errnoOf(error), 'bind', options, error);
  }
}

function listening(socket: Socket, bind: (socket: Socket) => void): Promise<Socket> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('listening', () => {
      socket.off('error', reject);
      resolve(socket);
    });
    bind(socket);
  });
}

function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'EIO';
}

const ARP_HARDWARE_ADDRESS = 16;
const ARP_FLAGS = 32;
const ARP_DEVICE = 52;
const ARPREQ_BYTES = 68;
const DEVICE_NAME_BYTES = 16;

/** struct arpreq of arp(7): protocol address, hardware address, flags, netmask, device. */
function addNeighbour(libc: Libc, interfaceName: string, address: Ipv4, mac: Uint8Array): boolean {
  if (mac.length !== 6 || Buffer.byteLength(interfaceName) >= DEVICE_NAME_BYTES) return false;
  const descriptor = libc.socket(os.AF_INET, os.SOCK_DGRAM | os.SOCK_CLOEXEC, 0);
  if (descriptor < 0) return false;
  const request = Buffer.alloc(ARPREQ_BYTES);
  os.sockaddrIn(address, 0, request.subarray(0, os.SOCKADDR_BYTES));
  request.writeUInt16LE(os.ARPHRD_ETHER, ARP_HARDWARE_ADDRESS);
  request.set(mac, ARP_HARDWARE_ADDRESS + 2);
  request.writeInt32LE(os.ATF_COM, ARP_FLAGS);
  request.write(interfaceName, ARP_DEVICE);
  const done = libc.ioctl(descriptor, os.SIOCSARP, request) === 0;
  libc.close(descriptor);
  return done;
}
