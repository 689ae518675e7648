import type { IpmiCommand } from '../../codecs/ipmi/command.ts';
import {
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
import { FIRST_RECORD, getSelEntry, NO_MORE_RECORDS } from '../../codecs/ipmi/commands/sel.ts';
import { getDcmiInletTemperature, getDcmiPowerReading } from '../../codecs/ipmi/commands/sensors.ts';
import { getUserName, setUserPassword } from '../../codecs/ipmi/commands/user.ts';
import { CompletionCode } from '../../codecs/ipmi/completion-codes.ts';
import {
  type BmcDriver,
  BmcError,
  type BmcFailure,
  type BmcInventory,
  type BmcLogEntry,
  type BootDevice,
  type BootOverride,
  type PowerAction,
} from '../driver.ts';
import { IpmiClient, type IpmiClientOptions } from './client.ts';
import { IpmiError, type IpmiFailure } from './errors.ts';
import type { IpmiQuirk } from './quirks.ts';
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
const MAX_USERS = 16;

/** A BMC by IPMI 2.0. */
export function createIpmiDriver(options: IpmiClientOptions): BmcDriver {
  const client = new IpmiClient(options);
  const bmc = new IpmiBmc(client, Buffer.from(options.credentials.userName).toString());
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
    log: { read: (sinceId, limit, deadlineMs) => bmc.log(sinceId, limit, deadlineMs) },
    password: { change: (password, deadlineMs) => bmc.changePassword(password, deadlineMs) },
    async close() {
      client.close();
    },
  };
}

class IpmiBmc {
  readonly #client: IpmiClient;
  readonly #userName: string;

  constructor(client: IpmiClient, userName: string) {
    this.#client = client;
    this.#userName = userName;
  }

