import { OctetSource } from '../../../src/services/tftp/block-source.ts';
import { type Negotiated, negotiate } from '../../../src/services/tftp/negotiate.ts';
import { Transfer, type TransferFigures, type TransferOutcome } from '../../../src/services/tftp/transfer.ts';
import { WindowWriter } from '../../../src/services/tftp/window-writer.ts';
import { FakeClock } from '../../harness/clock.ts';
import { CLIENT, type Fate, ReadingClient, Wire } from './wire.ts';

export const LIMITS = { maxBlockBytes: 65_464, maxWindowBlocks: 64 };

export interface Bench {
  readonly clock: FakeClock;
  readonly wire: Wire;
  readonly transfer: Transfer;
  readonly client: ReadingClient;
  readonly negotiated: Negotiated;
  readonly ends: { outcome: TransferOutcome; figures: TransferFigures }[];
  readonly closes: number;
}

export interface BenchOptions {
  readonly bytes: Uint8Array;
  readonly options?: Readonly<Record<string, string>>;
  readonly fate?: Fate;
  /** Instead of reading from `bytes`. */
  readonly read?: (offset: number, length: number) => Uint8Array | Promise<Uint8Array>;
}

/** A transfer, the way to its client, and a client that reads it. Not started. */
export function bench({ bytes, options = {}, fate, read }: BenchOptions): Bench {
  const clock = new FakeClock();
  const negotiated = negotiate(new Map(Object.entries(options)), bytes.length, LIMITS);
  const wire = new Wire(clock, fate);
  const client = new ReadingClient(wire, clock, negotiated);
  const ends: Bench['ends'] = [];
  let closes = 0;
  const source = new OctetSource({
    name: 'nbp.efi',
    sizeBytes: bytes.length,
    read: read ?? ((offset, length) => bytes.subarray(offset, offset + length)),
    close: () => {
      closes += 1;
    },
  });
  const transfer = new Transfer({
    socket: wire.server,
    peer: CLIENT,
    source,
    negotiated,
    clock,
    writer: new WindowWriter(),
    onEnd: (outcome, figures) => ends.push({ outcome, figures }),
  });
  return {
    clock,
    wire,
    transfer,
    client,
    negotiated,
    ends,
    get closes() {
      return closes;
    },
  };
}

/** Bytes that differ from block to block. */
export function fileOf(sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  for (let at = 0; at < sizeBytes; at += 1) bytes[at] = (at * 31 + (at >>> 8) * 7 + (at >>> 16)) & 0xff;
  return bytes;
}
