import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { BootClient } from '../../../src/domain/client.ts';
import type { NodePort } from '../../../src/domain/node.ts';
import type { BootPolicy } from '../../../src/domain/ports.ts';
import type { Settings } from '../../../src/domain/settings.ts';
import { createBootService } from '../../../src/services/boot/boot-service.ts';
import { FakeClock } from '../../harness/clock.ts';
import {
  bootSettings,
  client,
  FixedLeases,
  FixedNodes,
  KEY,
  manifestIn,
  PROGRAM_FILES,
  port,
  RecordedEvents,
  SERVER,
  settings,
  temporaryFolder,
} from './fixtures.ts';

interface Room {
  readonly policy: BootPolicy;
  readonly events: RecordedEvents;
}

async function room(test: TestContext, files = PROGRAM_FILES, change: Partial<Settings> = {}): Promise<Room> {
  const folder = await temporaryFolder(test, files);
  const events = new RecordedEvents();
  const service = createBootService({
    settings: settings({ assetsDir: join(folder, 'assets'), interfaces: [], ...change }),
    nodes: new FixedNodes(),
    leases: new FixedLeases(),
    clock: new FakeClock(),
    events,
    manifest: manifestIn(folder),
  });
  await service.start();
  return { policy: service.policy, events };
}

const LOCAL = port({ profile: 'local' });

const TABLE: [string, NodePort, BootClient, string | undefined, string | undefined][] = [
  ['a BIOS gets undionly', port(), client('pxe', 'bios'), 'undionly.kpxe', 'PXEClient'],
  ['x86-64 UEFI gets snponly', port(), client('pxe', 'uefi-x64'), 'snponly.efi', 'PXEClient'],
  ['arm64 UEFI gets shim', port(), client('pxe', 'uefi-arm64'), 'bootnetaa64.efi', 'PXEClient'],
  [
    'UEFI HTTP boot gets an URL',
    port(),
    client('http', 'uefi-x64'),
    'http://10.77.0.1/assets/snponly.efi',
    'HTTPClient',
  ],
  ['a node with GRUB gets shim', port({ loader: 'grub' }), client('pxe', 'uefi-x64'), 'shimx64.efi', 'PXEClient'],
  [
    'a BIOS node with GRUB gets iPXE all the same',
    port({ loader: 'grub' }),
    client('pxe', 'bios'),
    'undionly.kpxe',
    'PXEClient',
  ],
  [
    'an iPXE that is there gets its script',
    port(),
    client('ipxe', 'uefi-x64'),
    'http://10.77.0.1/boot/mac-52-54-00-77-00-01.ipxe',
    undefined,
  ],
  ['to its disk: UEFI by GRUB', LOCAL, client('pxe', 'uefi-x64'), 'shimx64.efi', 'PXEClient'],
  [
    'to its disk: UEFI HTTP boot by way of iPXE',
    LOCAL,
    client('http', 'uefi-x64'),
    'http://10.77.0.1/assets/snponly.efi',
    'HTTPClient',
  ],
  ['to its disk: a BIOS by iPXE', LOCAL, client('pxe', 'bios'), 'undionly.kpxe', 'PXEClient'],
  ['to its disk: ia32 gets no boot file', LOCAL, client('pxe', 'uefi-ia32'), undefined, undefined],
  [
    'to its disk: the node says by no boot file',
    port({ profile: 'local', diskMethod: 'no-boot-file' }),
    client('ipxe', 'bios'),
    undefined,
    undefined,
  ],
  [
    'to its disk: the node says by iPXE',
    port({ profile: 'local', diskMethod: 'ipxe-exit' }),
    client('pxe', 'uefi-x64'),
    'snponly.efi',
    'PXEClient',
  ],
  ['an operating system gets no boot file', port(), client('os'), undefined, undefined],
];

for (const [name, asking, by, file, vendorClass] of TABLE) {
  test(name, async (test) => {
    const { policy, events } = await room(test);
    const information = policy.bootInformation(asking, by, KEY, SERVER);
    assert.equal(information.file, file);
    assert.equal(information.vendorClass, vendorClass);
    assert.equal(information.nextServer, file === undefined || by.stage === 'http' ? undefined : SERVER);
    assert.notEqual(information.reason, '');
    assert.deepEqual(events.events, []);
  });
}

