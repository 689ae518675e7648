import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Daemon } from '../harness/daemon.ts';
import { Lab, type LabFirmware, type Machine } from '../harness/lab.ts';
import { must, until } from '../harness/process.ts';
import { SHARED, unmet } from '../harness/skip.ts';

const STATE = process.env.LAB_STATE ?? '/tmp/lab';
const LABINST = join(STATE, 'labinst');

/** Why no installation can be run here. */
export const installSkip = unmet({
  root: true,
  shared: ['lab/node', 'lab/labinst-build'],
  tools: ['ip', 'qemu-system-x86_64', 'ipmitool', 'dhcrelay', 'grub-mkimage', 'mkfs.vfat', 'cpio'],
  files: ['/usr/share/OVMF/OVMF_CODE_4M.fd'],
});

/** Emulated firmware on two cores: four times what an installation takes on a quiet machine. */
export const INSTALL_LIMIT_MS = 300_000;

export interface Fault {
  readonly code: string;
  readonly text: string;
}

export interface Life {
  readonly state: string;
  readonly step?: string;
  readonly fault?: Fault;
}

const CONFIGURATION = {
  site: { domain: 'lab.example.com' },
  interfaces: { prov: { address: '10.77.0.1', dhcp: 'authoritative', tftp: true, http: true, syslog: true } },
  subnets: {
    '10.77.0.0/24': { interface: 'prov', pools: ['10.77.0.100-10.77.0.199'], options: { routers: ['10.77.0.1'] } },
  },
  install: { values: { mirror: 'http://10.77.0.1/none', disk: { path: '/dev/vda' } } },
};

/**
 * What can start a machine:
 * - `ipmi`       its BMC, which is told for each boot where from
 * - `power-only` a switched socket: the machine's own boot order is what it is
 */
export type LabPower = 'ipmi' | 'power-only';

/** A profile of the lab's small installer. */
export function installer(kind: 'preseed' | 'kickstart', more: { arguments?: string } & Record<string, unknown> = {}) {
  const { arguments: words = '', ...rest } = more;
  return {
    kind,
    kernel: 'labinst/vmlinuz',
    initrds: ['labinst/initrd.img'],
    arguments: `console=ttyS0,115200 ${words}`.trim(),
    ...rest,
  };
}

/** Section `power` of a daemon that keeps passwords. */
export function powerOf(daemon: Daemon): Readonly<Record<string, unknown>> {
  const keyFile = join(daemon.folder, 'power.key');
  writeFileSync(keyFile, `${'k'.repeat(64)}\n`, { mode: 0o600 });
  return { keyFile, offTime: '2s' };
}

/** Stores the password of the lab's BMCs. */
export async function knowBmcs(daemon: Daemon): Promise<void> {
  const stored = await daemon.call('PUT', '/api/v1/bmc/credentials/lab', { userName: 'admin', password: 'labsecret' });
  assert.equal(stored.status, 204, stored.body);
}

export function bmcOf(machine: Machine): Readonly<Record<string, unknown>> {
  return { driver: 'ipmi', host: machine.bmcAddress, credentials: 'lab' };
}

/** The lab with a podboot that installs its machines. */
export class InstallSite {
  readonly lab: Lab;
  readonly daemon: Daemon;

  private constructor(lab: Lab, daemon: Daemon) {
    this.lab = lab;
    this.daemon = daemon;
  }

  static async up(configuration: Readonly<Record<string, unknown>>): Promise<InstallSite> {
    const lab = Lab.up();
    if (!existsSync(join(LABINST, 'initrd.img'))) must([join(SHARED, 'lab', 'labinst-build')], { timeoutMs: 300_000 });
    const daemon = new Daemon(lab.server, {});
    daemon.configure({ ...CONFIGURATION, power: powerOf(daemon), ...configuration });
    for (const name of ['vmlinuz', 'initrd.img']) {
      daemon.putAsset(`labinst/${name}`, '');
      copyFileSync(join(LABINST, name), join(daemon.assets, 'labinst', name));
    }
    await daemon.start();
    const stored = await daemon.call('PUT', '/api/v1/bmc/credentials/lab', {
      userName: 'admin',
      password: 'labsecret',
    });
    assert.equal(stored.status, 204, stored.body);
    return new InstallSite(lab, daemon);
  }

