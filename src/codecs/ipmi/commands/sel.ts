import { ByteReader } from '../../byte-reader.ts';
import { hex } from '../../text.ts';
import type { IpmiCommand } from '../command.ts';
import { readLittle16, readLittle32 } from '../little-endian.ts';
import { NetFn } from '../message.ts';

export interface SelInfo {
  readonly entries: number;
  readonly freeBytes: number;
  /** As the BMC's clock had it; 0: never, or it does not keep it. Another one than before: record ids began anew. */
  readonly erasedSeconds: number;
  readonly hasOverflowed: boolean;
}

/** IPMI 2.0 section 37.1. */
const UNSPECIFIED_TIME = 0xffffffff;

/** IPMI 2.0 table 31-2. */
export function getSelInfo(): IpmiCommand<SelInfo> {
  return {
    name: 'Get SEL Info',
    netFn: NetFn.STORAGE,
    command: 0x40,
    data: new Uint8Array(),
    isRepeatable: true,
    read(data) {
      const reader = new ByteReader(data, 'SEL info');
      reader.uint8('SEL version');
      const entries = readLittle16(reader.view(2, 'entries'));
      const freeBytes = readLittle16(reader.view(2, 'free space'));
      reader.view(4, 'time of the last addition');
      const erased = readLittle32(reader.view(4, 'time of the last erasure'));
      const erasedSeconds = erased === UNSPECIFIED_TIME ? 0 : erased;
      return { entries, freeBytes, erasedSeconds, hasOverflowed: (reader.uint8('operation support') & 0x80) !== 0 };
    },
  };
}

export const FIRST_RECORD = 0x0000;
export const NO_MORE_RECORDS = 0xffff;
const WHOLE_RECORD = 0xff;
/** Event times before this are seconds since the BMC began (IPMI 2.0 section 37.1). */
const FIRST_WALL_TIME_SECONDS = 0x20000000;

export interface SelRecord {
  readonly id: number;
  readonly type: number;
  /** Seconds since 1970; undefined where the record has no time, or one since the BMC's start. */
  readonly timeSeconds?: number;
  readonly sensorType?: number;
  readonly sensorNumber?: number;
  readonly isDeassertion?: boolean;
  readonly eventType?: number;
  readonly eventData?: readonly [number, number, number];
  /** All sixteen bytes as they came. */
  readonly hex: string;
}

export interface SelReading {
  readonly nextId: number;
  readonly record: SelRecord;
}

/** IPMI 2.0 table 31-5. A whole record needs no reservation. */
export function getSelEntry(id: number): IpmiCommand<SelReading> {
  return {
    name: 'Get SEL Entry',
    netFn: NetFn.STORAGE,
    command: 0x43,
    data: Uint8Array.of(0, 0, id & 0xff, id >>> 8, 0, WHOLE_RECORD),
    isRepeatable: true,
    codes: { 129: 'the event log is being erased' },
    read(data) {
      const reader = new ByteReader(data, 'SEL entry');
      const nextId = readLittle16(reader.view(2, 'next record id'));
      return { nextId, record: readRecord(reader.view(16, 'record')) };
    },
  };
}

/** IPMI 2.0 table 32-1; types c0 to ff are their maker's own. */
function readRecord(bytes: Uint8Array): SelRecord {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const id = view.getUint16(0, true);
  const type = bytes[2]!;
  const seconds = view.getUint32(3, true);
  const time = type < 0xe0 && seconds >= FIRST_WALL_TIME_SECONDS ? { timeSeconds: seconds } : {};
  if (type !== 0x02) return { id, type, ...time, hex: hex(bytes) };
  return {
    id,
    type,
    ...time,
    sensorType: bytes[10]!,
    sensorNumber: bytes[11]!,
    isDeassertion: (bytes[12]! & 0x80) !== 0,
    eventType: bytes[12]! & 0x7f,
    eventData: [bytes[13]!, bytes[14]!, bytes[15]!],
    hex: hex(bytes),
  };
}
