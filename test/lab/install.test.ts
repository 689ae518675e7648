import assert from 'node:assert/strict';
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Daemon } from '../harness/daemon.ts';
import { Lab, type LabFirmware, type Machine } from '../harness/lab.ts';
import { must, until } from '../harness/process.ts';
import { SHARED, unmet } from '../harness/skip.ts';

const LABINST = join(process.env.LAB_STATE ?? '/tmp/lab', 'labinst');
const skip = unmet({
  root: true,
  shared: ['lab/node', 'lab/labinst-build'],
  tools: ['ip', 'qemu-system-x86_64', 'ipmitool', 'dhcrelay'],
  files: ['/usr/share/OVMF/OVMF_CODE_4M.fd'],
});

interface Kind {
  readonly firmware: LabFirmware;
  readonly number: number;
  readonly loader?: 'grub';
}

const KINDS: readonly Kind[] = [
  { firmware: 'uefi', number: 21 },
  { firmware: 'bios', number: 22 },
  { firmware: 'http', number: 23 },
  { firmware: 'secure', number: 24, loader: 'grub' },
];
/** `npm test` installs one machine; the lab's own tier all of them. PODBOOT_LAB=bios,http picks by firmware. */
const chosen = process.env.PODBOOT_LAB?.split(',') ?? (process.env.PODBOOT_TEST_TIER === 'test' ? ['uefi'] : undefined);
const kinds = KINDS.filter(({ firmware }) => chosen === undefined || chosen.includes(firmware));
const LIMIT_MS = 300_000;

const CONFIGURATION = {
  site: { domain: 'lab.example.com' },
  interfaces: { prov: { address: '10.77.0.1', dhcp: 'authoritative', tftp: true, http: true, syslog: true } },
  subnets: {
    '10.77.0.0/24': { interface: 'prov', pools: ['10.77.0.100-10.77.0.199'], options: { routers: ['10.77.0.1'] } },
  },
  install: { values: { mirror: 'http://10.77.0.1/none', disk: { path: '/dev/vda' } } },
  profiles: {
    os: {
      kind: 'preseed',
      kernel: 'labinst/vmlinuz',
      initrds: ['labinst/initrd.img'],
      arguments: 'console=ttyS0,115200',
    },
    ...Object.fromEntries(
      ['fetch', 'disk', 'late', 'hang'].map((where) => [
        `fails-${where}`,
        {
          kind: 'preseed',
          kernel: 'labinst/vmlinuz',
          initrds: ['labinst/initrd.img'],
          arguments: `console=ttyS0,115200 lab.fail=${where}`,
        },
      ]),
    ),
  },
};

let lab: Lab;
let daemon: Daemon;

before(async () => {
  if (skip !== false || kinds.length === 0) return;
  lab = Lab.up();
  if (!existsSync(join(LABINST, 'initrd.img'))) must([join(SHARED, 'lab', 'labinst-build')], { timeoutMs: 300_000 });
  daemon = new Daemon(lab.server, CONFIGURATION);
  for (const name of ['vmlinuz', 'initrd.img']) {
    daemon.putAsset(`labinst/${name}`, '');
    copyFileSync(join(LABINST, name), join(daemon.assets, 'labinst', name));
  }
  await daemon.start();
});
after(async () => {
  await daemon?.remove();
  lab?.down();
});

interface Life {
  readonly state: string;
  readonly step?: string;
  readonly fault?: { readonly code: string; readonly text: string };
}

async function life(name: string): Promise<Life> {
  return JSON.parse((await daemon.call('GET', `/api/v1/nodes/${name}/life`)).body) as Life;
}

async function comesTo(name: string, machine: Machine, is: (now: Life) => boolean, what: string): Promise<void> {
  let now: Life | undefined;
  await until(
    async () => {
      now = await life(name);
      return is(now);
    },
    {
      what: `${name} is ${what}`,
      timeoutMs: LIMIT_MS,
      everyMs: 500,
      evidence: () =>
        `${JSON.stringify(now)}\n${daemon.output.slice(-3_000)}\n--- console:\n${machine.console.slice(-2_500)}`,
    },
  );
}

async function install(name: string, profile: string): Promise<void> {
  const armed = await daemon.call('POST', `/api/v1/nodes/${name}/actions/install`, { by: 'lab', profile });
  assert.equal(armed.status, 200, armed.body);
}

const alarms = (name: string) =>
  daemon.log.filter(({ type, msg }) => type === 'install.network-boot-again' && msg?.includes(name)).length;
const installations = (machine: Machine) => machine.console.split('INSTALL COMPLETE').length - 1;

for (const { firmware, number, loader } of kinds) {
  test(`${firmware}: armed, installed, seen from its disk, twice in a row; a network boot that nobody granted is its disk and an alarm`, {
    skip,
    timeout: 1_500_000,
  }, async (context) => {
    const name = `lab${number}`;
    // Its boot order begins with the network and stays there, as with a BMC that lies about it.
    const machine = lab.machine(number, { firmware });
    try {
      await daemon.enrol({
        name,
        interfaces: [{ name: 'eno1', role: 'boot', mac: machine.mac, address: `10.77.0.${number}` }],
        ...(loader === undefined ? {} : { boot: { profile: 'local', loader } }),
      });
      for (const round of [1, 2]) {
        const begun = performance.now();
        await install(name, 'os');
        machine.powerOn();
        await comesTo(name, machine, ({ state }) => state === 'installed' || state === 'ready', 'installed');
        assert.equal(installations(machine), round, 'each grant is one installation');
        context.diagnostic(`${firmware}: installed after ${((performance.now() - begun) / 1_000).toFixed(1)} s`);
        machine.powerOff();
      }
      const before = alarms(name);
      const from = machine.console.length;
      machine.powerOn();
      await machine.says(/is up from disk/, { from, timeoutMs: LIMIT_MS, evidence: () => daemon.output.slice(-2_500) });
      assert.equal(installations(machine), 2, 'no second installation');
      assert.ok(alarms(name) > before, 'an alarm');
    } finally {
      machine.unplug();
    }
  });
}
