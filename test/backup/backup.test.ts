import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import Database from 'better-sqlite3';
import { backup } from '../../src/backup/backup.ts';
import { restore } from '../../src/backup/restore.ts';
import type { Store, StoreChange } from '../../src/domain/ports.ts';
import { openSqliteStore } from '../../src/store/sqlite-store.ts';
import { must } from '../harness/process.ts';

let folder: string;
let store: Store;
const at = (...names: string[]) => join(folder, ...names);

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'podboot-backup-'));
  mkdirSync(at('assets', 'debian-12-amd64'), { recursive: true });
  mkdirSync(at('templates', 'parts'), { recursive: true });
  mkdirSync(at('data', 'consoles', 'n1'), { recursive: true });
  writeFileSync(at('templates', 'own.preseed'), 'own');
  writeFileSync(at('templates', 'parts', 'disks.preseed'), 'disks');
  writeFileSync(at('data', 'consoles', 'n1', 'boot.log'), 'console');
  mkdirSync(at('data', 'known_hosts'));
  writeFileSync(at('data', 'known_hosts', 'dgx01'), 'dgx01 ssh-ed25519 AAAA\n');
  writeFileSync(at('power.key'), 'k'.repeat(64));
  writeFileSync(
    at('podboot.yaml'),
    `dataDir: ${at('data')}
assetsDir: ${at('assets')}
interfaces: { eno2: { address: 10.77.0.1, dhcp: authoritative } }
subnets: { 10.77.0.0/24: { interface: eno2, pools: [10.77.0.100-10.77.0.199] } }
power: { keyFile: ${at('power.key')} }
templatesDir: ${at('templates')}
`,
  );
  store = await openSqliteStore({ dataDir: at('data') });
  await store.commit([{ put: 'setting', name: 'kept', value: 'yes' }]);
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const take = (more: Partial<Parameters<typeof backup>[0]> = {}) =>
  backup({
    configPath: at('podboot.yaml'),
    target: at('b.tar.gz'),
    secrets: false,
    recordings: false,
    replace: false,
    version: '1.2.3',
    ...more,
  });
const put = (more: Partial<Parameters<typeof restore>[0]> = {}) =>
  restore({
    archive: at('b.tar.gz'),
    dataDir: at('other'),
    configPath: at('other.yaml'),
    replace: false,
    dryRun: false,
    ...more,
  });

async function keptIn(dataDir: string): Promise<string | undefined> {
  const opened = await openSqliteStore({ dataDir });
  try {
    return await opened.setting('kept');
  } finally {
    await opened.close();
  }
}

describe('a backup', () => {
  it('is one file of mode 0600 that tar reads, taken while the store is open, with nothing left beside it', async () => {
    const { manifest } = await take();
    assert.equal(statSync(at('b.tar.gz')).mode & 0o777, 0o600);
    const names = must(['tar', 'tzf', at('b.tar.gz')])
      .trim()
      .split('\n');
    assert.deepEqual(names, [
      'manifest.json',
      'podboot.sqlite3',
      'podboot.yaml',
      'known_hosts/dgx01',
      'templates/own.preseed',
      'templates/parts/disks.preseed',
      'manifest.sha256',
    ]);
    assert.deepEqual(manifest.missing, [at('power.key')]);
    assert.deepEqual(manifest.assets, ['debian-12-amd64']);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('.')),
      [],
    );
    await store.commit([{ put: 'setting', name: 'after', value: 'yes' }]);
  });

  it('has keys and recordings only where they are asked for', async () => {
    await take({ secrets: true, recordings: true });
    const names = must(['tar', 'tzf', at('b.tar.gz')]);
    assert.match(names, /^secrets\/1$/m);
    assert.match(names, /^consoles\/n1\/boot\.log$/m);
  });

  it('follows no link: what is elsewhere was not asked for', async () => {
    symlinkSync('/etc/passwd', at('templates', 'link'));
    symlinkSync('/etc', at('templates', 'folder'));
    await take();
    assert.doesNotMatch(must(['tar', 'tzf', at('b.tar.gz')]), /link|folder/);
  });

  it('overwrites none unless told, and is whole or not there', async () => {
    await take();
    const before = readFileSync(at('b.tar.gz'));
    await assert.rejects(take(), { code: 'conflict', mend: /--replace/ });
    assert.ok(readFileSync(at('b.tar.gz')).equals(before));
    await take({ replace: true });
    await assert.rejects(take({ target: at('nowhere', 'b.tar.gz') }), { code: 'host-refused' });
  });

  it('of a folder without a store is refused', async () => {
    writeFileSync(at('podboot.yaml'), readFileSync(at('podboot.yaml'), 'utf8').replace(at('data'), at('empty')));
    await assert.rejects(take(), { code: 'not-found' });
  });
});

