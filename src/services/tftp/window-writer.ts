import { DATA_HEADER_BYTES, writeDataHeader } from '../../codecs/tftp/encode.ts';
import type { Endpoint, SegmentingSocket } from '../../domain/ports.ts';

/** Linux: UDP_MAX_SEGMENTS, 64 before 6.9. */
const MOST_SEGMENTS = 64;
/** Largest UDP payload over IPv4. */
const LARGEST_SEND_BYTES = 65_507;

/**
 * Puts blocks on the wire, as many in one send as the kernel cuts into datagrams (UDP_SEGMENT). Sockets take the bytes before `send` returns, so one buffer serves all transfers.
 */
export class WindowWriter {
  readonly #buffer = new Uint8Array(LARGEST_SEND_BYTES);

  /** Blocks of one send; no more are worth reading at once. */
  static blocksPerSend(blockBytes: number): number {
    const fitting = Math.floor(LARGEST_SEND_BYTES / (blockBytes + DATA_HEADER_BYTES));
    return Math.max(1, Math.min(fitting, MOST_SEGMENTS));
  }

  /**
   * @param firstBlock its number, counted on beyond 65535
   * @param blocks at most blocksPerSend; the last may be short or empty
   */
  send(
    socket: SegmentingSocket,
    peer: Endpoint,
    firstBlock: number,
    blocks: number,
    data: Uint8Array,
    blockBytes: number,
  ): void {
    const stride = blockBytes + DATA_HEADER_BYTES;
    const buffer = this.#buffer;
    for (let index = 0; index < blocks; index += 1) {
      const start = index * blockBytes;
      writeDataHeader(buffer, index * stride, (firstBlock + index) & 0xffff);
      const part = index === 0 && data.length <= blockBytes ? data : data.subarray(start, start + blockBytes);
      buffer.set(part, index * stride + DATA_HEADER_BYTES);
    }
    const length = data.length + blocks * DATA_HEADER_BYTES;
    const packets = buffer.subarray(0, length);
    if (blocks === 1) socket.send(packets, peer);
    else socket.sendSegments(packets, stride, peer);
  }
}
