import type { SelRecord } from '../../codecs/ipmi/commands/sel.ts';
import type { BmcLogEntry } from '../driver.ts';

/** Sensor types that say why a boot failed (IPMI 2.0 table 42-3). */
const SENSORS: ReadonlyMap<number, string> = new Map([
  [0x01, 'temperature'],
  [0x02, 'voltage'],
  [0x04, 'fan'],
  [0x05, 'chassis intrusion'],
  [0x07, 'processor'],
  [0x08, 'power supply'],
  [0x09, 'power unit'],
  [0x0c, 'memory'],
  [0x0d, 'drive slot'],
  [0x0f, 'firmware progress'],
  [0x10, 'event log'],
  [0x12, 'system event'],
  [0x13, 'critical interrupt'],
  [0x14, 'button'],
  [0x1d, 'system restart'],
  [0x1e, 'boot error'],
  [0x1f, 'operating system boot'],
  [0x20, 'operating system stop'],
  [0x23, 'watchdog'],
  [0x28, 'management subsystem'],
]);

type Meanings = Readonly<Record<number, readonly [text: string, severity: BmcLogEntry['severity']]>>;

/** Event data 1, low four bits, of sensor-specific events. */
const MEANINGS: ReadonlyMap<number, Meanings> = new Map<number, Meanings>([
  [
    0x07,
    {
      0: ['internal error', 'critical'],
      1: ['too hot', 'critical'],
      5: ['configuration error', 'critical'],
      7: ['present', 'info'],
      8: ['disabled', 'warning'],
      11: ['machine check', 'critical'],
    },
  ],
  [
    0x08,
    {
      0: ['present', 'info'],
      1: ['failed', 'critical'],
      3: ['its input is lost', 'critical'],
    },
  ],
  [
    0x0c,
    {
      0: ['corrected error', 'warning'],
      1: ['uncorrectable error', 'critical'],
      5: ['too many corrected errors', 'warning'],
      7: ['configuration error', 'critical'],
    },
  ],
  [0x0d, { 0: ['present', 'info'], 1: ['failed', 'critical'], 2: ['about to fail', 'warning'] }],
  [0x0f, { 0: ['error', 'critical'], 1: ['hangs', 'critical'], 2: ['goes on', 'info'] }],
  [
    0x1e,
    {
      0: ['no medium to boot from', 'critical'],
      1: ['the medium can’t be booted', 'critical'],
      2: ['no PXE server was found', 'critical'],
      3: ['the boot sector is invalid', 'critical'],
      4: ['no choice was made in time', 'warning'],
    },
  ],
  [
    0x1f,
    {
      0: ['from drive A', 'info'],
      1: ['from the disk', 'info'],
      2: ['by PXE', 'info'],
      3: ['a diagnostic', 'info'],
      4: ['from a CD', 'info'],
      6: ['done', 'info'],
    },
  ],
  [0x20, { 0: ['stopped while it loaded', 'critical'], 1: ['stopped at run time', 'critical'] }],
  [
    0x23,
    {
      0: ['ran out', 'warning'],
      1: ['reset the machine', 'critical'],
      2: ['turned the machine off', 'critical'],
      3: ['power-cycled the machine', 'critical'],
    },
  ],
]);

const SENSOR_SPECIFIC = 0x6f;

/** A record as a sentence; what is not known by name keeps its numbers. */
export function selEntry(record: SelRecord): BmcLogEntry {
  const time = record.timeSeconds === undefined ? {} : { timeSeconds: record.timeSeconds };
  const { sensorType, sensorNumber, eventType, eventData, isDeassertion } = record;
  if (sensorType === undefined || eventData === undefined) {
    const text = `a record of its maker's own (type ${record.type.toString(16)})`;
    return { id: record.id, ...time, text, severity: 'info', raw: record.hex };
  }
  const what = SENSORS.get(sensorType) ?? `sensor type ${sensorType.toString(16).padStart(2, '0')}`;
  const known = eventType === SENSOR_SPECIFIC ? MEANINGS.get(sensorType)?.[eventData[0] & 0x0f] : undefined;
  const meaning =
    known?.[0] ?? `event ${[eventType ?? 0, ...eventData].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')}`;
  const text = `${what} ${sensorNumber ?? 0}: ${meaning}${isDeassertion === true ? ', over' : ''}`;
  const severity = isDeassertion === true ? 'info' : (known?.[1] ?? 'info');
  return { id: record.id, ...time, text, severity, raw: record.hex };
}
