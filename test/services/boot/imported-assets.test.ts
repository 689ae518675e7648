import assert from 'node:assert/strict';
import { rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { lookAt } from '../../../src/assets/asset-store.ts';
import { importAsset } from '../../../src/assets/import-asset.ts';
import type { BootMedium } from '../../../src/domain/asset.ts';
import { PodbootError } from '../../../src/domain/errors.ts';
import type { ProfileSettings, Settings } from '../../../src/domain/settings.ts';
import { createBootService } from '../../../src/services/boot/boot-service.ts';
import { fakeInitrd, fakeKernel, writeFiles } from '../../assets/media.ts';
import { FakeClock } from '../../harness/clock.ts';
import {
  address,
  bootSettings,
  client,
  FixedLeases,
  FixedNodes,
  KEY,
  lease,
  loopbackSettings,
  manifestIn,
  node,
  PROGRAM_FILES,
  port,
  RESCUE,
  RecordedEvents,
  SERVER,
  temporaryFolder,
} from './fixtures.ts';

const { kernel: _, ...WITHOUT_KERNEL } = RESCUE;
const ASKING: ProfileSettings = { ...WITHOUT_KERNEL, initrds: [], asset: 'debian-12-amd64' };

async function room(test: TestContext, profileOf: (medium: BootMedium | undefined) => ProfileSettings) {
  const folder = await temporaryFolder(test, PROGRAM_FILES);
  const source = join(folder, 'source');
  await writeFiles(source, { linux: fakeKernel('amd64'), 'initrd.gz': fakeInitrd() });
  const assetsDir = join(folder, 'assets');
  await importAsset({ assetsDir, path: source, name: 'debian-12-amd64' });
  const profile = profileOf(lookAt(assetsDir, 'debian-12-amd64').medium);
  const change: Partial<Settings> = { boot: bootSettings({ profiles: new Map([['rescue', profile]]) }) };
  const events = new RecordedEvents();
  const service = createBootService({
    settings: loopbackSettings(assetsDir, change),
    nodes: new FixedNodes(node()),
    leases: new FixedLeases(lease('127.0.0.1')),
    clock: new FakeClock(),
    events,
    manifest: manifestIn(folder),
  });
  await service.start();
  test.after(() => service.stop());
  const url = `http://127.0.0.1:${service.listening()[0]?.port}`;
  return { service, events, assetsDir, source, url };
}

const resolved = (medium: BootMedium | undefined): ProfileSettings => ({
  ...ASKING,
  ...(medium === undefined ? {} : { medium, kernel: medium.kernel, initrds: medium.initrds }),
});

test('a node boots the kernel of the asset of its profile', async (test) => {
  const { url, events } = await room(test, resolved);
  const script = await (await fetch(`${url}/boot/${KEY.replaceAll(':', '-')}.ipxe`)).text();
  assert.match(script, /\/assets\/debian-12-amd64\/linux/);
  const kernel = Buffer.from(await (await fetch(`${url}/assets/debian-12-amd64/linux`)).arrayBuffer());
  assert.deepEqual(kernel, fakeKernel('amd64'));
  assert.equal(events.of('http.asset')[0]?.level, 'info', 'its download is a step of the boot');
});

test('a node whose asset is missing gets its disk, and its timeline says why and what to do', async (test) => {
  const { service, events } = await room(test, () => ASKING);
  const information = service.policy.bootInformation(port(), client('pxe', 'uefi-x64'), KEY, SERVER);
  assert.doesNotMatch(information.file ?? '', /linux/);
  const [event] = events.of('asset.missing');
  assert.equal(event?.subject.nodeName, 'dgx01');
  assert.match(event?.text ?? '', /dgx01 can't be booted: the asset debian-12-amd64 of its profile rescue is missing/);
  assert.match(event?.mend ?? '', /podboot assets import PATH --name debian-12-amd64/);
});

test('a machine of another architecture than the asset is told apart by its firmware', async (test) => {
  const { service, events } = await room(test, resolved);
  service.policy.bootInformation(port(), client('pxe', 'uefi-arm64'), KEY, SERVER);
  assert.match(events.of('asset.unfit')[0]?.text ?? '', /is for amd64, and this machine is arm64$/);
  for (const firmware of ['bios', 'uefi-x64', 'uefi-ia32'] as const) {
    service.policy.bootInformation(port(), client('pxe', firmware), KEY, SERVER);
  }
  assert.equal(events.of('asset.unfit').length, 1);
});

test('half a kernel is sent to nobody, by HTTP or TFTP, and told with its node', async (test) => {
  const { service, url, assetsDir, events } = await room(test, resolved);
  await truncate(join(assetsDir, 'debian-12-amd64/linux'), 1_000);
  assert.equal((await fetch(`${url}/assets/debian-12-amd64/linux`)).status, 500);
  const [event] = events.of('http.failed');
  assert.equal(event?.subject.nodeName, 'dgx01');
  assert.match(event?.text ?? '', /is damaged: it has 1000 bytes, and had 40000 when it was imported/);
  assert.match(event?.mend ?? '', /--name debian-12-amd64 --replace/);
  await assert.rejects(service.files.open('debian-12-amd64/linux', address('127.0.0.1'), SERVER), (error: unknown) => {
    assert.ok(error instanceof PodbootError);
    assert.equal(error.code, 'asset-damaged');
    return true;
  });
});

test('a file of an asset that is gone is named with the asset', async (test) => {
  const { url, assetsDir, events } = await room(test, resolved);
  await rm(join(assetsDir, 'debian-12-amd64/initrd.gz'));
  assert.equal((await fetch(`${url}/assets/debian-12-amd64/initrd.gz`)).status, 404);
  assert.match(events.of('http.refused')[0]?.mend ?? '', /podboot assets import PATH --name debian-12-amd64 --replace/);
});

test('an asset that was replaced is served before the configuration is read again', async (test) => {
  const { url, assetsDir, source } = await room(test, resolved);
  const newer = fakeKernel('amd64', 5, 50_000);
  await writeFile(join(source, 'linux'), newer);
  await importAsset({ assetsDir, path: source, name: 'debian-12-amd64', replace: true });
  const kernel = Buffer.from(await (await fetch(`${url}/assets/debian-12-amd64/linux`)).arrayBuffer());
  assert.deepEqual(kernel, newer);
});
