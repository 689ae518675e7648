import type { IpmiCommand } from '../../codecs/ipmi/command.ts';
import {
  ANOTHER_IS_SETTING,
  acknowledgeBootInfo,
  BootDeviceSelector,
  type BootFlags,
  getBootFlags,
  keepBootFlagPast60Seconds,
  SetInProgress,
  setBootFlags,
  setInProgress,
} from '../../codecs/ipmi/commands/boot-options.ts';
import {
  ChassisControl,
  chassisControl,
  chassisIdentify,
  getChassisStatus,
  getSystemRestartCause,
} from '../../codecs/ipmi/commands/chassis.ts';
import { getDeviceId, getSystemGuid } from '../../codecs/ipmi/commands/device.ts';
import { type FruInventory, getFruAreaInfo, readFruData, readFruInventory } from '../../codecs/ipmi/commands/fru.ts';
import { getLanParameter, LanParameter } from '../../codecs/ipmi/commands/lan.ts';
import { FIRST_RECORD, getSelEntry, getSelInfo, NO_MORE_RECORDS } from '../../codecs/ipmi/commands/sel.ts';
import { getDcmiInletTemperature, getDcmiPowerReading } from '../../codecs/ipmi/commands/sensors.ts';
import type { BmcDriver, BmcInventory, BmcLogEntry, BootDevice, BootOverride, PowerAction } from '../driver.ts';
import { IpmiClient, type IpmiClientOptions } from './client.ts';
import { codeOf, optional, part, translated } from './driver-errors.ts';
import { changeOwnPassword } from './own-password.ts';
import type { IpmiQuirk } from './quirks.ts';
import { sendRaw } from './raw.ts';
import { selEntry } from './sel-text.ts';
import { SolConsole } from './sol-console.ts';

const ACTIONS: Readonly<Record<PowerAction, ChassisControl>> = {
  on: ChassisControl.POWER_ON,
  off: ChassisControl.POWER_OFF,
  soft: ChassisControl.SOFT_SHUTDOWN,
  cycle: ChassisControl.POWER_CYCLE,
  reset: ChassisControl.HARD_RESET,
};

const FRU_STEP_BYTES = 16;
const MAX_FRU_BYTES = 2_048;

/** A BMC by IPMI 2.0. */
export function createIpmiDriver(options: IpmiClientOptions): BmcDriver {
  const client = new IpmiClient(options);
  const bmc = new IpmiBmc(client);
  return {
    name: 'ipmi',
    power: {
      read: async (deadlineMs) => ((await bmc.run(getChassisStatus(), deadlineMs)).isOn ? 'on' : 'off'),
      act: (action, deadlineMs) => bmc.run(chassisControl(ACTIONS[action]), deadlineMs),
      slowMs: () => client.knownQuirk?.powerOnMs,
    },
    bootDevice: {
      // UEFI HTTP boot has no selector: a machine that is set to it boots so by the network one.
      devices: ['none', 'network', 'disk'],
      read: (deadlineMs) => bmc.readBoot(deadlineMs),
      set: (override, deadlineMs) => bmc.setBoot(override, deadlineMs),
    },
    identify: { identify: (seconds, deadlineMs) => bmc.run(chassisIdentify(seconds), deadlineMs) },
    console: {
      open: (listener, { takeOver }) =>
        translated(() =>
          SolConsole.open(
            client,
            options.clock,
            {
              output: (text) => listener.output(text),
              lost: () => listener.lost(),
              ended: (why) => listener.ended(why),
            },
            { takeOver },
          ),
        ),
    },
    inventory: { read: (deadlineMs) => bmc.inventory(deadlineMs) },
    log: {
      read: (sinceId, limit, deadlineMs) => bmc.log(sinceId, limit, deadlineMs),
      erasedSeconds: async (deadlineMs) => (await optional(client, getSelInfo(), deadlineMs))?.erasedSeconds,
    },
    password: {
      change: (password, deadlineMs) => changeOwnPassword(client, options.credentials, password, deadlineMs),
    },
    raw: { send: (request, deadlineMs) => sendRaw(client, request, deadlineMs) },
    async close() {
      client.close();
    },
  };
}

class IpmiBmc {
  readonly #client: IpmiClient;

  constructor(client: IpmiClient) {
    this.#client = client;
  }

