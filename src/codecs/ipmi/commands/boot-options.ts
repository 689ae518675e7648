import { ByteReader } from '../../byte-reader.ts';
import { acknowledged, type IpmiCommand } from '../command.ts';
import { NetFn } from '../message.ts';

/** Boot option parameters (IPMI 2.0 table 28-14). */
export const BootParameter = {
  SET_IN_PROGRESS: 0,
  VALID_BIT_CLEARING: 3,
  BOOT_INFO_ACKNOWLEDGE: 4,
  BOOT_FLAGS: 5,
} as const;

/** Boot device selectors of parameter 5, as they stand in its bits 5:2. */
export const BootDeviceSelector = {
  NONE: 0x00,
  PXE: 0x04,
  DISK: 0x08,
  SAFE_DISK: 0x0c,
  DIAGNOSTICS: 0x10,
  CD: 0x14,
  SETUP: 0x18,
  REMOTE_DISK: 0x24,
  FLOPPY: 0x3c,
} as const;

export interface BootFlags {
  readonly isValid: boolean;
  readonly isPersistent: boolean;
  readonly isEfi: boolean;
  /** One of BootDeviceSelector, or a maker's own. */
  readonly device: number;
}

const VALID = 0x80;
const PERSISTENT = 0x40;
const EFI = 0x20;
const DEVICE_BITS = 0x3c;

/** Somebody else has set it in progress. */
export const ANOTHER_IS_SETTING = 0x81;

const CODES = {
  128: 'the BMC does not have this boot option',
  129: 'another one is changing it',
  130: 'it is read-only',
};
const SET = { name: 'Set System Boot Options', netFn: NetFn.CHASSIS, command: 0x08 } as const;

export const SetInProgress = { COMPLETE: 0, IN_PROGRESS: 1, COMMIT: 2 } as const;

export function setInProgress(step: (typeof SetInProgress)[keyof typeof SetInProgress]): IpmiCommand<void> {
  return acknowledged(SET, [BootParameter.SET_IN_PROGRESS, step], { codes: CODES });
}

/**
 * Parameter 3. A boot flag is gone after 60 s without a power command, unless bit 3 is set: what the guide's
 * `raw 00 08 03 08` does. The setting itself is lost at a reset of the BMC, so it is made before each arming.
 */
export function keepBootFlagPast60Seconds(): IpmiCommand<void> {
  return acknowledged(SET, [BootParameter.VALID_BIT_CLEARING, 0x08], { codes: CODES });
}

/** Parameter 4: the BIOS has not handled the flags yet (write mask, value). */
export function acknowledgeBootInfo(): IpmiCommand<void> {
  return acknowledged(SET, [BootParameter.BOOT_INFO_ACKNOWLEDGE, 0x01, 0x01], { codes: CODES });
}

export function setBootFlags({ isValid, isPersistent, isEfi, device }: BootFlags): IpmiCommand<void> {
  const first = (isValid ? VALID : 0) | (isPersistent ? PERSISTENT : 0) | (isEfi ? EFI : 0);
  return acknowledged(SET, [BootParameter.BOOT_FLAGS, first, device & DEVICE_BITS, 0, 0, 0], { codes: CODES });
}

/** Some BMCs echo what was set and boot from elsewhere: what comes back is no proof. */
export function getBootFlags(): IpmiCommand<BootFlags> {
  return {
    name: 'Get System Boot Options',
    netFn: NetFn.CHASSIS,
    command: 0x09,
    data: Uint8Array.of(BootParameter.BOOT_FLAGS, 0, 0),
    isRepeatable: true,
    codes: CODES,
    read(data) {
      const reader = new ByteReader(data, 'boot flags');
      reader.uint8('parameter version');
      const parameter = reader.uint8('parameter');
      if ((parameter & 0x7f) !== BootParameter.BOOT_FLAGS) reader.fail(`it is boot parameter ${parameter & 0x7f}`, 1);
      const first = reader.uint8('boot flags 1');
      const second = reader.uint8('boot flags 2');
      return {
        // Bit 7 of the parameter: marked invalid or locked.
        isValid: (first & VALID) !== 0 && (parameter & 0x80) === 0,
        isPersistent: (first & PERSISTENT) !== 0,
        isEfi: (first & EFI) !== 0,
        device: second & DEVICE_BITS,
      };
    },
  };
}