describe('a restore', () => {
  it('brings back the store, the configuration, templates and keys, each to its place', async () => {
    await take({ secrets: true, recordings: true });
    rmSync(at('templates'), { recursive: true });
    rmSync(at('power.key'));
    const report = await put();
    assert.equal(await keptIn(at('other')), 'yes');
    assert.equal(statSync(at('other', 'podboot.sqlite3')).mode & 0o777, 0o600);
    assert.equal(readFileSync(at('other', 'known_hosts', 'dgx01'), 'utf8'), 'dgx01 ssh-ed25519 AAAA\n');
    assert.equal(readFileSync(at('other', 'consoles', 'n1', 'boot.log'), 'utf8'), 'console');
    assert.equal(readFileSync(at('templates', 'parts', 'disks.preseed'), 'utf8'), 'disks');
    assert.equal(statSync(at('power.key')).mode & 0o777, 0o600);
    assert.equal(readFileSync(at('other.yaml'), 'utf8'), readFileSync(at('podboot.yaml'), 'utf8'));
    assert.deepEqual(report.kept, []);
    assert.deepEqual(
      readdirSync(at('other')).filter((name) => name.startsWith('.')),
      [],
    );
  });

  it('ends what the backup had under way: a grant may have been used since, a job done, a plan gone on', async () => {
    const grant = {
      id: 'g1',
      nodeId: 'n1',
      profile: 'p',
      armedBy: 'anna',
      armedAt: 1,
      expiresAt: 9e15,
      attempt: 1,
      version: 1,
    };
    const job = { id: 'j1', action: 'cycle', by: 'anna', createdAt: 1, startAt: 1, expiresAt: 9e15, version: 1 };
    const step = { jobId: 'j1', name: 'dgx01', group: '', at: 1, attempt: 0 };
    const documents = [
      ['grant', 'g1', { ...grant, state: 'armed' }],
      ['grant', 'g2', { ...grant, id: 'g2', nodeId: 'n2', state: 'claimed' }],
      ['grant', 'g3', { ...grant, id: 'g3', state: 'expired' }],
      ['job', 'j1', { ...job, state: 'running' }],
      ['job', 'j2', { ...job, id: 'j2', state: 'done' }],
      ['job-step', 'j1 n1', { ...step, nodeId: 'n1', stage: 'waiting' }],
      ['job-step', 'j1 n2', { ...step, nodeId: 'n2', stage: 'turning-off' }],
      ['deployment', 'pod1', { plan: { name: 'pod1', steps: [] }, state: 'running', steps: {}, version: 1 }],
    ];
    await store.commit(
      documents.map(([kind, id, document]) => ({ put: 'document', kind, id, document })) as unknown as StoreChange[],
    );
    await take();
    assert.deepEqual((await put({ dryRun: true })).ended, { grant: 2, job: 1, 'job-step': 2, deployment: 1 });
    const { ended } = await put();
    assert.deepEqual(ended, { grant: 2, job: 1, 'job-step': 2, deployment: 1 });
    const opened = await openSqliteStore({ dataDir: at('other') });
    const after = (await opened.load()).documents;
    await opened.close();
    const states = [...(after.grant ?? [])].map(({ id, state }) => `${id} ${state}`);
    assert.deepEqual(states.sort(), ['g1 revoked', 'g2 spent', 'g3 expired']);
    assert.match(after.grant?.find(({ id }) => id === 'g1')?.ended ?? '', /podboot restore, from the backup of 2/);
    assert.deepEqual([...(after.job ?? [])].map(({ id, state }) => `${id} ${state}`).sort(), [
      'j1 cancelled',
      'j2 done',
    ]);
    assert.deepEqual([...(after['job-step'] ?? [])].map(({ stage }) => stage).sort(), ['cancelled', 'unsure']);
    assert.equal(after.deployment?.[0]?.state, 'stopped');
    assert.equal((await store.load()).documents.grant?.find(({ id }) => id === 'g1')?.state, 'armed');
  });

  it('keeps files that differ, and sets a store aside, only where told', async () => {
    await take();
    await put();
    writeFileSync(at('other.yaml'), 'mine');
    await assert.rejects(put(), { code: 'conflict', mend: /--replace/ });
    const other = await openSqliteStore({ dataDir: at('other') });
    await other.commit([{ put: 'setting', name: 'kept', value: 'newer' }]);
    await other.close();
    const { setAside = '' } = await put({ replace: true });
    assert.equal(await keptIn(at('other')), 'yes');
    assert.equal(await keptIn(setAside), 'newer');
    assert.equal(readFileSync(at('other.yaml'), 'utf8'), readFileSync(at('podboot.yaml'), 'utf8'));
  });

  it('keeps a configuration that is there already, and says so', async () => {
    await take();
    writeFileSync(at('other.yaml'), 'mine');
    assert.deepEqual((await put()).kept, [at('other.yaml')]);
    assert.equal(readFileSync(at('other.yaml'), 'utf8'), 'mine');
  });

  it('is refused under a daemon that runs, with or without --replace', async () => {
    await take();
    for (const replace of [false, true]) {
      await assert.rejects(put({ dataDir: at('data'), replace }), {
        code: 'host-refused',
        message: /in use by another podboot/,
      });
    }
    assert.equal(await store.setting('kept'), 'yes');
  });

  it('that only looks changes nothing', async () => {
    await take();
    await put({ dryRun: true });
    assert.ok(!existsSync(at('other')) && !existsSync(at('other.yaml')));
  });

  it('refuses a backup of a newer podboot, and one whose store is newer', async () => {
    await take();
    rewriteManifest((manifest) => ({ ...manifest, format: 2, version: '9.0.0' }));
    await assert.rejects(put(), { code: 'invalid-input', message: /newer podboot \(9\.0\.0, format 2/ });
    await take({ replace: true });
    const newer = storeOfBackup();
    const database = new Database(newer);
    database.pragma('user_version = 99');
    database.close();
    replaceStore(newer);
    await assert.rejects(put(), { code: 'host-refused', message: /newer podboot \(its version is 99/ });
    assert.ok(!existsSync(at('other', 'podboot.sqlite3')));
  });

  it('refuses an archive that is damaged anywhere, and leaves the folder as it was', async () => {
    await take();
    const sound = gunzipSync(readFileSync(at('b.tar.gz')));
    // One bit, all over the archive: headers, the list, contents, padding.
    for (let place = 7; place < sound.length; place += Math.ceil(sound.length / 97)) {
      const broken = Buffer.from(sound);
      broken[place] = (broken[place] ?? 0) ^ 0x10;
      writeFileSync(at('b.tar.gz'), gzipSync(broken));
      const isPadding = sound[place] === 0 && isBetweenFiles(sound, place);
      if (isPadding) continue;
      await assert.rejects(put(), (error: Error) => /damaged|newer podboot/.test(error.message), `byte ${place}`);
      assert.ok(!existsSync(at('other', 'podboot.sqlite3')), `byte ${place}`);
    }
    const whole = gzipSync(sound);
    for (const length of [0, 20, Math.floor(whole.length / 2), whole.length - 9, whole.length - 1]) {
      writeFileSync(at('b.tar.gz'), whole.subarray(0, length));
      await assert.rejects(put(), { code: 'invalid-input' }, `${length} bytes`);
    }
    writeFileSync(at('b.tar.gz'), gzipSync(Buffer.concat([sound, Buffer.from('more')])));
    await assert.rejects(put(), { code: 'invalid-input', message: /follows its end/ });
    assert.deepEqual(
      readdirSync(at('other')).filter((name) => !name.startsWith('podboot.')),
      [],
    );
  });

  it('lets no name lead out of its folder, whoever wrote the archive', async () => {
    for (const name of ['../evil', 'templates/../../evil', '/etc/evil', 'elsewhere/x', 'templates//x', '.']) {
      await take({ replace: true });
      rewriteManifest((manifest) => ({
        ...manifest,
        files: [...manifest.files, { name, sizeBytes: 0, sha256: createHash('sha256').digest('hex') }],
      }));
      await assert.rejects(put(), { code: 'invalid-input', message: /list of files/ }, name);
    }
  });

  it('of what is no archive at all says so', async () => {
    writeFileSync(at('b.tar.gz'), 'hello');
    await assert.rejects(put(), { code: 'invalid-input', message: /damaged/ });
    await assert.rejects(put({ archive: at('nothing') }), { code: 'invalid-input', message: /can't be read: ENOENT/ });
    chmodSync(folder, 0o700);
  });
});

interface Loose {
  readonly files: readonly object[];
  readonly [name: string]: unknown;
}

/** Writes the archive anew with another list, as somebody with a tar of their own would. */
function rewriteManifest(change: (manifest: Loose) => Loose): void {
  const work = mkdtempSync(at('unpacked-'));
  must(['tar', 'xzf', at('b.tar.gz'), '-C', work]);
  const manifest: Loose = JSON.parse(readFileSync(join(work, 'manifest.json'), 'utf8'));
  const names = must(['tar', 'tzf', at('b.tar.gz')])
    .trim()
    .split('\n');
  writeManifest(work, change(manifest));
  must(['tar', '--format=ustar', '-czf', at('b.tar.gz'), '-C', work, ...names]);
}

function writeManifest(folder: string, manifest: Loose): void {
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'manifest.sha256'), must(['sh', '-c', `cd ${folder} && sha256sum manifest.json`]));
}

function storeOfBackup(): string {
  const work = mkdtempSync(at('unpacked-'));
  must(['tar', 'xzf', at('b.tar.gz'), '-C', work, 'podboot.sqlite3']);
  return join(work, 'podboot.sqlite3');
}

function replaceStore(file: string): void {
  const bytes = readFileSync(file);
  const work = mkdtempSync(at('unpacked-'));
  must(['tar', 'xzf', at('b.tar.gz'), '-C', work]);
  writeFileSync(join(work, 'podboot.sqlite3'), bytes);
  const manifest: Loose = JSON.parse(readFileSync(join(work, 'manifest.json'), 'utf8'));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const files = manifest.files.map((each) =>
    'name' in each && each.name === 'podboot.sqlite3' ? { ...each, sizeBytes: bytes.length, sha256 } : each,
  );
  const names = must(['tar', 'tzf', at('b.tar.gz')])
    .trim()
    .split('\n');
  writeManifest(work, { ...manifest, files });
  must(['tar', '--format=ustar', '-czf', at('b.tar.gz'), '-C', work, ...names]);
}

/** Zeros that fill the last block of a file: nobody reads them. */
function isBetweenFiles(archive: Buffer, place: number): boolean {
  for (let header = 0; header + 512 <= archive.length; ) {
    const size = Number.parseInt(archive.toString('latin1', header + 124, header + 135), 8);
    if (Number.isNaN(size)) return false;
    const end = header + 512 + size;
    const next = header + 512 + Math.ceil(size / 512) * 512;
    if (place >= end && place < next) return true;
    if (place < next) return false;
    header = next;
  }
  return false;
}
