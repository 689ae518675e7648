import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createAssetDirectory } from '../../src/assets/asset-directory.ts';
import { sizeText } from '../../src/cli/asset-words.ts';
import { registerAssets } from '../../src/cli/assets.ts';
import { Conflict, InvalidInput, PodbootError } from '../../src/domain/errors.ts';
import { ApiFixture } from '../api/api-fixture.ts';
import { fakeInitrd, fakeKernel, listed, temporary, writeFiles } from '../assets/media.ts';
import { capture, run } from './captured.ts';

interface Room {
  readonly folder: string;
  readonly assetsDir: string;
  readonly source: string;
  readonly config: string;
  podboot(words: readonly string[], env?: NodeJS.ProcessEnv): Promise<ReturnType<typeof capture>>;
}

const YAML = (assetsDir: string, profiles: string) => `dataDir: ${assetsDir}/../data
assetsDir: ${assetsDir}
interfaces: { eno2: { address: 10.77.0.1, dhcp: reservations } }
subnets: { 10.77.0.0/24: { interface: eno2 } }
reservations: [{ name: switch1, mac: "52:54:00:aa:00:01", address: 10.77.0.10 }]
profiles: ${profiles}
`;

async function room(test: TestContext, profiles = '{}'): Promise<Room> {
  const folder = await temporary(test);
  const assetsDir = join(folder, 'assets');
  const source = join(folder, 'source');
  const config = join(folder, 'podboot.yaml');
  await writeFiles(source, {
    'debian-installer/amd64/linux': fakeKernel('amd64'),
    'debian-installer/amd64/initrd.gz': fakeInitrd(),
    'version.info': 'Debian version:  12 (bookworm)\n',
  });
  await writeFile(config, YAML(assetsDir, profiles));
  return {
    ...{ folder, assetsDir, source, config },
    podboot: async (words, env = {}) => {
      const captured = capture();
      await run((program) => registerAssets(program, { output: captured.output, env }), 'assets', ...words);
      return captured;
    },
  };
}

/** A daemon's API that knows the folder's assets and who uses them. */
async function daemon(test: TestContext, { folder, assetsDir }: Room, profiles: Record<string, string>) {
  const pod = new ApiFixture();
  const settings = Object.entries(profiles).map(([name, asset]) => ({
    name,
    kind: 'live',
    asset,
    initrds: [],
    arguments: '',
  }));
  const directory = createAssetDirectory({
    folder: () => assetsDir,
    boot: () => ({ profiles: new Map(settings.map((each) => [each.name, each])), programs: {} }),
    nodes: () => [{ name: 'dgx01', profiles: ['rescue'] }],
  });
  Object.defineProperty(pod, 'assets', { get: () => directory.list() });
  const socketPath = join(folder, 'api.sock');
  await pod.api.listen([{ socketPath }]);
  test.after(() => pod.api.close());
  return { PODBOOT_API: `unix:${socketPath}`, PODBOOT_TOKEN: pod.token };
}

test('import, list, verify and remove, by the configuration and without a daemon', async (test) => {
  const { podboot, source, config, assetsDir } = await room(test);
  const imported = (await podboot(['import', source, '--config', config, '--profile'])).printed();
  assert.match(imported, /^debian-12-amd64 is imported$/m);
  assert.match(imported, /^kernel {8}debian-12-amd64\/linux$/m);
  assert.match(imported, /^size {10}100 kB in 2 files$/m);
  assert.match(imported, /^profiles:\n {2}debian-12-amd64: \{ kind: preseed, asset: debian-12-amd64 \}$/m);
  assert.match(
    (await podboot(['import', source, '--config', config])).printed(),
    /^debian-12-amd64 is there already$/m,
  );

  const table = (await podboot(['list', '--config', config])).printed();
  assert.match(table, /^NAME +KIND +RELEASE +ARCH +SIZE +STATE +USED BY$/m);
  assert.match(table, /^debian-12-amd64 +debian-installer +12 +amd64 +100 kB +ready +-$/m);

  assert.match(
    (await podboot(['verify', '--config', config])).printed(),
    /^debian-12-amd64 is right: 2 files, 100 kB$/m,
  );
  assert.equal(
    (await podboot(['remove', 'debian-12-amd64', '--config', config])).printed(),
    'debian-12-amd64 is removed',
  );
  assert.deepEqual(await listed(assetsDir), []);
  assert.match((await podboot(['--config', config])).printed(), /^There is none in .*: podboot assets import PATH$/);
});

