import { BootDeviceSelector } from '../../codecs/ipmi/commands/boot-options.ts';
import type { Chassis } from './chassis.ts';
import type { RedfishLayout } from './redfish-layouts.ts';
import { type RedfishAnswer, redfishError } from './redfish-messages.ts';
import type { RedfishQuirks } from './redfish-quirks.ts';
import { BOOT_TARGETS, type RedfishBoot } from './redfish-resources.ts';

export const NO_BOOT: RedfishBoot = { target: 'None', enabled: 'Disabled', mode: 'UEFI' };

/** BootSourceOverride of a simulated BMC, on the flags that its chassis has for IPMI too. */
export class RedfishBootOrder {
  readonly #chassis: Chassis;
  readonly #layout: RedfishLayout;
  readonly #quirks: RedfishQuirks;
  #isHttpBoot = false;

  constructor(chassis: Chassis, layout: RedfishLayout, quirks: RedfishQuirks) {
    this.#chassis = chassis;
    this.#layout = layout;
    this.#quirks = quirks;
  }

  read(): RedfishBoot {
    const { flags } = this.#chassis;
    if (flags?.isValid !== true) return NO_BOOT;
    const network = this.#isHttpBoot ? 'UefiHttp' : 'Pxe';
    return {
      target: flags.device === BootDeviceSelector.DISK ? 'Hdd' : network,
      enabled: flags.isPersistent ? 'Continuous' : 'Once',
      mode: flags.isEfi ? 'UEFI' : 'Legacy',
    };
  }

  /** @returns what a PATCH of it is answered */
  set(change: Record<string, unknown>): RedfishAnswer {
    const now = this.read();
    const {
      BootSourceOverrideTarget: target = now.target,
      BootSourceOverrideEnabled: enabled = now.enabled,
      BootSourceOverrideMode: mode = now.mode,
    } = change;
    const isWhole = ['Target', 'Enabled', 'Mode'].every((one) => `BootSourceOverride${one}` in change);
    if (this.#quirks.wantsWholeBoot === true && !isWhole) {
      return redfishError(400, 'PropertyMissing', 'The property is a required property and must be included.');
    }
    if (!this.#layout.hasBootMode && 'BootSourceOverrideMode' in change) {
      const message = 'The property BootSourceOverrideMode is not in the list of valid properties.';
      return redfishError(400, 'PropertyUnknown', message, 'Remove the unknown property from the request body.');
    }
    const kept = {
      BootSourceOverrideTarget: now.target,
      BootSourceOverrideEnabled: now.enabled,
      BootSourceOverrideMode: now.mode,
    };
    const isUnchanged = Object.entries(kept).some(([name, value]) => change[name] === value);
    if (this.#quirks.refusesUnchangedBoot === true && isUnchanged) {
      return redfishError(400, 'PropertyValueConflict', 'The property has that value already.');
    }
    if (!BOOT_TARGETS.some((one) => one === target)) {
      return redfishError(
        400,
        'PropertyValueNotInList',
        `The value ${target} is not in the list of acceptable values.`,
      );
    }
    this.#isHttpBoot = target === 'UefiHttp';
    const isValid = enabled !== 'Disabled' && target !== 'None';
    this.#chassis.setFlags({
      isValid,
      isPersistent: enabled === 'Continuous',
      isEfi: mode === 'UEFI',
      device: target === 'Hdd' ? BootDeviceSelector.DISK : isValid ? BootDeviceSelector.PXE : BootDeviceSelector.NONE,
    });
    return { status: 204 };
  }
}
