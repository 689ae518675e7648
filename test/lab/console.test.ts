import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Daemon, type DaemonConfiguration } from '../harness/daemon.ts';
import { Lab } from '../harness/lab.ts';
import { isChosen } from '../harness/lab-choice.ts';
import { until } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';

const INSTALLER = '/usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64';
const FILES = { 'amd64/linux': `${INSTALLER}/linux`, 'amd64/initrd.gz': `${INSTALLER}/initrd.gz` };
const skip =
  unmet({
    root: true,
    shared: ['lab/node'],
    tools: ['ip', 'qemu-system-x86_64', 'ipmitool'],
    files: Object.values(FILES),
  }) || (isChosen('console', 'bios') ? false : 'PODBOOT_LAB chooses others');
const NUMBER = 7;
const BOOT_LIMIT_MS = 180_000;

let lab: Lab;
let daemon: Daemon;
let machine: ReturnType<Lab['machine']>;

before(async () => {
  if (skip !== false) return;
  lab = Lab.up();
  daemon = new Daemon(lab.server, {});
  daemon.configure(configuration('always'));
  writeFileSync(join(daemon.folder, 'power.key'), `${'k'.repeat(64)}\n`, { mode: 0o600 });
  for (const [name, path] of Object.entries(FILES)) {
    daemon.putAsset(name, '');
    copyFileSync(path, join(daemon.assets, name));
  }
  await daemon.start();
});
after(async () => {
  await daemon?.remove();
  lab?.down();
});

function configuration(record: 'always' | 'boots'): DaemonConfiguration {
  return {
    site: { domain: 'lab.example.com' },
    interfaces: { prov: { address: '10.77.0.1', dhcp: 'authoritative', tftp: true, http: true } },
    subnets: { '10.77.0.0/24': { interface: 'prov', pools: ['10.77.0.100-10.77.0.199'] } },
    profiles: {
      live: {
        kind: 'live',
        kernel: 'amd64/linux',
        initrds: ['amd64/initrd.gz'],
        arguments: 'console=ttyS0,115200',
      },
    },
    power: { keyFile: join(daemon.folder, 'power.key'), console: { record } },
  };
}

const get = async (path: string) => (await daemon.call('GET', `/api/v1/nodes/lab7/${path}`)).body;

async function recordings(): Promise<readonly { readonly id: string }[]> {
  return JSON.parse(await get('consoles')).items;
}

/** Without what podboot says in it. */
async function recorded(id: string): Promise<string> {
  return (await get(`consoles/${id}`)).replaceAll(/\r\n\[podboot [^\]]*\]\r\n/g, '');
}

test('what a machine says from its firmware to its kernel comes through Serial over LAN byte for byte', {
  skip,
  timeout: 400_000,
}, async () => {
  machine = lab.machine(NUMBER, { firmware: 'bios' });
  const password = { userName: 'admin', password: 'labsecret' };
  const stored = await daemon.call('PUT', '/api/v1/bmc/credentials/lab', password);
  assert.equal(stored.status, 204, stored.body);
  await daemon.enrol({
    name: 'lab7',
    uuid: machine.uuid,
    interfaces: [{ name: 'eno1', role: 'boot', mac: machine.mac, address: '10.77.0.57' }],
    boot: { profile: 'live' },
    bmc: { host: `10.77.9.${100 + NUMBER}`, credentials: 'lab' },
  });
  let standing = '';
  const isOpen = async () => {
    standing = await get('console');
    return JSON.parse(standing).isOpen === true;
  };
  await until(isOpen, { what: 'the console is open', timeoutMs: 60_000, everyMs: 500, evidence: () => standing });
  machine.powerOn();
  await machine.says(/Linux version/, { timeoutMs: BOOT_LIMIT_MS, evidence: () => daemon.output.slice(-2_000) });
  machine.powerOff();
  // Compared as text, in which a byte that is no UTF-8 is a mark of its own in both.
  const said = () => Buffer.from(machine.console, 'latin1').toString();
  const [{ id = '' } = {}] = await recordings();
  await until(async () => (await recorded(id)) === said(), {
    what: 'the recording is what the serial port said',
    timeoutMs: 20_000,
    everyMs: 500,
    evidence: () => said().slice(-500),
  });
  assert.match(await recorded(id), /Linux version/);
});

test('the five lines of the guide are one call: armed, power-cycled, seen on the network, and its console recorded', {
  skip,
  timeout: 600_000,
}, async () => {
  daemon.configure(configuration('boots'));
  daemon.reload();
  machine.powerOn();
  await machine.says(/Linux version/, { timeoutMs: BOOT_LIMIT_MS, evidence: () => daemon.output.slice(-2_000) });
  const from = machine.console.length;
  const before = (await recordings()).length;
  const asked = await daemon.call('POST', '/api/v1/nodes/lab7/power', { action: 'network-boot', by: 'lab' });
  assert.equal(asked.status, 202, asked.body);
  const { id } = JSON.parse(asked.body);
  let job = '';
  const isDone = async () => {
    job = (await daemon.call('GET', `/api/v1/jobs/${id}`)).body;
    return JSON.parse(job).state === 'done';
  };
  await until(isDone, { what: 'the job is done', timeoutMs: BOOT_LIMIT_MS, everyMs: 500, evidence: () => job });
  const [step] = JSON.parse(job).steps;
  assert.equal(step.stage, 'done', job);
  assert.match(step.text, /has asked the network, \d+ s after it was switched on/);
  assert.equal(step.attempt, 1);
  await machine.says(/Linux version/, { from, timeoutMs: BOOT_LIMIT_MS, evidence: () => job });
  const all = await recordings();
  assert.equal(all.length, before + 1, 'this boot has a recording of its own');
  const [{ id: recording = '' } = {}] = all;
  await until(async () => /Linux version/.test(await recorded(recording)), {
    what: 'the kernel is in the recording of this boot',
    timeoutMs: 20_000,
    everyMs: 500,
  });
  machine.powerOff();
});