test('--json is for programs: progress and result of an import line by line, lists as one document', async (test) => {
  const { podboot, source, config } = await room(test);
  const lines = (await podboot(['import', source, '--config', config, '--json'])).printed().split('\n');
  const events = lines.map((line) => JSON.parse(line));
  assert.deepEqual(events[0], { event: 'progress', doneBytes: 0, totalBytes: 100_000 });
  assert.deepEqual([events.at(-1).event, events.at(-1).asset.name], ['imported', 'debian-12-amd64']);
  assert.deepEqual(events.at(-2), { event: 'progress', doneBytes: 100_000, totalBytes: 100_000 });
  const [asset] = JSON.parse((await podboot(['list', '--config', config, '--json'])).printed());
  assert.deepEqual([asset.name, asset.state, asset.usedBy.profiles], ['debian-12-amd64', 'ready', []]);
  const verified = (await podboot(['verify', '--config', config, '--json'])).printed().split('\n');
  const result = { event: 'verified', name: 'debian-12-amd64', ok: true, files: 2, troubles: [] };
  assert.deepEqual(JSON.parse(verified.at(-1) ?? ''), result);
});

test('a damaged asset: the list says so, verify ends with 1', async (test) => {
  const { podboot, source, config, assetsDir } = await room(test);
  await podboot(['import', source, '--config', config]);
  await truncate(join(assetsDir, 'debian-12-amd64/linux'), 5);
  const list = await podboot(['list', '--config', config]);
  assert.match(list.printed(), /damaged/);
  assert.match(list.told(), /linux is damaged: it has 5 bytes, and had 40000 when imported/);
  const verified = await podboot(['verify', 'debian-12-amd64', '--config', config]);
  assert.equal(verified.exitCode(), 1);
  assert.match(verified.printed(), /^debian-12-amd64 is damaged:\n {2}.*linux is damaged/);
  await assert.rejects(podboot(['verify', 'none', '--config', config]), /there is no asset none/);
});

test('what a configured profile boots is not removed', async (test) => {
  const { podboot, source, config, assetsDir } = await room(test, '{ rescue: { kind: live, asset: debian-12-amd64 } }');
  await podboot(['import', source, '--config', config]);
  await assert.rejects(podboot(['remove', 'debian-12-amd64', '--config', config]), (error: unknown) => {
    assert.ok(error instanceof Conflict);
    assert.match(error.message, /^debian-12-amd64 is needed by profiles.rescue$/);
    return true;
  });
  assert.equal(existsSync(join(assetsDir, 'debian-12-amd64/linux')), true);
});

test('a daemon is asked what it has in force: its profiles and nodes keep an asset', async (test) => {
  const room1 = await room(test);
  const { podboot, source, config } = room1;
  await podboot(['import', source, '--config', config]);
  const env = await daemon(test, room1, { rescue: 'debian-12-amd64' });
  assert.match((await podboot(['list'], env)).printed(), /rescue \(1 node\)$/m);
  await assert.rejects(
    podboot(['remove', 'debian-12-amd64', '--config', config], env),
    /by profiles.rescue, which dgx01 boots/,
  );
});

test('a daemon with another folder is not taken for the one of this configuration', async (test) => {
  const room1 = await room(test);
  const { podboot, config } = room1;
  const pod = await daemon(test, room1, {});
  await assert.rejects(podboot(['remove', 'x', '--config', config], pod), (error: unknown) => {
    assert.ok(error instanceof InvalidInput, String(error));
    assert.match(error.message, /^the daemon serves \/var\/lib\/podboot\/assets, and the configuration here says /);
    return true;
  });
});

test('a token without a daemon: the configuration tells, and that is said', async (test) => {
  const { podboot, config } = await room(test);
  const result = await podboot(['list', '--config', config], { PODBOOT_TOKEN: 'pbt_x' });
  assert.match(result.told(), /No daemon answers/);
  await assert.rejects(
    podboot(['list', '--config', config], { PODBOOT_TOKEN: 'pbt_x', PODBOOT_API: 'http://127.0.0.1:1' }),
    /no podboot answers at http:\/\/127.0.0.1:1/,
  );
});

test('options that do not go together are refused before anything is read', async (test) => {
  const { podboot, source, assetsDir } = await room(test);
  const place = ['--assets-dir', assetsDir];
  await assert.rejects(podboot(['import', source, ...place, '--kernel', 'linux']), InvalidInput);
  await assert.rejects(podboot(['import', source, ...place, '--release', '3']), InvalidInput);
  const byHand = ['--kernel', 'debian-installer/amd64/linux', '--initrd', 'debian-installer/amd64/initrd.gz'];
  await assert.rejects(podboot(['import', source, ...place, ...byHand, '--name', '../x']), PodbootError);
  const { manifest } = {
    manifest: (await podboot(['import', source, ...place, ...byHand, '--name', 'mine'])).printed(),
  };
  assert.match(manifest, /^kind {10}other$/m);
});

test('sizes are said as disks are sold', () => {
  assert.deepEqual([0, 999, 1_000, 49_032_932, 999_999_999, 3_213_064_192, 12_000_000_000].map(sizeText), [
    '0 B',
    '999 B',
    '1.0 kB',
    '49 MB',
    '1000 MB',
    '3.2 GB',
    '12 GB',
  ]);
});
