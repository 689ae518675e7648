import { bmcBySigns } from '../../domain/bmc-signs.ts';
import type { DiscoveredMachine } from '../../domain/discovered-machine.ts';

/** Makers whose addresses are on management controllers and remote consoles alone. */
const BMC_MAKERS: readonly RegExp[] = [/^american megatrends/i, /avocent/i, /^raritan/i, /^aten international/i];

/** Whether it is a management controller, and what says so. Firmware that boots from the network is none. */
export function bmcReason(machine: DiscoveredMachine, vendor: string | undefined): string | undefined {
  const { stage, vendorClass, hostname } = machine;
  if (stage !== 'os' && stage !== 'bootp') return undefined;
  if (machine.firmware !== undefined) return undefined;
  const sign = bmcBySigns({
    ...(vendorClass !== undefined && { vendorClass }),
    ...(hostname !== undefined && { hostname: hostname.split('.')[0] ?? '' }),
  });
  if (sign !== undefined) return sign;
  return BMC_MAKERS.some((maker) => maker.test(vendor ?? '')) ? `MAC address of ${vendor}` : undefined;
}
