import { ByteReader } from '../byte-reader.ts';

/** Operation bits to the BMC, and status bits from it (IPMI 2.0 tables 15-2 and 15-3). */
export const SolOperation = {
  NACK: 0x40,
  RING: 0x20,
  BREAK: 0x10,
  PAUSE_CTS: 0x08,
  DROP_DCD: 0x04,
  FLUSH_INBOUND: 0x02,
  FLUSH_OUTBOUND: 0x01,
} as const;
export const SolStatus = {
  NACK: 0x40,
  TRANSFER_UNAVAILABLE: 0x20,
  DEACTIVATED: 0x10,
  OVERRUN: 0x08,
  BREAK: 0x04,
} as const;

export interface SolPacket {
  /** 1 to 15; 0 carries no characters and is not acknowledged. */
  readonly sequence: number;
  /** Sequence number of the packet that this one acknowledges; 0: none. */
  readonly acknowledged: number;
  /** How many characters of that packet were taken. */
  readonly acceptedCount: number;
  readonly flags: number;
  readonly characters: Uint8Array;
}

const HEADER_BYTES = 4;
const MAX_SEQUENCE = 15;

/** @throws MalformedPacket */
export function decodeSol(bytes: Uint8Array): SolPacket {
  const reader = new ByteReader(bytes, 'SOL packet');
  const sequence = reader.uint8('sequence number') & 0x0f;
  const acknowledged = reader.uint8('acknowledged sequence number') & 0x0f;
  const acceptedCount = reader.uint8('accepted count');
  const flags = reader.uint8('operation or status');
  return { sequence, acknowledged, acceptedCount, flags, characters: reader.rest() };
}

export function encodeSol({ sequence, acknowledged, acceptedCount, flags, characters }: SolPacket): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + characters.length);
  bytes.set([sequence & 0x0f, acknowledged & 0x0f, acceptedCount, flags]);
  bytes.set(characters, HEADER_BYTES);
  return bytes;
}

/** 1, 2, … 15, 1 (IPMI 2.0 section 15.4): 0 is for packets without characters. */
export function nextSolSequence(sequence: number): number {
  return sequence >= MAX_SEQUENCE ? 1 : sequence + 1;
}
