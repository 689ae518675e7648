import { ByteReader } from '../../byte-reader.ts';
import type { IpmiCommand } from '../command.ts';
import { NetFn } from '../message.ts';

/** DCMI's group extension (DCMI 1.5 table 6-1). */
const DCMI = 0xdc;

export interface PowerReading {
  readonly watts: number;
  readonly averageWatts: number;
  readonly isActive: boolean;
}

/** DCMI 1.5 table 6-16, mode "system power statistics". */
export function getDcmiPowerReading(): IpmiCommand<PowerReading> {
  return {
    name: 'DCMI Get Power Reading',
    netFn: NetFn.GROUP,
    command: 0x02,
    data: Uint8Array.of(DCMI, 0x01, 0, 0),
    isRepeatable: true,
    read(data) {
      const reader = new ByteReader(data, 'DCMI power reading');
      checkGroup(reader);
      const watts = reader.view(8, 'power');
      reader.view(8, 'time stamp and sampling period');
      const state = reader.uint8('state');
      return {
        watts: watts[0]! | (watts[1]! << 8),
        averageWatts: watts[6]! | (watts[7]! << 8),
        isActive: (state & 0x40) !== 0,
      };
    },
  };
}

/** Entity of air that comes in (DCMI 1.5 table 6-21). */
const INLET = 0x40;

/** DCMI 1.5 table 6-19: degrees Celsius of each instance of the inlet's sensors. */
export function getDcmiInletTemperature(): IpmiCommand<readonly number[]> {
  return {
    name: 'DCMI Get Temperature Readings',
    netFn: NetFn.GROUP,
    command: 0x10,
    data: Uint8Array.of(DCMI, 0x01, INLET, 0, 1),
    isRepeatable: true,
    read(data) {
      const reader = new ByteReader(data, 'DCMI temperature readings');
      checkGroup(reader);
      reader.uint8('instances');
      const count = reader.uint8('readings');
      const celsius: number[] = [];
      for (let index = 0; index < count; index += 1) {
        const reading = reader.view(2, 'reading')[0]!;
        celsius.push((reading & 0x80) === 0 ? reading : -(reading & 0x7f));
      }
      return celsius;
    },
  };
}

function checkGroup(reader: ByteReader): void {
  const group = reader.uint8('group extension');
  if (group !== DCMI) reader.fail(`group extension ${group}`, 0);
}
