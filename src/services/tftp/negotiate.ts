import { TftpOption, type TftpOptions } from '../../codecs/tftp/packet.ts';

export interface TftpLimits {
  /** Largest blksize that is granted. */
  readonly maxBlockBytes: number;
  /** Largest windowsize that is granted. */
  readonly maxWindowBlocks: number;
}

/** What a transfer is run with. */
export interface Negotiated {
  readonly blockBytes: number;
  readonly windowBlocks: number;
  /** The client's own wish for the time between two retransmissions (RFC 2349). */
  readonly timeoutMs: number | undefined;
  /** The client wanted to know the size: an abort right after the answer is what it had in mind. */
  readonly sizeAsked: boolean;
  /** For the OACK, in the client's order. Empty: no OACK, the first block is the answer. */
  readonly granted: TftpOptions;
}

const DEFAULT_BLOCK_BYTES = 512;
const SMALLEST_BLOCK_BYTES = 8;
const LARGEST_BLOCK_BYTES = 65_464;
const LARGEST_TIMEOUT_SECONDS = 255;
const LARGEST_WINDOW_BLOCKS = 65_535;
/** Block numbers have 16 bits: an old ACK has to look different from one within the window. */
const WIDEST_WINDOW_BLOCKS = 32_767;

/**
 * Which options are granted, and with which values. An option that is unknown, is no number, or is out of its range is
 * left out of the answer as if it had not been sent (RFC 2347): the transfer goes on without it.
 * @param sizeBytes undefined where it is not known beforehand; then `tsize` is not granted
 */
export function negotiate(options: TftpOptions, sizeBytes: number | undefined, limits: TftpLimits): Negotiated {
  const granted = new Map<string, string>();
  let blockBytes = DEFAULT_BLOCK_BYTES;
  let windowBlocks = 1;
  let timeoutMs: number | undefined;
  for (const [name, text] of options) {
    const asked = parseNumber(text);
    if (asked === undefined) continue;
    switch (name) {
      case TftpOption.BLOCK_SIZE:
        // RFC 2348: the answer may be less. Some firmware asks for more than there can be and means "the most".
        if (asked < SMALLEST_BLOCK_BYTES) continue;
        blockBytes = Math.min(asked, LARGEST_BLOCK_BYTES, Math.max(limits.maxBlockBytes, SMALLEST_BLOCK_BYTES));
        granted.set(name, String(blockBytes));
        break;
      case TftpOption.WINDOW_SIZE:
        if (asked < 1 || asked > LARGEST_WINDOW_BLOCKS) continue;
        windowBlocks = Math.min(asked, WIDEST_WINDOW_BLOCKS, Math.max(limits.maxWindowBlocks, 1));
        granted.set(name, String(windowBlocks));
        break;
      case TftpOption.TIMEOUT:
        // RFC 2349: as it was asked for, or not at all.
        if (asked < 1 || asked > LARGEST_TIMEOUT_SECONDS) continue;
        timeoutMs = asked * 1000;
        granted.set(name, String(asked));
        break;
      case TftpOption.TRANSFER_SIZE:
        if (sizeBytes !== undefined) granted.set(name, String(sizeBytes));
        break;
    }
  }
  return { blockBytes, windowBlocks, timeoutMs, sizeAsked: granted.has(TftpOption.TRANSFER_SIZE), granted };
}

/** Decimal digits alone (RFC 2347 section "Option format": ASCII). */
function parseNumber(text: string): number | undefined {
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}
