import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Daemon } from '../harness/daemon.ts';
import { Lab, type LabFirmware } from '../harness/lab.ts';
import { isChosen } from '../harness/lab-choice.ts';
import { must, until } from '../harness/process.ts';
import { SHARED, unmet } from '../harness/skip.ts';

/**
 * Answer files of ready-made profiles, obeyed by the lab's small installer on real firmware: it reads what podboot's kernel
 * arguments name, runs the early and the late command, and boots what it has installed.
 */
const skip = unmet({
  root: true,
  shared: ['lab/labinst-build'],
  tools: ['ip', 'qemu-system-x86_64', 'ipmitool', 'dhcrelay', 'grub-mkimage', 'mkfs.vfat', 'cpio'],
  files: ['/usr/share/OVMF/OVMF_CODE_4M.fd'],
});
const STATE = process.env.LAB_STATE ?? '/tmp/lab';
const LIMIT_MS = 300_000;

interface Case {
  readonly number: number;
  readonly base: string;
  readonly firmware: LabFirmware;
  readonly loader?: 'grub';
  /** Of the configuration: what an asset would bring. */
  readonly media?: string;
  /** The small installer takes `url=`, which is casper's ISO, for a preseed file; the last one counts. */
  readonly arguments?: 'url=';
}

const CASES: readonly Case[] = [
  { number: 11, base: 'debian-12', firmware: 'uefi' },
  { number: 12, base: 'ubuntu-24.04', firmware: 'bios', media: 'none.iso', arguments: 'url=' },
  { number: 13, base: 'rocky-9', firmware: 'http', media: 'none' },
  // Kernel arguments by way of GRUB, where a bare ; would end the command.
  { number: 14, base: 'ubuntu-24.04', firmware: 'secure', loader: 'grub', media: 'none.iso', arguments: 'url=' },
];
const cases = CASES.filter(({ firmware }) => isChosen('answers', firmware));

let lab: Lab;
let daemon: Daemon;

before(async () => {
  if (skip !== false || cases.length === 0) return;
  lab = Lab.up();
  must([join(SHARED, 'lab/labinst-build')], { timeoutMs: 300_000 });
  const profile = ({ number, base, media, arguments: words }: Case) => [
    `p${number}`,
    {
      base,
      kernel: 'vmlinuz',
      initrds: ['initrd.img'],
      arguments: `console=ttyS0,115200 ${words ?? ''}`,
      ...(media === undefined ? {} : { media }),
    },
  ];
  daemon = new Daemon(lab.server, {
    interfaces: { prov: { address: '10.77.0.1', dhcp: 'authoritative', tftp: true, http: true } },
    subnets: {
      '10.77.0.0/24': { interface: 'prov', pools: ['10.77.0.100-10.77.0.199'], options: { routers: ['10.77.0.1'] } },
    },
    profiles: Object.fromEntries(CASES.map(profile)),
    install: {
      rules: CASES.map(({ number }) => ({ name: `rule${number}`, racks: [`r${number}`], profile: `p${number}` })),
      values: {
        mirror: 'http://10.77.0.1/assets/debian',
        disk: { bus: 'virtio', minSize: '100MB' },
        ntpServers: ['10.77.0.1'],
        postInstall: [`echo "it's #{done}" >/root/post-install`],
      },
    },
  });
  for (const name of ['vmlinuz', 'initrd.img']) copyFileSync(join(STATE, 'labinst', name), join(daemon.assets, name));
  await daemon.start();
});
after(async () => {
  await daemon?.remove();
  lab?.down();
});

for (const { number, base, firmware, loader } of cases) {
  test(`${base} on ${firmware}: installed by its answer file, reported, up from disk, and never again`, {
    skip,
    timeout: 900_000,
  }, async (context) => {
    const machine = lab.machine(number, { firmware });
    const name = `lab${number}`;
    const evidence = () => daemon.output.slice(-3000);
    const begun = performance.now();
    const at = () => `${((performance.now() - begun) / 1000).toFixed(0)} s`;
    const timeline = async () => (await daemon.call('GET', `/api/v1/nodes/${name}/timeline?limit=1000`)).body;
    try {
      await daemon.enrol({
        name,
        rack: `r${number}`,
        interfaces: [{ name: 'eno1', role: 'boot', mac: machine.mac, address: `10.77.0.${50 + number}` }],
        boot: { profile: 'local', ...(loader === undefined ? {} : { loader }) },
      });
      machine.powerOn();
      await machine.says(/INSTALL COMPLETE/, { timeoutMs: LIMIT_MS, evidence });
      context.diagnostic(`${firmware}: installed after ${at()}`);
      await machine.says(/LABOS .*is up from disk/, { timeoutMs: LIMIT_MS, evidence });
      await until(async () => /answered from the disk|installing → installed/.test(await timeline()), {
        what: 'the system says that it booted',
        timeoutMs: 60_000,
        everyMs: 500,
        evidence,
      });
      context.diagnostic(`${firmware}: up from disk after ${at()}`);
      const story = await timeline();
      for (const expected of [/started/, /finished/]) assert.match(story, expected);
      assert.equal(machine.console.match(/labinst \[[0-9.]*\] installer started/g)?.length, 1, 'it was installed once');
    } finally {
      machine.unplug();
    }
  });
}
