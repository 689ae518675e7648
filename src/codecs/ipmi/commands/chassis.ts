import { ByteReader } from '../../byte-reader.ts';
import { acknowledged, type IpmiCommand } from '../command.ts';
import { NetFn } from '../message.ts';

export interface ChassisStatus {
  readonly isOn: boolean;
  /** What it does when mains power comes back. */
  readonly restorePolicy: 'stays-off' | 'as-before' | 'turns-on' | 'unknown';
  readonly hasPowerFault: boolean;
  readonly hasPowerOverload: boolean;
  /** What took its power last, as far as the BMC knows. */
  readonly lastEvent: readonly ('mains-failed' | 'overload' | 'interlock' | 'fault' | 'by-command')[];
}

const POLICIES = ['stays-off', 'as-before', 'turns-on', 'unknown'] as const;
const LAST_EVENTS = ['mains-failed', 'overload', 'interlock', 'fault', 'by-command'] as const;

/** IPMI 2.0 table 28-3. */
export function getChassisStatus(): IpmiCommand<ChassisStatus> {
  return {
    name: 'Get Chassis Status',
    netFn: NetFn.CHASSIS,
    command: 0x01,
    data: new Uint8Array(),
    isRepeatable: true,
    read(data) {
      const reader = new ByteReader(data, 'chassis status');
      const power = reader.uint8('current power state');
      const last = reader.uint8('last power event');
      return {
        isOn: (power & 0x01) !== 0,
        hasPowerOverload: (power & 0x02) !== 0,
        hasPowerFault: (power & 0x08) !== 0,
        restorePolicy: POLICIES[(power >>> 5) & 3] ?? 'unknown',
        lastEvent: LAST_EVENTS.filter((_, bit) => (last & (1 << bit)) !== 0),
      };
    },
  };
}

/** IPMI 2.0 table 28-4. */
export const ChassisControl = { POWER_OFF: 0, POWER_ON: 1, POWER_CYCLE: 2, HARD_RESET: 3, SOFT_SHUTDOWN: 5 } as const;
export type ChassisControl = (typeof ChassisControl)[keyof typeof ChassisControl];

/** Never sent twice blindly: a second cycle would cut a boot that has begun. */
export function chassisControl(action: ChassisControl): IpmiCommand<void> {
  const numbers = { name: 'Chassis Control', netFn: NetFn.CHASSIS, command: 0x02 };
  return acknowledged(numbers, [action], { isRepeatable: false });
}

/** IPMI 2.0 table 28-5. @param seconds 0 turns the light off; 255 at most */
export function chassisIdentify(seconds: number): IpmiCommand<void> {
  const numbers = { name: 'Chassis Identify', netFn: NetFn.CHASSIS, command: 0x04 };
  return acknowledged(numbers, [Math.min(255, Math.max(0, Math.round(seconds)))]);
}

export type RestartCause =
  | 'unknown'
  | 'by-command'
  | 'reset-button'
  | 'power-button'
  | 'watchdog'
  | 'maker'
  | 'restore-policy-always'
  | 'restore-policy-before'
  | 'event-filter-reset'
  | 'event-filter-cycle'
  | 'soft-reset'
  | 'clock';

const CAUSES: readonly RestartCause[] = [
  'unknown',
  'by-command',
  'reset-button',
  'power-button',
  'watchdog',
  'maker',
  'restore-policy-always',
  'restore-policy-before',
  'event-filter-reset',
  'event-filter-cycle',
  'soft-reset',
  'clock',
];

/** IPMI 2.0 table 28-11: tells a cycle of ours from a person at the button. */
export function getSystemRestartCause(): IpmiCommand<RestartCause> {
  return {
    name: 'Get System Restart Cause',
    netFn: NetFn.CHASSIS,
    command: 0x07,
    data: new Uint8Array(),
    isRepeatable: true,
    read: (data) => CAUSES[new ByteReader(data, 'restart cause').uint8('cause') & 0x0f] ?? 'unknown',
  };
}
