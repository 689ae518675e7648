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
  /** Ends sessions at the BMC, which has few slots for them. */
  close(): Promise<void>;
}

export type PowerState = 'on' | 'off';

/** IPMI 2.0 table 28-4 (Chassis Control) and Redfish ResetType, in one vocabulary. */
export type PowerAction = 'on' | 'off' | 'soft' | 'cycle' | 'reset';

export interface PowerControl {
  read(deadlineMs: number): Promise<PowerState>;
  /** Sent once: whether it took effect is read afterwards, never guessed and never sent again blindly. */
  act(action: PowerAction, deadlineMs: number): Promise<void>;
}

export type BootDevice = 'none' | 'network' | 'network-http' | 'disk';

/** IPMI 2.0 table 28-14, parameter 5, and Redfish Boot.BootSourceOverride*. */
export interface BootOverride {
  readonly device: BootDevice;
  readonly persistent: boolean;
  readonly uefi: boolean;
}

export interface BootDeviceControl {
  read(deadlineMs: number): Promise<BootOverride>;
  set(override: BootOverride, deadlineMs: number): Promise<void>;
}

export interface IdentifyControl {
  /** 0 turns the light off. */
  identify(seconds: number, deadlineMs: number): Promise<void>;
}
