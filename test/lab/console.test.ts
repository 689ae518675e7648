import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Daemon } from '../harness/daemon.ts';
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

before(async () => {
  if (skip !== false) return;
  lab = Lab.up();
  daemon = new Daemon(lab.server, {});
  daemon.configure({
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
    power: { keyFile: join(daemon.folder, 'power.key'), console: { record: 'always' } },
  });
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

test('what a machine says from its firmware to its kernel comes through Serial over LAN byte for byte', {
  skip,
  timeout: 400_000,
}, async () => {
  const machine = lab.machine(NUMBER, { firmware: 'bios' });
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
  const get = async (path: string) => (await daemon.call('GET', `/api/v1/nodes/lab7/${path}`)).body;
  let standing = '';
  const isOpen = async () => {
    standing = await get('console');
    return JSON.parse(standing).isOpen === true;
  };
  await until(isOpen, { what: 'the console is open', timeoutMs: 60_000, everyMs: 500, evidence: () => standing });
  machine.powerOn();
  await machine.says(/Linux version/, { timeoutMs: BOOT_LIMIT_MS, evidence: () => daemon.output.slice(-2_000) });
  machine.powerOff();
  const recorded = async () => {
    const [{ id }] = JSON.parse(await get('consoles')).items;
    return (await get(`consoles/${id}`)).replaceAll(/\r\n\[podboot [^\]]*\]\r\n/g, '');
  };
  // Compared as text, in which a byte that is no UTF-8 is a mark of its own in both.
  const said = () => Buffer.from(machine.console, 'latin1').toString();
  await until(async () => (await recorded()) === said(), {
    what: 'the recording is what the serial port said',
    timeoutMs: 20_000,
    everyMs: 500,
    evidence: () => said().slice(-500),
  });
  assert.match(await recorded(), /Linux version/);
});
