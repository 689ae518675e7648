import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ARCHITECTURES } from '../../scripts/pack/architecture.ts';
import { buildPackage } from '../../scripts/pack/debian-package.ts';
import { must, run } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const architecture = ARCHITECTURES.find(({ node }) => node === process.arch);
const skip =
  architecture === undefined ? `there is no package for ${process.arch}` : unmet({ tools: ['dpkg-deb', 'npm', 'tar'] });
const folder = mkdtempSync(join(tmpdir(), 'podboot-deb-test-'));
const unpacked = join(folder, 'unpacked');
const home = join(unpacked, 'usr/lib/podboot');
let file = '';

before(async () => {
  if (skip !== false || architecture === undefined) return;
  file = await buildPackage({ root, architecture, version: '1.2.3', folder, epochSeconds: 1_700_000_000 });
  must(['dpkg-deb', '-x', file, unpacked]);
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('the package holds program, Node, unit, user, manual and documents, and no source, test or developer’s tool', {
  skip,
}, () => {
  const files = must(['find', unpacked, '-type', 'f', '-o', '-type', 'l'])
    .split('\n')
    .map((path) => path.slice(unpacked.length));
  for (const path of [
    '/usr/bin/podboot',
    '/usr/lib/podboot/bin/node',
    '/usr/lib/podboot/src/main.js',
    '/usr/lib/podboot/src/store/sqlite-worker.js',
    '/usr/lib/podboot/boot-assets/programs.yaml',
    '/lib/systemd/system/podboot.service',
    '/usr/lib/sysusers.d/podboot.conf',
    '/usr/lib/sysctl.d/50-podboot.conf',
    '/usr/share/man/man8/podboot.8.gz',
    '/usr/share/doc/podboot/copyright',
    '/usr/share/doc/podboot/docs/security.md',
  ])
    assert.ok(files.includes(path), path);
  const wrong = files.filter((path) => /\.ts$|\/(typescript|@biomejs|fast-check|tftp2|@types)\/|\/test\//.test(path));
  assert.deepEqual(wrong, []);
});

test('its files are root’s, of one day, and of modes that do not depend on who packed', { skip }, () => {
  const lines = must(['dpkg-deb', '-c', file]).trim().split('\n');
  for (const line of lines) {
    assert.match(line, /^(-rw-r--r--|-rwxr-xr-x|drwxr-xr-x|lrwxrwxrwx) root\/root /);
    assert.match(line, /2023-11-14/);
  }
});

test('what it depends on and what its scripts do is said in its control files', { skip }, () => {
  assert.equal(must(['dpkg-deb', '-f', file, 'Version']).trim(), '1.2.3');
  assert.match(must(['dpkg-deb', '-f', file, 'Depends']), /libc6/);
  const control = join(folder, 'control');
  must(['dpkg-deb', '-e', file, control]);
  for (const script of ['postinst', 'prerm', 'postrm']) must(['sh', '-n', join(control, script)]);
});

test('it runs where it was unpacked, from any folder, with its own Node and its native modules', { skip }, () => {
  const command = join(unpacked, 'usr/bin/podboot');
  assert.equal(must(['env', '-C', '/', 'PATH=/usr/bin:/bin', command, '--version']).trim(), '1.2.3');
  assert.match(must([command, 'init', '--interface', 'lo', '--print']), /interfaces:/);
  const native = "require('koffi').load(null); new (require('better-sqlite3'))(':memory:').exec('select 1')";
  must(['env', '-C', home, join(home, 'bin/node'), '-e', native]);
  const unread = run(['find', home, '-newermt', '2024-01-01', '-type', 'f']).stdout;
  assert.equal(unread, '', 'running it writes nothing beside the program');
});
