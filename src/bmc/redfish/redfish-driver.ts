import type { BmcDriver, BootDevice } from '../driver.ts';
import { BOOT_DEVICES, bootDevicesOf, readBoot, setBoot } from './boot.ts';
import { RedfishClient, type RedfishClientOptions } from './client.ts';
import { redfishConsole, type SolOpener } from './console.ts';
import { IdentifyLight } from './identify.ts';
import { readInventory } from './inventory.ts';
import { readLog } from './log.ts';
import { changePassword } from './password.ts';
import { actOnPower, readPower } from './power.ts';
import { RedfishService } from './service.ts';

export interface RedfishDriverOptions extends RedfishClientOptions {
  /** Id of the system, for a BMC that has several that could be meant. */
  readonly system?: string;
  /** Absent: it has no console. */
  readonly openSol?: SolOpener;
}

/**
 * A BMC by Redfish (DSP0266), over TLS to the certificate that is pinned. Each deadline is of the whole operation.
 *
 * @throws RangeError for a fingerprint that is none
 */
export function createRedfishDriver(options: RedfishDriverOptions): BmcDriver {
  const client = new RedfishClient(options);
  const service = new RedfishService(client, options.system);
  const light = new IdentifyLight(service);
  let devices: readonly BootDevice[] = BOOT_DEVICES;
  return {
    name: 'redfish',
    power: {
      read: (deadlineMs) => readPower(service, client.deadline(deadlineMs)),
      act: (action, deadlineMs) => actOnPower(service, action, client.deadline(deadlineMs)),
    },
    bootDevice: {
      /** All of them until the BMC was asked. */
      get devices() {
        return devices;
      },
      async read(deadlineMs) {
        const deadline = client.deadline(deadlineMs);
        devices = bootDevicesOf(await service.system(deadline));
        return readBoot(service, deadline);
      },
      set: (override, deadlineMs) => setBoot(service, override, client.deadline(deadlineMs)),
    },
    ...(options.openSol === undefined
      ? {}
      : { console: redfishConsole(service, (deadlineMs) => client.deadline(deadlineMs), options.openSol) }),
    identify: { identify: (seconds, deadlineMs) => light.identify(seconds, client.deadline(deadlineMs)) },
    inventory: { read: (deadlineMs) => readInventory(service, client.deadline(deadlineMs)) },
    log: { read: (sinceId, limit, deadlineMs) => readLog(service, sinceId, limit, client.deadline(deadlineMs)) },
    password: { change: (password, deadlineMs) => changePassword(service, password, client.deadline(deadlineMs)) },
    async close() {
      await light.close();
      await client.close();
    },
  };
}
