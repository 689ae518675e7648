import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Daemon } from '../harness/daemon.ts';
import { Lab } from '../harness/lab.ts';
import { isChosen } from '../harness/lab-choice.ts';
import { must, until } from '../harness/process.ts';
import { SHARED, unmet } from '../harness/skip.ts';
import { bmcOf, knowBmcs, powerOf } from './install-site.ts';

/**
 * debian-installer as Debian ships it, from podboot's own preseed profile: kernel command line, network, preseed file, early
 * command, mirror, loading of components, in-target and late command are the real ones. Partitioning and package selection
 * are not: their components are no packages (see debian-installer-media).
 */
const skip = unmet({
  root: true,
  shared: ['lab/labinst-build', 'lab/labinst/udeb/control'],
  tools: [
    'ip',
    'qemu-system-x86_64',
    'ipmitool',
    'dhcrelay',
    'apt-ftparchive',
    'dpkg-deb',
    'cpio',
    'grub-mkimage',
    'mkfs.vfat',
  ],
  files: [
    '/usr/share/OVMF/OVMF_CODE_4M.fd',
    '/usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64/initrd.gz',
  ],
});
const isWanted = isChosen('debian', 'uefi');
const STATE = process.env.LAB_STATE ?? '/tmp/lab';
const LIMIT_MS = 420_000;

/** What the lab's mirror needs beside podboot's own answers: it is not signed, and its kernel brings its modules. */
const TEMPLATE = `{% include 'preseed/preseed.cfg.liquid' %}
d-i debian-installer/allow_unauthenticated boolean true
d-i anna/no_kernel_modules boolean true
`;

let lab: Lab;
let daemon: Daemon;

before(async () => {
  if (skip !== false || !isWanted) return;
  lab = Lab.up();
  must([join(SHARED, 'lab/labinst-build')], { timeoutMs: 300_000 });
  daemon = new Daemon(lab.server, {});
  const templatesDir = join(daemon.folder, 'templates');
  mkdirSync(templatesDir);
  writeFileSync(join(templatesDir, 'lab.preseed.liquid'), TEMPLATE);
  must([new URL('debian-installer-media', import.meta.url).pathname, join(SHARED, 'lab'), STATE, daemon.assets], {
    timeoutMs: 120_000,
  });
  daemon.configure({
    interfaces: { prov: { address: '10.77.0.1', dhcp: 'authoritative', tftp: true, http: true } },
    subnets: {
      '10.77.0.0/24': { interface: 'prov', pools: ['10.77.0.100-10.77.0.199'], options: { routers: ['10.77.0.1'] } },
    },
    power: powerOf(daemon),
    templatesDir,
    profiles: {
      d12: {
        base: 'debian-12',
        kernel: 'linux',
        initrds: ['initrd.gz'],
        template: 'lab.preseed.liquid',
        arguments: 'DEBIAN_FRONTEND=text',
      },
    },
    install: {
      rules: [{ name: 'lab', racks: ['lab'], profile: 'd12' }],
      values: {
        mirror: 'http://10.77.0.1/assets/debian',
        console: 'ttyS0,115200',
        disk: { bus: 'virtio' },
        postInstall: [`echo "it's #{done}" >/root/post-install`],
      },
    },
  });
  await daemon.start();
  await knowBmcs(daemon);
});
after(async () => {
  await daemon?.remove();
  lab?.down();
});

test("Debian's own installer installs from podboot's preseed, reports, and the node boots from its disk", {
  skip: isWanted ? skip : 'PODBOOT_LAB=debian, or npm run test:lab',
  timeout: 1_500_000,
}, async (context) => {
  const machine = lab.machine(7, { firmware: 'uefi', memoryMiB: 1536 });
  const evidence = () => daemon.output.slice(-4000);
  const begun = performance.now();
  try {
    // Its rack's rule arms it at once, and podboot powers it.
    await daemon.enrol({
      name: 'deb07',
      rack: 'lab',
      interfaces: [{ name: 'eno1', role: 'boot', mac: machine.mac, address: '10.77.0.57' }],
      bmc: bmcOf(machine),
    });
    const at = () => `${((performance.now() - begun) / 1000).toFixed(0)} s`;
    const timeline = async () => (await daemon.call('GET', '/api/v1/nodes/deb07/timeline?limit=1000')).body;
    const told = async (pattern: RegExp, what: string) => {
      await until(async () => pattern.test(await timeline()), {
        what,
        timeoutMs: LIMIT_MS,
        everyMs: 1000,
        evidence: () => `${evidence()}\n${machine.console.slice(-1500)}`,
      });
      context.diagnostic(`${what} after ${at()}`);
    };

    await machine.says(/Linux version/, { timeoutMs: LIMIT_MS, evidence });
    context.diagnostic(`kernel after ${at()}`);
    await told(/started/, 'the installer says that it started');
    await machine.says(/LABDI .* hook 07preseed/, { timeoutMs: LIMIT_MS, evidence });
    await told(/finished/, 'the installer says that it finished');
    const from = machine.console.length;
    await machine.says(/is up from disk/, { from, timeoutMs: LIMIT_MS, evidence });
    context.diagnostic(`up from disk after ${at()}`);
    await told(/answered from the disk|installing → installed/, 'the system says that it booted');
    assert.doesNotMatch(machine.console.slice(from), /debian-installer|preseed\/url/, 'it was not installed twice');
  } finally {
    machine.unplug();
  }
});
