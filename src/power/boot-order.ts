import type { BmcDriver, BootOverride } from '../bmc/driver.ts';
import type { Node } from '../domain/node.ts';
import type { JobAction } from '../domain/power.ts';

/** How its firmware starts: its label says it where it is not UEFI. */
export function isUefi({ labels }: Node): boolean {
  return labels.firmware !== 'bios';
}

/** What a node is to boot from for what is to be done: the disk for ever, the network once. */
export function overrideOf(action: JobAction, node: Node): BootOverride {
  const uefi = isUefi(node);
  if (action === 'disk-first') return { device: 'disk', persistent: true, uefi };
  return { device: node.labels.netboot === 'http' ? 'network-http' : 'network', persistent: false, uefi };
}

/** Set, and read back, which proves little and warns of much. @throws BmcError */
export async function armed(
  driver: BmcDriver,
  wanted: BootOverride,
  deadlineMs: number,
): Promise<BootOverride | 'absent'> {
  const { bootDevice } = driver;
  if (bootDevice === undefined) return 'absent';
  const device = bootDevice.devices.includes(wanted.device) ? wanted.device : 'network';
  const override = wanted.device === 'disk' ? wanted : { ...wanted, device };
  await bootDevice.set(override, deadlineMs);
  const found = await bootDevice.read(deadlineMs);
  return found.device === override.device ? { ...found, device: wanted.device } : found;
}

export function isAsSet(found: BootOverride, wanted: BootOverride): boolean {
  return found.device === wanted.device && found.persistent === wanted.persistent && found.uefi === wanted.uefi;
}

export function bootText({ device, persistent, uefi }: BootOverride): string {
  return `${device} (${persistent ? 'for ever' : 'once'}, ${uefi ? 'UEFI' : 'BIOS'})`;
}
