import type { FileSender } from '../domain/ports.ts';
import { type Libc, loadLibc } from './libc.ts';

/** Linux moves no more than this in one call, whatever is asked (sendfile(2)). */
const MOST_BYTES = 0x7ffff000;

/** Undefined where the C library can't be called: send the ordinary way. */
export function createFileSender(): FileSender | undefined {
  const { libc } = loadLibc();
  return libc === undefined ? undefined : new LibcFileSender(libc);
}

class LibcFileSender implements FileSender {
  readonly #libc: Libc;
  readonly #offset = new BigInt64Array(1);

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  descriptorOf(socket: object): number | undefined {
    // Node has no public way to a socket's descriptor; `_handle.fd` has been the same since 0.x.
    const handle: unknown = '_handle' in socket ? socket._handle : undefined;
    if (typeof handle !== 'object' || handle === null || !('fd' in handle)) return undefined;
    return typeof handle.fd === 'number' && handle.fd >= 0 ? handle.fd : undefined;
  }

  send(socketDescriptor: number, fileDescriptor: number, offset: number, lengthBytes: number) {
    this.#offset[0] = BigInt(offset);
    for (;;) {
      const sent = this.#libc.sendfile(
        socketDescriptor,
        fileDescriptor,
        this.#offset,
        Math.min(lengthBytes, MOST_BYTES),
      );
      if (sent >= 0) return sent;
      const errno = this.#libc.errno();
      if (errno === 'EAGAIN') return 'would-block';
      if (errno !== 'EINTR') return { errno };
    }
  }
}