  async down(): Promise<void> {
    await this.daemon.remove();
    this.lab.down();
  }

  /** A node for machine number N, which podboot powers itself. A rack may have a rule that arms it at once. */
  async enrol(
    machine: Machine,
    firmware: LabFirmware,
    { power = 'ipmi', rack }: { readonly power?: LabPower; readonly rack?: string } = {},
  ): Promise<string> {
    const name = `lab${machine.number}`;
    const bmc = power === 'ipmi' ? bmcOf(machine) : { driver: 'command', command: [this.#socket(machine), '{action}'] };
    await this.daemon.enrol({
      name,
      interfaces: [{ name: 'eno1', role: 'boot', mac: machine.mac, address: `10.77.0.${machine.number}` }],
      bmc,
      ...(rack === undefined ? {} : { rack }),
      ...(firmware === 'bios' ? { labels: { firmware: 'bios' } } : {}),
      // Debian's iPXE is not signed.
      ...(firmware === 'secure' ? { boot: { profile: 'local', loader: 'grub' } } : {}),
    });
    return name;
  }

  /** A program for the driver `command` that switches one machine. @returns its path */
  #socket(machine: Machine): string {
    const path = join(this.daemon.folder, `power-${machine.number}`);
    const node = `LAB_STATE='${STATE}' '${join(SHARED, 'lab', 'node')}' ${machine.number}`;
    const status = `case $(${node} status) in on*) echo on ;; *) echo off ;; esac`;
    writeFileSync(path, `#!/bin/sh\ncase $1 in status) ${status} ;; *) ${node} power "$1" ;; esac\n`);
    chmodSync(path, 0o755);
    return path;
  }

  /** As `podboot install` does: the machine is powered by podboot. */
  async install(name: string, profile: string): Promise<void> {
    const armed = await this.daemon.call('POST', `/api/v1/nodes/${name}/actions/install`, { by: 'lab', profile });
    assert.equal(armed.status, 200, armed.body);
  }

  async life(name: string): Promise<Life> {
    return JSON.parse((await this.daemon.call('GET', `/api/v1/nodes/${name}/life`)).body) as Life;
  }

  async diagnosis(name: string): Promise<Fault> {
    return JSON.parse((await this.daemon.call('GET', `/api/v1/nodes/${name}/diagnosis`)).body) as Fault;
  }

  async comesTo(name: string, machine: Machine, is: (now: Life) => boolean, what: string): Promise<Life> {
    let now: Life | undefined;
    await until(
      async () => {
        now = await this.life(name);
        return is(now);
      },
      {
        what: `${name} is ${what}`,
        timeoutMs: INSTALL_LIMIT_MS,
        everyMs: 500,
        evidence: () =>
          `${this.daemon.output.slice(-2_500)}\n--- console:\n${machine.console.slice(-1_000)}\n${JSON.stringify(now)}`,
      },
    );
    return now as Life;
  }

  isInstalled(name: string, machine: Machine): Promise<Life> {
    return this.comesTo(name, machine, ({ state }) => state === 'installed' || state === 'ready', 'installed');
  }

  /** Started once more from the network, whatever podboot thinks of it. */
  async goesToItsDisk(name: string, machine: Machine): Promise<void> {
    const alarms = this.alarms(name);
    const from = machine.console.length;
    machine.powerOn();
    const evidence = () => this.daemon.output.slice(-2_500);
    await machine.says(/is up from disk/, { from, timeoutMs: INSTALL_LIMIT_MS, evidence });
    assert.ok(this.alarms(name) > alarms, 'an alarm');
  }

  /** How often it was seen that a node boots from the network after its installation. */
  alarms(name: string): number {
    return this.daemon.log.filter(({ type, msg }) => type === 'install.network-boot-again' && msg?.includes(name))
      .length;
  }
}

/** How often an installer ran to its end on a machine. */
export function installations(machine: Machine): number {
  return machine.console.split('INSTALL COMPLETE').length - 1;
}

/** How often one began. */
export function beginnings(machine: Machine): number {
  return machine.console.split('installer started:').length - 1;
}

/** Seconds since, for a test's words. */
export function seconds(since: number): string {
  return `${((performance.now() - since) / 1_000).toFixed(1)} s`;
}
