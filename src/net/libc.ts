import { createRequire } from 'node:module';
import { getSystemErrorName } from 'node:util';

/** What the daemon needs of the C library. All calls are made on non-blocking descriptors: none of them waits. */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  setsockopt(descriptor: number, level: number, name: number, value: Uint8Array, lengthBytes: number): number;
  bind(descriptor: number, address: Uint8Array, lengthBytes: number): number;
  sendto(
    descriptor: number,
    data: Uint8Array,
    lengthBytes: number,
    flags: number,
    address: Uint8Array,
    addressBytes: number,
  ): number;
  /** -1 and EAGAIN where nothing waits. */
  recv(descriptor: number, data: Uint8Array, sizeBytes: number, flags: number): number;
  /** @param headers struct mmsghdr, `count` of them */
  recvmmsg(descriptor: number, headers: Uint8Array, count: number, flags: number, timeout: null): number;
  sendmmsg(descriptor: number, headers: Uint8Array, count: number, flags: number): number;
  sendfile(outDescriptor: number, inDescriptor: number, offset: BigInt64Array, lengthBytes: number): number;
  ioctl(descriptor: number, request: number, argument: Uint8Array): number;
  close(descriptor: number): number;
  /** Memory that stays where it is, for structs that point to each other. It is never given back. */
  memory(sizeBytes: number): { readonly buffer: ArrayBuffer; readonly address: bigint };
  /** IPv4 addresses of all interfaces, also of those without a carrier, which `os.networkInterfaces()` leaves out. */
  interfaceAddresses(): readonly LibcAddress[];
  /** Of the last call, by name: `EADDRINUSE`. */
  errno(): string;
}

export interface LibcAddress {
  readonly interfaceName: string;
  readonly address: number;
  readonly netmask: number;
}

export type LibcState =
  | { readonly libc: Libc }
  /** Why not, for people: the daemon goes on with what Node itself can do. */
  | { readonly libc: undefined; readonly reason: string };

let state: LibcState | undefined;

/** Loads the bindings at the first call. Their absence is a degraded mode, not an error. */
export function loadLibc(): LibcState {
  state ??= load();
  return state;
}

type Koffi = typeof import('koffi');

function load(): LibcState {
  if (process.platform !== 'linux') return { libc: undefined, reason: `no bindings for ${process.platform}` };
  // The structs are those of these two.
  if (!['x64', 'arm64'].includes(process.arch)) return { libc: undefined, reason: `no bindings for ${process.arch}` };
  try {
    const koffi: Koffi = createRequire(import.meta.url)('koffi');
    return { libc: bindings(koffi) };
  } catch (error) {
    const cause = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    return { libc: undefined, reason: `the module koffi can't be loaded (${cause})` };
  }
}

function bindings(koffi: Koffi): Libc {
  const library = koffi.load(null);
  return {
    socket: library.func('int socket(int, int, int)'),
    setsockopt: library.func('int setsockopt(int, int, int, const void *, uint32_t)'),
    bind: library.func('int bind(int, const void *, uint32_t)'),
    sendto: library.func('intptr_t sendto(int, const void *, size_t, int, const void *, uint32_t)'),
    recv: library.func('intptr_t recv(int, void *, size_t, int)'),
    recvmmsg: library.func('int recvmmsg(int, void *, uint32_t, int, void *)'),
    sendmmsg: library.func('int sendmmsg(int, const void *, uint32_t, int)'),
    sendfile: library.func('intptr_t sendfile(int, int, void *, size_t)'),
    ioctl: library.func('int ioctl(int, unsigned long, void *)'),
    close: library.func('int close(int)'),
    memory: (sizeBytes) => {
      const block = koffi.alloc('uint8_t', sizeBytes);
      return { buffer: koffi.view(block, sizeBytes), address: koffi.address(block) };
    },
    interfaceAddresses: addressReader(koffi, library),
    errno: () => getSystemErrorName(-koffi.errno()),
  };
}

/** struct ifaddrs of getifaddrs(3), which glibc and musl have alike. */
interface IfAddrs {
  readonly next: unknown;
  readonly name: string;
  readonly address: unknown;
  readonly netmask: unknown;
}

const AF_INET = 2;
/** An endless list would be a wrong idea of the struct. */
const MOST_ADDRESSES = 65_536;

function addressReader(koffi: Koffi, library: ReturnType<Koffi['load']>): () => readonly LibcAddress[] {
  const ifAddrs = koffi.struct({
    next: 'void *',
    name: 'const char *',
    flags: 'uint',
    address: 'void *',
    netmask: 'void *',
    peer: 'void *',
    data: 'void *',
  });
  const getifaddrs: (list: unknown[]) => number = library.func('int getifaddrs(_Out_ void **)');
  const freeifaddrs: (list: unknown) => void = library.func('void freeifaddrs(void *)');
  return () => {
    const list: unknown[] = [null];
    if (getifaddrs(list) !== 0) return [];
    const found: LibcAddress[] = [];
    let entry = list[0];
    for (let seen = 0; entry && seen < MOST_ADDRESSES; seen += 1) {
      const { next, name, address, netmask }: IfAddrs = koffi.decode(entry, ifAddrs);
      if (address && netmask && koffi.decode.uint16(address) === AF_INET) {
        found.push({ interfaceName: name, address: inAddr(koffi, address), netmask: inAddr(koffi, netmask) });
      }
      entry = next;
    }
    freeifaddrs(list[0]);
    return found;
  };
}

/** sin_addr of a struct sockaddr_in. */
function inAddr(koffi: Koffi, sockaddr: unknown): number {
  const value: number = koffi.decode(sockaddr, 4, 'uint32_be');
  return value;
}
