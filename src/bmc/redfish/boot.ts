import { BmcError, type BootDevice, type BootOverride } from '../driver.ts';
import type { Resource } from './client.ts';
import { type JsonObject, objectAt, textAt, textsAt } from './json.ts';
import type { Deadline } from './ports.ts';
import { RedfishRefused } from './refusal.ts';
import { type RedfishService, settingsLinkOf } from './service.ts';

/** BootSource (DSP0268, ComputerSystem). */
const TARGETS: Readonly<Record<BootDevice, string>> = {
  none: 'None',
  network: 'Pxe',
  'network-http': 'UefiHttp',
  disk: 'Hdd',
};

export const BOOT_DEVICES = Object.keys(TARGETS) as readonly BootDevice[];

/** It can't be done so, or not there: another way may do. */
const OTHER_WAY: readonly number[] = [400, 404, 405, 409, 422, 501];

export async function readBoot(service: RedfishService, deadline: Deadline): Promise<BootOverride> {
  const system = await service.system(deadline);
  const settings = await pendingBoot(service, system, deadline);
  // What waits for the next boot counts: the system itself shows what the last one had.
  const boot = objectAt((settings ?? system).body, 'Boot');
  const enabled = textAt(boot, 'BootSourceOverrideEnabled') ?? 'Disabled';
  const target = textAt(boot, 'BootSourceOverrideTarget') ?? 'None';
  const device = BOOT_DEVICES.find((one) => TARGETS[one] === target) ?? 'none';
  const isSet = enabled !== 'Disabled' && device !== 'none';
  return {
    device: isSet ? device : 'none',
    persistent: isSet && enabled === 'Continuous',
    uefi: textAt(boot, 'BootSourceOverrideMode') !== 'Legacy',
  };
}

/** Devices that it can be told to boot from, where it says so. */
export function bootDevicesOf(system: Resource): readonly BootDevice[] {
  const allowed = textsAt(objectAt(system.body, 'Boot'), 'BootSourceOverrideTarget@Redfish.AllowableValues');
  if (allowed === undefined || allowed.length === 0) return BOOT_DEVICES.filter((one) => one !== 'network-http');
  return BOOT_DEVICES.filter((device) => device === 'none' || allowed.includes(TARGETS[device]));
}

/** @throws BmcError `refused` for a device that the BMC does not have, too */
export async function setBoot(service: RedfishService, override: BootOverride, deadline: Deadline): Promise<void> {
  const system = await service.system(deadline);
  checkDevice(system, override.device);
  let firstRefusal: BmcError | undefined;
  for (const resource of await bootResources(service, system, deadline)) {
    for (const boot of waysToSay(override, objectAt(resource.body, 'Boot'))) {
      // It refuses what it has already, and has all of it.
      if (Object.keys(boot).length === 0) return;
      try {
        await service.patch(resource, { Boot: boot }, deadline);
        return;
      } catch (error) {
        if (!(error instanceof RedfishRefused) || !OTHER_WAY.includes(error.status)) throw error;
        firstRefusal ??= error;
      }
    }
  }
  throw firstRefusal ?? new BmcError('refused', 'the BMC does not let the boot device be set');
}

function checkDevice(system: Resource, device: BootDevice): void {
  const devices = bootDevicesOf(system);
  if (devices.includes(device)) return;
  const message = `the BMC can’t make this machine boot by ${TARGETS[device]}; it can by ${devices.join(', ')}`;
  throw new BmcError('refused', message);
}

/** Where it is set, the likelier first: AMI (Systems/DGX/SD), GBx00 and BlueField take it in the settings alone. */
async function bootResources(
  service: RedfishService,
  system: Resource,
  deadline: Deadline,
): Promise<readonly Resource[]> {
  const link = settingsLinkOf(system);
  const settings = await service.client.getIfThere(link, deadline);
  if (settings === undefined) return [system];
  return hasOverride(settings) ? [settings, system] : [system, settings];
}

async function pendingBoot(
  service: RedfishService,
  system: Resource,
  deadline: Deadline,
): Promise<Resource | undefined> {
  const settings = await service.client.getIfThere(settingsLinkOf(system), deadline);
  return settings !== undefined && hasOverride(settings) ? settings : undefined;
}

function hasOverride({ body }: Resource): boolean {
  return textAt(objectAt(body, 'Boot'), 'BootSourceOverrideEnabled') !== undefined;
}

/**
 * Some BMCs want all three values in each change, others have no mode (GBx00), or refuse a value that they have already.
 * Clearing is by both words, or by one of them.
 */
function waysToSay({ device, persistent, uefi }: BootOverride, now: JsonObject | undefined): readonly JsonObject[] {
  const target = { BootSourceOverrideTarget: TARGETS[device] };
  if (device === 'none') {
    const disabled = { BootSourceOverrideEnabled: 'Disabled' };
    return distinct([{ ...disabled, ...target }, disabled, target]);
  }
  const both = { ...target, BootSourceOverrideEnabled: persistent ? 'Continuous' : 'Once' };
  const all = { ...both, BootSourceOverrideMode: uefi ? 'UEFI' : 'Legacy' };
  // The mode is left out where that changes nothing: UEFI is what all these machines have.
  return distinct(uefi ? [all, changed(all, now), both, changed(both, now)] : [all, changed(all, now)]);
}

function changed(wished: JsonObject, now: JsonObject | undefined): JsonObject {
  return Object.fromEntries(Object.entries(wished).filter(([name, value]) => textAt(now, name) !== value));
}

function distinct(ways: readonly JsonObject[]): readonly JsonObject[] {
  const seen = new Set<string>();
  return ways.filter((way) => {
    const key = JSON.stringify(way);
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew;
  });
}
