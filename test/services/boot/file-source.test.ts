import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { AccessDenied, NotFound } from '../../../src/domain/errors.ts';
import type { Lease } from '../../../src/domain/lease.ts';
import type { Node } from '../../../src/domain/node.ts';
import { type BootService, createBootService } from '../../../src/services/boot/boot-service.ts';
import { FakeClock } from '../../harness/clock.ts';
import {
  address,
  client,
  FixedLeases,
  FixedNodes,
  KEY,
  lease,
  manifestIn,
  node,
  PROGRAM_FILES,
  port,
  RecordedEvents,
  SERVER,
  settings,
  temporaryFolder,
} from './fixtures.ts';

const PEER = address('10.77.0.100');

interface Room {
  readonly service: BootService;
  readonly events: RecordedEvents;
  readonly folder: string;
}

async function room(test: TestContext, nodes: Node[], leases: Lease[]): Promise<Room> {
  const folder = await temporaryFolder(test, { ...PROGRAM_FILES, 'assets/debian/linux': 'kernel' });
  const events = new RecordedEvents();
  const service = createBootService({
    settings: settings({ assetsDir: join(folder, 'assets') }),
    nodes: new FixedNodes(...nodes),
    leases: new FixedLeases(...leases),
    clock: new FakeClock(),
    events,
    manifest: manifestIn(folder),
  });
  await service.reload(settings({ assetsDir: join(folder, 'assets'), interfaces: [] }));
  return { service, events, folder };
}

async function text(service: BootService, name: string, peer = PEER): Promise<string> {
  const file = await service.files.open(name, peer, SERVER);
  const bytes = await file.read(0, file.sizeBytes);
  const read = Buffer.from(bytes).toString();
  file.close();
  return read;
}

test('a file is served by the names that shim and GRUB ask for', async (test) => {
  const { service } = await room(test, [], []);
  assert.equal(await text(service, '/debian/linux'), 'kernel');
  assert.equal(await text(service, '//grubx64.efi'), 'grub');
});

test("shim's optional files are not there, which is no event", async (test) => {
  const { service, events } = await room(test, [], []);
  for (const name of [
    'revocations_sku.efi',
    'revocations_sbat.efi',
    'shim_certificate_0.efi',
    '/grub/x86_64-efi/command.lst',
  ]) {
    await assert.rejects(service.files.open(name, PEER, SERVER), NotFound);
  }
  assert.deepEqual(events.events, []);
});

test('a name that leads out is refused', async (test) => {
  const { service } = await room(test, [], []);
  await assert.rejects(service.files.open('../snponly.efi', PEER, SERVER), AccessDenied);
});

test("GRUB's configuration is the node's that holds the address", async (test) => {
  const { service, events } = await room(test, [node()], [lease('10.77.0.100')]);
  assert.match(
    await text(service, '/grub/grub.cfg'),
    /^echo 'podboot: dgx01 boots rescue .*\n.*\n.*\n {2}if linux "\$base\/debian\/linux"/,
  );
  assert.match(events.of('tftp.config')[0]?.text ?? '', /dgx01/);
  assert.match(events.of('tftp.config')[0]?.throttle ?? '', /^10\./, 'a stranger can ask at will');
});

test("the arm64 installer's GRUB asks at a name of its own, and may use HTTP", async (test) => {
  const { service, folder } = await room(test, [node()], [lease('10.77.0.100')]);
  await service.reload(settings({ assetsDir: join(folder, 'assets'), interfaces: [] }));
  assert.doesNotMatch(await text(service, '/debian-installer/arm64/grub/grub.cfg'), /insmod http/);
  const loopback = address('127.0.0.1');
  await service.reload(
    settings({
      assetsDir: join(folder, 'assets'),
      interfaces: [{ name: 'lo', address: loopback, dhcp: 'off', tftp: true, http: true, dns: false }],
      http: { port: 0, maxConnections: 1, maxConnectionsPerClient: 1 },
    }),
  );
  test.after(() => service.stop());
  const file = await service.files.open('/debian-installer/arm64/grub/grub.cfg', PEER, loopback);
  assert.match(Buffer.from(await file.read(0, file.sizeBytes)).toString(), /insmod http/);
});

test('a node that goes to its disk gets the loaders of its own architecture', async (test) => {
  const { service } = await room(test, [node({ profile: 'local' })], [lease('10.77.0.100')]);
  assert.match(await text(service, 'debian-installer/arm64/grub/grub.cfg'), /BOOTAA64\.EFI/);
  service.policy.bootInformation(port(), client('pxe', 'uefi-x64'), KEY, SERVER);
  assert.match(await text(service, 'grub/grub.cfg'), /BOOTX64\.EFI/);
});

test('a machine that is not enrolled is told so, with the command', async (test) => {
  const { service, events } = await room(test, [], [lease('10.77.0.100')]);
  const config = await text(service, 'grub/grub.cfg');
  assert.match(config, /not enrolled: MAC address 52:54:00:77:00:01/);
  assert.match(config, /\nexit\n$/);
  assert.match(events.of('boot.unknown')[0]?.mend ?? '', /podboot enrol NAME --mac 52:54:00:77:00:01/);
});

test('without a lease GRUB is asked for its MAC address, and gets the configuration of that', async (test) => {
  const { service } = await room(test, [node()], []);
  assert.match(await text(service, 'grub/grub.cfg'), /configfile "\(tftp,10\.77\.0\.1\)\/grub\/mac-/);
  assert.match(await text(service, '/grub/mac-52:54:00:77:00:01.cfg'), /dgx01 boots rescue/);
  assert.match(await text(service, '/grub/mac-52-54-00-77-00-01.cfg'), /dgx01 boots rescue/);
});

test("another machine's configuration is refused where the lease contradicts", async (test) => {
  const other = lease('10.77.0.101', 'mac:52:54:00:77:00:02');
  const { service } = await room(test, [node()], [other]);
  await assert.rejects(
    service.files.open('grub/mac-52:54:00:77:00:01.cfg', address('10.77.0.101'), SERVER),
    AccessDenied,
  );
});

test('an address in quarantine speaks for nobody', async (test) => {
  const { service } = await room(test, [node()], [lease('10.77.0.100', KEY, { state: 'declined' })]);
  assert.match(await text(service, 'grub/grub.cfg'), /configfile/);
});

test('a node that is known by its UUID is found through its lease', async (test) => {
  const byUuid = node(
    {},
    { uuid: '77000000-0000-4000-8000-000000000001', interfaces: [{ name: 'eno1', role: 'boot' }] },
  );
  const { service } = await room(test, [byUuid], [lease('10.77.0.100', 'mac:52:54:00:99:00:09', { nodeId: 'n1' })]);
  assert.match(await text(service, 'grub/grub.cfg'), /dgx01 boots rescue/);
});

test('a hundred transfers of one file share one descriptor, and leave none behind', async (test) => {
  const { service, folder } = await room(test, [], []);
  const files = await Promise.all(Array.from({ length: 100 }, () => service.files.open('debian/linux', PEER, SERVER)));
  assert.equal(service.statistics().tftpOpenFiles, 1);
  await rm(join(folder, 'assets/debian/linux'));
  for (const file of files) {
    assert.equal(Buffer.from(await file.read(0, 100)).toString(), 'kernel');
    file.close();
  }
  assert.equal(service.statistics().tftpOpenFiles, 0);
});
