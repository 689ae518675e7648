import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Lab } from '../harness/lab.ts';
import { isChosen } from '../harness/lab-choice.ts';
import { Background, must, until } from '../harness/process.ts';
import { SHARED, unmet } from '../harness/skip.ts';
import { SLURM_TOOLS, TestSlurm } from '../harness/slurm.ts';
import { installSkip } from './install-site.ts';

const skip = installSkip || unmet({ tools: ['jq', 'unshare', ...SLURM_TOOLS] }) || !isChosen('guide', 'uefi');
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MEDIUM = join(process.env.LAB_STATE ?? '/tmp/lab', 'labinst');
const NODE = 'dgx01';
/** Where podboot keeps its things; in a mount namespace of its own, so that the host's stay what they are. */
const PLACES = ['/etc/podboot', '/var/lib/podboot', '/run/podboot'];

let lab: Lab;
let slurm: TestSlurm;
let folder: string;
let made: string[] = [];

before(async () => {
  if (skip !== false) return;
  lab = Lab.up();
  if (!existsSync(join(MEDIUM, 'initrd.img'))) must([join(SHARED, 'lab', 'labinst-build')], { timeoutMs: 300_000 });
  folder = mkdtempSync(join(tmpdir(), 'podboot-guide-'));
  made = PLACES.filter((path) => !existsSync(path));
  for (const path of made) mkdirSync(path);
  slurm = new TestSlurm([NODE], 2, lab.server);
  await slurm.start();
});
after(async () => {
  await slurm?.stop();
  lab?.down();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  for (const path of made) rmdirSync(path);
});

test('the guide’s whole way, by command line and jq: configured, imported, enrolled, armed, powered, installed, handed over to Slurm, ready', {
  skip,
  timeout: 900_000,
}, async (context) => {
  const machine = lab.machine(71, { firmware: 'uefi', order: 'disk,pxe' });
  // What the playbook of a site does on a node at its end: slurmd runs there, and the controller hears of it.
  const wanted = join(folder, 'wanted');
  const join_ = join(folder, 'join');
  writeFileSync(
    join_,
    `#!/bin/sh\necho "$1 joins"\ntouch ${wanted}\nuntil [ -e ${wanted}.done ]; do sleep 0.2; done\n`,
    { mode: 0o755 },
  );
  const begun = performance.now();
  const guide = new Background(
    [
      ...lab.server.argv(['unshare', '--mount', '--propagation', 'private', 'sh', '-c', IN_PLACES, 'guide']),
      join(ROOT, 'test/lab/guide.sh'),
    ],
    {
      env: {
        ...process.env,
        PATH: `${join(ROOT, 'bin')}:${process.env.PATH}`,
        PROVISIONING: 'prov',
        MEDIUM,
        NODE,
        MAC: machine.mac,
        ADDRESS: '10.77.0.71',
        BMC: machine.bmcAddress,
        BMC_USER: 'admin',
        BMC_PASSWORD: 'labsecret',
        SLURM_CONF: slurm.configFile,
        JOIN: join_,
      },
    },
  );
  try {
    const evidence = () => `${guide.output}\n--- console:\n${machine.console.slice(-1_000)}`;
    await until(() => existsSync(wanted) || !guide.running, {
      what: 'the node is handed over',
      timeoutMs: 600_000,
      everyMs: 200,
      evidence,
    });
    if (guide.running) await slurm.startNode(NODE);
    writeFileSync(`${wanted}.done`, '');
    const code = await guide.exited;
    context.diagnostic(`the whole way took ${((performance.now() - begun) / 1_000).toFixed(0)} s`);
    if (process.env.PODBOOT_TEST_KEEP !== undefined) console.log(guide.output);
    assert.equal(code, 0, evidence());
    assert.match(guide.output, /dgx01 is ready/);
    assert.match(machine.console, /INSTALL COMPLETE[\s\S]*is up from disk/);
    assert.equal(slurm.state(NODE), 'idle');
  } finally {
    await guide.stop();
    machine.unplug();
  }
});

/** Empty folders in the places that podboot has on a host, and the key that docs/power.md says how to make. */
const IN_PLACES = `
set -e
for place in ${PLACES.join(' ')}; do mount -t tmpfs tmpfs $place; done
od -An -N32 -tx1 /dev/urandom | tr -d ' \\n' >/etc/podboot/power.key
chmod 600 /etc/podboot/power.key
exec "$1"
`;
