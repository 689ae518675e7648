import type { BootFlags } from '../../codecs/ipmi/commands/boot-options.ts';
import type { Clock, Timer } from '../../domain/ports.ts';

/** What the machine does that the BMC is on. */
export interface ChassisMachine {
  /** It starts: with these flags, if any were valid. */
  powerOn(flags: BootFlags | undefined): void;
  powerOff(): void;
}

/** How a BMC departs from its specification. */
export interface ChassisQuirks {
  /** A flag is gone after 60 s without a power command unless the clearing is switched off (IPMI 2.0 table 28-14). */
  readonly forgetsFlags?: boolean;
  /** Says that the flag is set, and the machine boots as it always does. */
  readonly liesAboutBootOrder?: boolean;
  /** From a power command to its effect. */
  readonly powerDelayMs?: number;
}

const FLAG_LIFE_MS = 60_000;
const CYCLE_OFF_MS = 1_000;

/** The power and the boot flags of one machine, as a BMC keeps them. */
export class Chassis {
  readonly #clock: Clock;
  readonly #machine: ChassisMachine;
  readonly #quirks: ChassisQuirks;
  #isOn = false;
  #flags: BootFlags | undefined;
  #keepsFlag = false;
  #expiry: Timer | undefined;
  #pending: Timer | undefined;
  /** Power commands that were carried out: a test sees that none was sent twice. */
  readonly counts = { on: 0, off: 0, cycle: 0, reset: 0, soft: 0 };

  constructor(clock: Clock, machine: ChassisMachine, quirks: ChassisQuirks = {}) {
    this.#clock = clock;
    this.#machine = machine;
    this.#quirks = quirks;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  get flags(): BootFlags | undefined {
    return this.#flags;
  }

  keepFlagPast60Seconds(isKept: boolean): void {
    this.#keepsFlag = isKept;
  }

  setFlags(flags: BootFlags): void {
    this.#flags = flags;
    this.#expiry?.cancel();
    if (this.#keepsFlag || this.#quirks.forgetsFlags === false) return;
    this.#expiry = this.#clock.setTimeout(() => {
      this.#flags = undefined;
    }, FLAG_LIFE_MS);
  }

  turnOn(): void {
    this.counts.on += 1;
    this.#later(() => this.#start());
  }

  turnOff(kind: 'off' | 'soft' = 'off'): void {
    this.counts[kind] += 1;
    this.#later(() => this.#stop());
  }

  /** False where it is off: that is d5, as the specification has it. */
  cycle(): boolean {
    if (!this.#isOn) return false;
    this.counts.cycle += 1;
    this.#later(() => {
      this.#stop();
      this.#pending = this.#clock.setTimeout(() => this.#start(), CYCLE_OFF_MS);
    });
    return true;
  }

  reset(): boolean {
    if (!this.#isOn) return false;
    this.counts.reset += 1;
    this.#later(() => {
      this.#stop();
      this.#start();
    });
    return true;
  }

  #later(act: () => void): void {
    this.#pending?.cancel();
    const { powerDelayMs = 0 } = this.#quirks;
    if (powerDelayMs === 0) act();
    else this.#pending = this.#clock.setTimeout(act, powerDelayMs);
  }

  #start(): void {
    if (this.#isOn) return;
    this.#isOn = true;
    const flags = this.#flags?.isValid === true ? this.#flags : undefined;
    this.#expiry?.cancel();
    // One boot uses a flag up that is not persistent.
    if (flags?.isPersistent === false) this.#flags = { ...flags, isValid: false };
    this.#machine.powerOn(this.#quirks.liesAboutBootOrder === true ? undefined : flags);
  }

  #stop(): void {
    if (!this.#isOn) return;
    this.#isOn = false;
    this.#machine.powerOff();
  }
}