test('a stranger and a BMC get no boot file', async (test) => {
  const { policy } = await room(test);
  assert.equal(policy.bootInformation(undefined, client('pxe', 'uefi-x64'), KEY, SERVER).file, undefined);
  assert.equal(policy.bootInformation(port({}, { role: 'bmc' }), client('ipxe', 'bios'), KEY, SERVER).file, undefined);
});

test('HTTP at another port is in every URL', async (test) => {
  const { policy } = await room(test, PROGRAM_FILES, {
    http: { port: 8080, maxConnections: 10, maxConnectionsPerClient: 10 },
  });
  assert.match(
    policy.bootInformation(port(), client('ipxe'), KEY, SERVER).file ?? '',
    /^http:\/\/10\.77\.0\.1:8080\/boot\//,
  );
});

test("the operator's own program goes before the manifest's, if it is there", async (test) => {
  const boot = bootSettings({ programs: { 'uefi-x64': 'own/ipxe.efi' } });
  const there = await room(test, { ...PROGRAM_FILES, 'assets/own/ipxe.efi': 'own' }, { boot });
  assert.equal(there.policy.bootInformation(port(), client('pxe', 'uefi-x64'), KEY, SERVER).file, 'own/ipxe.efi');
  const gone = await room(test, PROGRAM_FILES, { boot });
  assert.equal(gone.policy.bootInformation(port(), client('pxe', 'uefi-x64'), KEY, SERVER).file, undefined);
  assert.match(gone.events.of('boot.no-program')[0]?.mend ?? '', /own\/ipxe\.efi/);
});

test('a program that is not installed is told with its package, and the machine is left alone', async (test) => {
  const { 'snponly.efi': _, ...files } = PROGRAM_FILES;
  const { policy, events } = await room(test, files);
  const information = policy.bootInformation(port(), client('pxe', 'uefi-x64'), KEY, SERVER);
  assert.equal(information.file, undefined);
  assert.match(information.reason, /snponly\.efi for uefi-x64 is not installed/);
  const [event] = events.of('boot.no-program');
  assert.equal(event?.subject.nodeName, 'dgx01');
  assert.match(event?.mend ?? '', /Install the package ipxe/);
});

test('without GRUB a UEFI machine goes to its disk by iPXE', async (test) => {
  const { 'shimx64.efi': _, ...files } = PROGRAM_FILES;
  const { policy } = await room(test, files);
  assert.equal(policy.bootInformation(LOCAL, client('pxe', 'uefi-x64'), KEY, SERVER).file, 'snponly.efi');
});

test('Secure Boot by HTTP boot is told to be impossible, with what to do', async (test) => {
  const { policy, events } = await room(test, PROGRAM_FILES, { boot: bootSettings({ loader: 'grub' }) });
  assert.equal(policy.bootInformation(port(), client('http', 'uefi-x64'), KEY, SERVER).file, undefined);
  assert.match(events.of('boot.no-program')[0]?.mend ?? '', /PXE over IPv4/);
});

test('a client that hides its firmware is told about, not guessed', async (test) => {
  const { policy, events } = await room(test);
  assert.equal(policy.bootInformation(port(), { stage: 'pxe', architecture: 27 }, KEY, SERVER).file, undefined);
  assert.match(events.of('boot.no-program')[0]?.text ?? '', /option 93 is 27/);
});

test('what is turned off on the interface is told, not pointed to', async (test) => {
  const folder = await temporaryFolder(test, PROGRAM_FILES);
  const events = new RecordedEvents();
  const off = { name: 'prov', address: SERVER, dhcp: 'authoritative' as const, tftp: false, http: false, dns: false };
  const { policy } = createBootService({
    settings: settings({ assetsDir: folder, interfaces: [off] }),
    nodes: new FixedNodes(),
    leases: new FixedLeases(),
    clock: new FakeClock(),
    events,
    manifest: manifestIn(folder),
  });
  assert.equal(policy.bootInformation(port(), client('pxe', 'uefi-x64'), KEY, SERVER).file, undefined);
  assert.equal(policy.bootInformation(port(), client('ipxe', 'uefi-x64'), KEY, SERVER).file, undefined);
  assert.deepEqual(
    events.of('boot.no-program').map((event) => event.mend),
    ['Set interfaces.prov.tftp to true.', 'Set interfaces.prov.http to true.'],
  );
});
