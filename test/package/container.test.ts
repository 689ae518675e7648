import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ARCHITECTURES } from '../../scripts/pack/architecture.ts';
import { buildPackage } from '../../scripts/pack/debian-package.ts';
import { buildImage, Container, removeImage } from '../harness/container.ts';
import { prepareDebian } from '../harness/debian-root.ts';
import { Lab } from '../harness/lab.ts';
import { until } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';

const INSTALLER = '/usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64';
const IMAGE = `localhost/podboot-test:${process.pid}`;
const architecture = ARCHITECTURES.find(({ node }) => node === process.arch);

let skip = unmet({
  root: true,
  tools: ['podman', 'buildah', 'runc', 'debootstrap', 'dpkg-deb', 'npm', 'qemu-system-x86_64'],
  files: [`${INSTALLER}/linux`],
  shared: ['lab/node'],
});
if (skip === false && architecture === undefined) skip = `there is no package for ${process.arch}`;

const CONFIGURATION = `
interfaces: { prov: { address: 10.77.0.1, dhcp: authoritative, tftp: true, http: true } }
subnets: { 10.77.0.0/24: { interface: prov, pools: [10.77.0.100-10.77.0.199] } }
profiles:
  live: { kind: live, kernel: live/linux, initrds: [live/initrd.gz], arguments: "console=ttyS0,115200 lab.test=container" }
api: { listen: ["unix:/run/podboot/api.sock", "127.0.0.1:8067"] }
log: { level: debug, format: json }
`;

let folder: string;
let lab: Lab;
let container: Container;
let token: string;

before(
  async () => {
    if (skip !== false || architecture === undefined) return;
    skip = prepareDebian() ?? false;
    if (skip !== false) return;
    folder = mkdtempSync(join(tmpdir(), 'podboot-container-'));
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, 'podboot.yaml'), CONFIGURATION);
    const root = fileURLToPath(new URL('../../', import.meta.url));
    const packages = join(folder, 'packages');
    await buildPackage({ root, architecture, version: '0.1.0', folder: packages, epochSeconds: 1_700_000_000 });
    buildImage(IMAGE, packages);
    lab = Lab.up();
    container = new Container(IMAGE, lab.server, join(folder, 'podboot.yaml'));
  },
  { timeout: 900_000 },
);
after(() => {
  container?.remove();
  lab?.down();
  removeImage(IMAGE);
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

function scenario(name: string, body: () => Promise<void> | void, timeout = 120_000): void {
  test(name, { timeout }, async (context) => {
    if (skip !== false) return context.skip(skip);
    await body();
  });
}

/** The command line inside, which is the same one. */
function podboot(...words: string[]): string {
  return container.must('env', `PODBOOT_TOKEN=${token}`, 'podboot', ...words);
}

scenario(
  'without root, with one capability and nothing to write to but its volume, it serves and is healthy',
  async () => {
    await until(() => container.isHealthy, {
      what: 'it is healthy',
      timeoutMs: 30_000,
      everyMs: 500,
      evidence: () => container.log,
    });
    assert.match(container.must('cat', '/proc/1/status'), /^Uid:\t8067\t8067\t8067\t8067$/m);
    assert.match(container.must('cat', '/proc/1/status'), /^CapEff:\t0000000000000400$/m);
    assert.notEqual(container.run('touch', '/usr/lib/podboot/x').code, 0);
    assert.doesNotMatch(container.log, /boot program .* is in no package/, 'the boot programs are in the image');
    token = container.must('cat', '/var/lib/podboot/first-token').trim();
    assert.match(podboot('nodes', '--json'), /\[/);
  },
);

scenario(
  'a machine boots from it',
  async () => {
    container.must('mkdir', '-p', '/var/lib/podboot/assets/live');
    for (const name of ['linux', 'initrd.gz'])
      container.put(join(INSTALLER, name), `/var/lib/podboot/assets/live/${name}`);
    const machine = lab.machine(61, { firmware: 'uefi' });
    try {
      podboot('enrol', 'lab61', '--mac', machine.mac, '--profile', 'live');
      machine.powerOn();
      const evidence = () => container.log.slice(-2_500);
      await machine.says(/[Cc]ommand line: .*lab\.test=container/, { timeoutMs: 180_000, evidence });
    } finally {
      machine.unplug();
    }
  },
  300_000,
);

scenario('it is stopped well within ten seconds, and has everything when it starts again', async () => {
  const leases = podboot('leases', '--json');
  const begun = performance.now();
  assert.equal(container.stop(), 0, container.log.slice(-1_000));
  assert.ok(performance.now() - begun < 10_000);
  assert.match(container.log, /every lease that was acknowledged is on disk/);
  container.start();
  await until(() => container.run('podboot', 'health').code === 0, {
    what: 'it serves again',
    timeoutMs: 30_000,
    everyMs: 300,
  });
  assert.equal(podboot('leases', '--json'), leases);
  assert.match(podboot('nodes', '--json'), /lab61/);
});