  run<Result>(command: IpmiCommand<Result>, deadlineMs: number): Promise<Result> {
    return translated(() => this.#client.run(command, deadlineMs));
  }

  async readBoot(deadlineMs: number): Promise<BootOverride> {
    const flags = await this.run(getBootFlags(), deadlineMs);
    return {
      device: deviceOf(flags, await this.#quirkOf(deadlineMs)),
      persistent: flags.isPersistent,
      uefi: flags.isEfi,
    };
  }

  /**
   * As the guide's five lines: keep the flag past 60 s, then set it. What a BMC does not have of the surrounding
   * parameters (80, cc) it does without.
   */
  async setBoot({ device, persistent, uefi }: BootOverride, deadlineMs: number): Promise<void> {
    const quirk = await this.#quirkOf(deadlineMs);
    await this.#optional(setInProgress(SetInProgress.IN_PROGRESS), deadlineMs);
    await this.#optional(keepBootFlagPast60Seconds(), deadlineMs);
    await this.#optional(acknowledgeBootInfo(), deadlineMs);
    const isEfi = uefi && !(device !== 'disk' && quirk.ignoresEfiBit === true);
    const flags =
      device === 'none'
        ? { isValid: false, isPersistent: false, isEfi: false, device: BootDeviceSelector.NONE }
        : { isValid: true, isPersistent: persistent, isEfi, device: selectorOf(device, quirk) };
    await this.run(setBootFlags(flags), deadlineMs);
    await this.#optional(setInProgress(SetInProgress.COMPLETE), deadlineMs);
  }

  async inventory(deadlineMs: number): Promise<BmcInventory> {
    const device = await this.run(getDeviceId(), deadlineMs);
    const guid = await this.#optional(getSystemGuid(), deadlineMs);
    const mac = await this.#optional(getLanParameter(LanParameter.MAC_ADDRESS), deadlineMs);
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
      const reading = await this.#optional(getSelEntry(id), deadlineMs);
      if (reading === undefined) break;
      entries.push(selEntry(reading.record));
      if (reading.nextId === id) break;
      id = reading.nextId;
    }
    return entries;
  }

  /** @throws RangeError, BmcError where the BMC does not say which user is ours */
  async changePassword(password: string, deadlineMs: number): Promise<void> {
    for (let userId = 1; userId <= MAX_USERS; userId += 1) {
      const name = await this.#optional(getUserName(userId), deadlineMs);
      if (name !== this.#userName) continue;
      await this.run(setUserPassword(userId, Buffer.from(password, 'utf8')), deadlineMs);
      return;
    }
    throw new BmcError('refused', `the BMC does not say which of its users is ${this.#userName}`);
  }

  /** The record after the last that was read; the log's first where that one is gone (it was cleared). */
  async #firstAfter(sinceId: number, deadlineMs: number): Promise<number> {
    if (sinceId === FIRST_RECORD) return FIRST_RECORD;
    const last = await this.#optional(getSelEntry(sinceId), deadlineMs);
    return last === undefined ? FIRST_RECORD : last.nextId;
  }

  /** DCMI's, which BMCs of servers have. */
  async #readings(deadlineMs: number): Promise<Pick<BmcInventory, 'inletCelsius' | 'powerWatts' | 'lastRestart'>> {
    const celsius = (await this.#optional(getDcmiInletTemperature(), deadlineMs)) ?? [];
    const power = await this.#optional(getDcmiPowerReading(), deadlineMs);
    const cause = await this.#optional(getSystemRestartCause(), deadlineMs);
    return {
      ...(celsius.length === 0 ? {} : { inletCelsius: Math.max(...celsius) }),
      ...(power?.isActive === true ? { powerWatts: power.watts } : {}),
      ...(cause === undefined || cause === 'unknown' ? {} : { lastRestart: cause }),
    };
  }

  async #fru(deadlineMs: number): Promise<FruInventory> {
    const info = await this.#optional(getFruAreaInfo(0), deadlineMs);
    if (info === undefined || info.isByWords) return {};
    const bytes = new Uint8Array(Math.min(info.sizeBytes, MAX_FRU_BYTES));
    for (let at = 0; at < bytes.length; ) {
      const piece = await this.#optional(readFruData(0, at, Math.min(FRU_STEP_BYTES, bytes.length - at)), deadlineMs);
      if (piece === undefined || piece.length === 0) break;
      bytes.set(piece.subarray(0, bytes.length - at), at);
      at += piece.length;
    }
    return readFruInventory(bytes);
  }

  #quirkOf(deadlineMs: number): Promise<IpmiQuirk> {
    return translated(() => this.#client.quirk(deadlineMs));
  }

  /** Undefined where the BMC says that it does not have it. */
  async #optional<Result>(command: IpmiCommand<Result>, deadlineMs: number): Promise<Result | undefined> {
    try {
      return await this.#client.run(command, deadlineMs);
    } catch (error) {
      if (error instanceof IpmiError && error.failure === 'refused' && isAbsent(error.completionCode)) return undefined;
      throw asBmcError(error);
    }
  }
}

/** It does not know the command, the parameter or the record. */
function isAbsent(code: number | undefined): boolean {
  const absent: readonly (number | undefined)[] = [
    CompletionCode.UNKNOWN_COMMAND,
    CompletionCode.INVALID_FIELD,
    CompletionCode.NO_SUCH_RECORD,
    0x80,
  ];
  return absent.includes(code);
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

async function translated<Result>(act: () => Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    throw asBmcError(error);
  }
}

const FAILURES: Readonly<Record<IpmiFailure, BmcFailure>> = {
  unreachable: 'unreachable',
  'no-answer': 'no-answer',
  'wrong-password': 'credentials',
  'unknown-user': 'credentials',
  privilege: 'privilege',
  'no-session': 'busy',
  downgrade: 'not-trusted',
  refused: 'refused',
  protocol: 'refused',
  closed: 'no-answer',
};

function asBmcError(error: unknown): unknown {
  if (!(error instanceof IpmiError)) return error;
  const { failure, message, mayHaveActed } = error;
  return new BmcError(FAILURES[failure], message, { mayHaveActed, cause: error });
}