  run<Result>(command: IpmiCommand<Result>, deadlineMs: number): Promise<Result> {
    return translated(() => this.#client.run(command, deadlineMs));
  }

  async readBoot(deadlineMs: number): Promise<BootOverride> {
    const flags = await this.run(getBootFlags(), deadlineMs);
    const quirk = await this.#quirkOf(deadlineMs);
    const device = deviceOf(flags, quirk);
    // Where the bit is left out, what is meant is what the firmware does without it.
    return { device, persistent: flags.isPersistent, uefi: flags.isEfi || ignoresEfi(device, quirk) };
  }

  /**
   * As the guide's five lines: keep the flag past 60 s, then set it. What a BMC does not have of the surrounding
   * parameters (80, cc) it does without.
   */
  async setBoot({ device, persistent, uefi }: BootOverride, deadlineMs: number): Promise<void> {
    const quirk = await this.#quirkOf(deadlineMs);
    const isEfi = uefi && !ignoresEfi(device, quirk);
    const flags =
      device === 'none'
        ? { isValid: false, isPersistent: false, isEfi: false, device: BootDeviceSelector.NONE }
        : { isValid: true, isPersistent: persistent, isEfi, device: selectorOf(device, quirk) };
    await this.#beginBootOptions(deadlineMs);
    try {
      await optional(this.#client, keepBootFlagPast60Seconds(), deadlineMs);
      await optional(this.#client, acknowledgeBootInfo(), deadlineMs);
      await this.run(setBootFlags(flags), deadlineMs);
    } finally {
      // Also where it was refused: until then the BMC may refuse everybody.
      await optional(this.#client, setInProgress(SetInProgress.COMPLETE), deadlineMs).catch(() => undefined);
    }
  }

  /** Whoever began before us and did not come to an end (81) is not waited for. */
  async #beginBootOptions(deadlineMs: number): Promise<void> {
    try {
      await optional(this.#client, setInProgress(SetInProgress.IN_PROGRESS), deadlineMs);
    } catch (error) {
      if (codeOf(error) !== ANOTHER_IS_SETTING) throw error;
      await optional(this.#client, setInProgress(SetInProgress.COMPLETE), deadlineMs);
      await optional(this.#client, setInProgress(SetInProgress.IN_PROGRESS), deadlineMs);
    }
  }

  async inventory(deadlineMs: number): Promise<BmcInventory> {
    const device = await this.run(getDeviceId(), deadlineMs);
    const guid = await part(this.#client, getSystemGuid(), deadlineMs);
    const mac = await part(this.#client, getLanParameter(LanParameter.MAC_ADDRESS), deadlineMs);
    const fru = await this.#fru(deadlineMs);
    const manufacturer = fru.productManufacturer ?? fru.boardManufacturer;
    const product = fru.productName ?? fru.boardProduct;
    const serialNumber = fru.productSerial ?? fru.chassisSerial ?? fru.boardSerial;
    return {
      bmcFirmware: device.firmware,
      makerId: device.manufacturerId,
      ...(guid === undefined || /^0+$/.test(guid) ? {} : { uuid: uuidText(guid) }),
      ...(mac === undefined
        ? {}
        : {
            bmcMac: Buffer.from(mac)
              .toString('hex')
              .replace(/..(?=.)/g, '$&:'),
          }),
      ...(await this.#readings(deadlineMs)),
      ...(manufacturer === undefined ? {} : { manufacturer }),
      ...(product === undefined ? {} : { product }),
      ...(serialNumber === undefined ? {} : { serialNumber }),
    };
  }

  async log(sinceId: number, limit: number, deadlineMs: number): Promise<readonly BmcLogEntry[]> {
    const entries: BmcLogEntry[] = [];
    let id = await this.#firstAfter(sinceId, deadlineMs);
    while (id !== NO_MORE_RECORDS && entries.length < limit) {
      const reading = await optional(this.#client, getSelEntry(id), deadlineMs);
      if (reading === undefined) break;
      entries.push(selEntry(reading.record));
      if (reading.nextId === id) break;
      id = reading.nextId;
    }
    return entries;
  }

  /** The record after the last that was read; the log's first where that one is gone (it was cleared). */
  async #firstAfter(sinceId: number, deadlineMs: number): Promise<number> {
    if (sinceId === FIRST_RECORD) return FIRST_RECORD;
    const last = await optional(this.#client, getSelEntry(sinceId), deadlineMs);
    return last === undefined ? FIRST_RECORD : last.nextId;
  }

  /** DCMI's, which BMCs of servers have. */
  async #readings(deadlineMs: number): Promise<Pick<BmcInventory, 'inletCelsius' | 'powerWatts' | 'lastRestart'>> {
    const celsius = (await part(this.#client, getDcmiInletTemperature(), deadlineMs)) ?? [];
    const power = await part(this.#client, getDcmiPowerReading(), deadlineMs);
    const cause = await part(this.#client, getSystemRestartCause(), deadlineMs);
    return {
      ...(celsius.length === 0 ? {} : { inletCelsius: Math.max(...celsius) }),
      ...(power?.isActive === true ? { powerWatts: power.watts } : {}),
      ...(cause === undefined || cause === 'unknown' ? {} : { lastRestart: cause }),
    };
  }

  async #fru(deadlineMs: number): Promise<FruInventory> {
    const info = await part(this.#client, getFruAreaInfo(0), deadlineMs);
    if (info === undefined || info.isByWords) return {};
    const bytes = new Uint8Array(Math.min(info.sizeBytes, MAX_FRU_BYTES));
    for (let at = 0; at < bytes.length; ) {
      const piece = await part(
        this.#client,
        readFruData(0, at, Math.min(FRU_STEP_BYTES, bytes.length - at)),
        deadlineMs,
      );
      if (piece === undefined || piece.length === 0) break;
      bytes.set(piece.subarray(0, bytes.length - at), at);
      at += piece.length;
    }
    return readFruInventory(bytes);
  }

  #quirkOf(deadlineMs: number): Promise<IpmiQuirk> {
    return translated(() => this.#client.quirk(deadlineMs));
  }
}

function ignoresEfi(device: BootDevice, { ignoresEfiBit }: IpmiQuirk): boolean {
  return ignoresEfiBit === true && device !== 'disk' && device !== 'none';
}

function selectorOf(device: BootDevice, quirk: IpmiQuirk): number {
  if (device === 'disk') return quirk.diskSelector ?? BootDeviceSelector.DISK;
  return BootDeviceSelector.PXE;
}

function deviceOf({ isValid, device }: BootFlags, quirk: IpmiQuirk): BootDevice {
  if (!isValid) return 'none';
  if (device === BootDeviceSelector.PXE) return 'network';
  return device === BootDeviceSelector.DISK || device === quirk.diskSelector ? 'disk' : 'none';
}

function uuidText(hex: string): string {
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
