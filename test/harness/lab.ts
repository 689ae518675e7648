import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Namespace } from './namespace.ts';
import { must, run, until } from './process.ts';
import { SHARED } from './skip.ts';

const LAB = join(SHARED, 'lab');
const STATE = process.env.LAB_STATE ?? '/tmp/lab';
const OWNER_FILE = join(STATE, 'podboot-test.pid');

/** Firmware of the lab's machines, as `lab/node --fw` has it. */
export type LabFirmware = 'uefi' | 'http' | 'secure' | 'bios' | 'arm64';

export interface MachineOptions {
  readonly firmware: LabFirmware;
  /** 2 is behind the relay. */
  readonly net?: 1 | 2;
  /** Copied to be its disk; without one it has an empty disk. */
  readonly disk?: string;
  /** 1024 unless told. */
  readonly memoryMiB?: number;
  /** Where the BMC has no word in it. The network first unless told. */
  readonly order?: 'pxe,disk' | 'disk,pxe';
}

/** The lab's networks, made of namespaces with fixed names: one user at a time. */
export class Lab {
  /** Where the daemon runs: `prov` is 10.77.0.1/24, `oob` is 10.77.9.1/24. */
  readonly server = new Namespace('lab-srv');
  readonly #machines: Machine[] = [];

  /** @throws where another run of these tests has it; what a killed run left behind is taken down. */
  static up(): Lab {
    const owner = existsSync(OWNER_FILE) ? Number(readFileSync(OWNER_FILE, 'utf8')) : undefined;
    if (owner !== undefined && owner !== process.pid && existsSync(`/proc/${owner}`)) {
      throw new Error(`the lab is in use by process ${owner}: wait for it, or end it`);
    }
    run([join(LAB, 'net'), 'down']);
    mkdirSync(STATE, { recursive: true });
    writeFileSync(OWNER_FILE, String(process.pid));
    must([join(LAB, 'net'), 'up']);
    return new Lab();
  }

  /** Plugs in machine N: its BMC answers, its power is off. */
  machine(number: number, options: MachineOptions): Machine {
    const machine = new Machine(number, options);
    this.#machines.push(machine);
    return machine;
  }

  down(): void {
    for (const machine of this.#machines) machine.unplug();
    run([join(LAB, 'net'), 'down']);
    rmSync(OWNER_FILE, { force: true });
  }
}

/** A server with real firmware and a BMC. */
export class Machine {
  readonly number: number;
  readonly mac: string;
  readonly uuid: string;
  /** User `admin`, password `labsecret`. */
  readonly bmcAddress: string;

  constructor(number: number, options: MachineOptions) {
    const hex = number.toString(16).padStart(2, '0');
    this.number = number;
    this.mac = `52:54:00:77:00:${hex}`;
    this.bmcAddress = `10.77.9.${100 + number}`;
    this.uuid = `77000000-0000-4000-8000-0000000000${hex}`;
    this.unplug();
    must(['rm', '-rf', this.#folder]);
    must(['mkdir', '-p', this.#folder]);
    if (options.disk !== undefined) must(['cp', options.disk, join(this.#folder, 'disk.qcow2')]);
    const where = ['--fw', options.firmware, '--net', String(options.net ?? 1)];
    // The network first: that is what a BMC which forgets its boot order does, and it shows how a node reaches its disk.
    this.#node(
      'start',
      ...where,
      '--order',
      options.order ?? 'pxe,disk',
      '--mem',
      String(options.memoryMiB ?? 1024),
      '--keep',
    );
  }

  get #folder(): string {
    return join(STATE, `node${this.number}`);
  }

  /** Everything that the serial port said since the machine was plugged in. */
  get console(): string {
    const path = join(this.#folder, 'serial.log');
    return existsSync(path) ? readFileSync(path, 'latin1') : '';
  }

  /** By hand, and from the network this once. */
  powerOn(): void {
    this.#node('ipmi', 'chassis', 'bootdev', 'pxe', 'options=efiboot');
    this.#node('ipmi', 'chassis', 'power', 'on');
  }

  powerOff(): void {
    this.#node('ipmi', 'chassis', 'power', 'off');
  }

  /** Waits for the serial console to say so, looking only at what comes after `from` (an earlier console's length). */
  async says(pattern: RegExp, options: { from?: number; timeoutMs: number; evidence?: () => string }): Promise<void> {
    await until(() => pattern.test(this.console.slice(options.from ?? 0)), {
      what: `machine ${this.number} says ${pattern}`,
      timeoutMs: options.timeoutMs,
      everyMs: 250,
      evidence: () => `${options.evidence?.() ?? ''}\n--- console:\n${printable(this.console).slice(-1500)}`,
    });
  }

  unplug(): void {
    run([join(LAB, 'node'), String(this.number), 'stop']);
  }

  #node(...argv: string[]): string {
    return must([join(LAB, 'node'), String(this.number), ...argv], { timeoutMs: 60_000 });
  }
}

/** Firmware draws its screen with escape sequences; what is left is text. */
function printable(text: string): string {
  const control = String.fromCharCode(27);
  return text.replaceAll(new RegExp(`${control}\\[[0-9;=?]*[A-Za-z]`, 'g'), ' ').replaceAll(/[^\n -~]+/g, ' ');
}
