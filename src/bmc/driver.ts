/**
 * The contract of a BMC driver, as small capabilities: a driver gives those that its BMC has and leaves out the others,
 * so that nobody has to write "not supported" twenty times, and a caller can see beforehand what a BMC can do.
 * It owns its types: `bmc/` knows nothing of podboot.
 */
export interface BmcDriver {
  /** `ipmi`, `redfish`, `command`: the word in the configuration. */
  readonly name: string;
  readonly power?: PowerControl;
  readonly bootDevice?: BootDeviceControl;
  readonly identify?: IdentifyControl;
  readonly console?: ConsoleControl;
  readonly inventory?: InventoryControl;
  readonly log?: LogControl;
  readonly password?: PasswordControl;
  readonly raw?: RawControl;
  /** Ends sessions at the BMC, which has few slots for them. */
  close(): Promise<void>;
}

/**
 * - `unreachable` nothing answers there
 * - `credentials` the BMC refuses the name or the password: never tried again by itself, accounts lock
 * - `privilege`   the user may not do this
 * - `busy`        all of its sessions are taken, or it is starting
 * - `not-trusted` its certificate, or its protection, is not the one that is expected
 * - `refused`     it says no, with a reason
 * - `no-answer`   it answered before, and does not now
 */
export type BmcFailure = 'unreachable' | 'credentials' | 'privilege' | 'busy' | 'not-trusted' | 'refused' | 'no-answer';

/** What every driver throws. */
export class BmcError extends Error {
  readonly failure: BmcFailure;
  /** The command left, and nobody knows what became of it: look before it is sent again. */
  readonly mayHaveActed: boolean;
  /** It can't be done as the machine is now: it may be on or off already, and not read so yet. */
  readonly isOfState: boolean;
  /** What to do about it, where its failure alone does not say. */
  readonly mend: string | undefined;

  constructor(
    failure: BmcFailure,
    message: string,
    options: {
      readonly mayHaveActed?: boolean;
      readonly isOfState?: boolean;
      readonly mend?: string | undefined;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'BmcError';
    this.failure = failure;
    this.mayHaveActed = options.mayHaveActed ?? false;
    this.isOfState = options.isOfState ?? false;
    this.mend = options.mend;
  }
}

/** It has no console that can be had from here, and will have none for the asking. */
export class ConsoleAbsent extends BmcError {
  constructor(message: string, mend: string) {
    super('refused', message, { mend });
    this.name = 'ConsoleAbsent';
  }
}

export type PowerState = 'on' | 'off';

/** IPMI 2.0 table 28-4 (Chassis Control) and Redfish ResetType, in one vocabulary. */
export type PowerAction = 'on' | 'off' | 'soft' | 'cycle' | 'reset';

export interface PowerControl {
  /** @throws BmcError */
  read(deadlineMs: number): Promise<PowerState>;
  /**
   * Sent once: whether it took effect is read afterwards, never guessed and never sent again blindly.
   * @throws BmcError
   */
  act(action: PowerAction, deadlineMs: number): Promise<void>;
  /** What machines like it are known to take until they read as they were told; undefined: nothing is known. */
  slowMs?(): number | undefined;
}

export type BootDevice = 'none' | 'network' | 'network-http' | 'disk';

/** IPMI 2.0 table 28-14, parameter 5, and Redfish Boot.BootSourceOverride*. */
export interface BootOverride {
  readonly device: BootDevice;
  readonly persistent: boolean;
  readonly uefi: boolean;
}

export interface BootDeviceControl {
  /** Devices that it can be told to boot from. */
  readonly devices: readonly BootDevice[];
  /** @throws BmcError */
  read(deadlineMs: number): Promise<BootOverride>;
  /** @throws BmcError */
  set(override: BootOverride, deadlineMs: number): Promise<void>;
}

export interface IdentifyControl {
  /** 0 turns the light off. */
  identify(seconds: number, deadlineMs: number): Promise<void>;
}

export interface ConsoleListener {
  /** What the machine said; valid during the call. */
  output(characters: Uint8Array): void;
  /** The BMC lost some of it. */
  lost(): void;
  ended(why: 'lost' | 'taken' | 'closed'): void;
}

export interface OpenConsole {
  /** @throws RangeError where more waits than a serial line takes in seconds */
  type(characters: Uint8Array): void;
  sendBreak(): void;
  close(): Promise<void>;
}

export interface ConsoleControl {
  /** @throws ConsoleAbsent; BmcError `refused` where somebody else has it and `takeOver` is not asked for */
  open(listener: ConsoleListener, options: { readonly takeOver: boolean }): Promise<OpenConsole>;
}

/** What a machine says that it is. */
export interface BmcInventory {
  /** Who made the BMC: an IANA enterprise number. */
  readonly makerId?: number;
  readonly manufacturer?: string;
  readonly product?: string;
  readonly serialNumber?: string;
  /** SMBIOS UUID, lower case with hyphens, as the BMC has it: in one byte order or the other. */
  readonly uuid?: string;
  readonly bmcMac?: string;
  readonly bmcFirmware?: string;
  /** MAC addresses of its network interfaces, where the BMC knows them. */
  readonly macs?: readonly string[];
  /** Of the air that comes in. */
  readonly inletCelsius?: number;
  /** What it draws now. */
  readonly powerWatts?: number;
  /** `by-command`, `watchdog`, `power-button` … */
  readonly lastRestart?: string;
}

export interface InventoryControl {
  /** @throws BmcError */
  read(deadlineMs: number): Promise<BmcInventory>;
}

export interface BmcLogEntry {
  /** Grows; where the next reading goes on. */
  readonly id: number;
  /** Seconds since 1970; absent where the BMC did not know the time. */
  readonly timeSeconds?: number;
  readonly text: string;
  readonly severity: 'info' | 'warning' | 'critical';
  readonly raw: string;
}

export interface LogControl {
  /**
   * Entries after `sinceId`, oldest first, `limit` at most.
   * @throws BmcError
   */
  read(sinceId: number, limit: number, deadlineMs: number): Promise<readonly BmcLogEntry[]>;
  /**
   * When it was cleared last, by the BMC's clock; 0: never. Where that changes, ids began anew and those from before mean
   * other entries. Undefined: the BMC does not say it.
   * @throws BmcError
   */
  erasedSeconds?(deadlineMs: number): Promise<number | undefined>;
}

export interface PasswordControl {
  /** Of the driver's own user. @throws BmcError, RangeError for one that the BMC can't keep */
  change(password: string, deadlineMs: number): Promise<void>;
}

export interface RawRequest {
  /** Even, 0 to 62 (IPMI 2.0 table 5-1). */
  readonly netFn: number;
  readonly command: number;
  readonly data: readonly number[];
}

export interface RawAnswer {
  /** IPMI 2.0 table 5-2; 0 is success. */
  readonly completionCode: number;
  /** What it means, as a sentence. */
  readonly text: string;
  /** What follows it. */
  readonly data: Uint8Array;
}

export interface RawControl {
  /**
   * Whatever a person types, sent once.
   * @throws BmcError where there is no answer; a code that is not 0 is one. RangeError for what are no bytes
   */
  send(request: RawRequest, deadlineMs: number): Promise<RawAnswer>;
}
