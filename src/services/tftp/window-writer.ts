import { DATA_HEADER_BYTES, writeDataHeader } from '../../codecs/tftp/encode.ts';
import type { Endpoint, SegmentingSocket } from '../../domain/ports.ts';
import type { Negotiated } from './negotiate.ts';

/** Linux: UDP_MAX_SEGMENTS, 64 before 6.9. */
const MOST_SEGMENTS = 64;
/** Largest UDP payload over IPv4. */
const LARGEST_SEND_BYTES = 65_507;
/** The kernel cuts whatever leaves by the socket: OACK and ERROR have to fit into one segment. */
const SMALLEST_CUT_BLOCK_BYTES = 512;

/** `segmentBytes` for a transfer's socket. Undefined: a window of one block has nothing to be cut. */
export function segmentBytesOf({ blockBytes, windowBlocks }: Negotiated): number | undefined {
  return windowBlocks > 1 && blockBytes >= SMALLEST_CUT_BLOCK_BYTES ? blockBytes + DATA_HEADER_BYTES : undefined;
}

/**
 * Puts blocks on the wire: as many as the kernel takes in one send where the socket cuts them into datagrams itself
 * (UDP_SEGMENT), else one by one. Sockets take the bytes before `send` returns, so one buffer serves all transfers.
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
    if (socket.segmentBytes === stride) {
      socket.send(buffer.subarray(0, length), peer);
      return;
    }
    for (let start = 0; start < length; start += stride) {
      socket.send(buffer.subarray(start, Math.min(start + stride, length)), peer);
    }
  }
}
