import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Daemon } from '../harness/daemon.ts';
import { must, run } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';
import { SITE, Site } from './site.ts';

const skip = unmet({ root: true, tools: ['ip', 'mount', 'ss'] });

async function refused(daemon: Daemon): Promise<string> {
  const process = daemon.launch();
  const timer = setTimeout(() => process.signal('SIGKILL'), 30_000);
  const code = await process.exited;
  clearTimeout(timer);
  assert.equal(code, 1, `for what the operator can mend the exit code is 1:\n${daemon.output}`);
  assert.doesNotMatch(daemon.output, /\n\s+at .*(node:|\.ts)/, 'no stack trace');
  return daemon.output;
}

/** A small file system of its own, unmounted at the end. */
class Disk implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'podboot-test-disk-'));

  constructor(options: string) {
    must(['mount', '-t', 'tmpfs', '-o', options, 'podboot-test', this.folder]);
  }

  [Symbol.dispose](): void {
    run(['umount', '-l', this.folder]);
    rmdirSync(this.folder);
  }
}

test('a data folder that is read-only: refused at the start, with the mend, and no port stays open', {
  skip,
  timeout: 60_000,
}, async () => {
  await using site = new Site();
  using disk = new Disk('size=8m');
  mkdirSync(join(disk.folder, 'data'));
  must(['mount', '-o', 'remount,ro', disk.folder]);
  site.daemon = new Daemon(site.server, { ...SITE, dataDir: join(disk.folder, 'data') });
  const said = await refused(site.daemon);
  assert.match(said, /read-only/);
  assert.match(said, /findmnt -T .*dmesg/, 'what to look at');
  assert.equal(site.server.run(['ss', '-Hltun']).stdout, '');
});

test('a store on a file system that is full: refused at the start, with the mend', {
  skip,
  timeout: 60_000,
}, async () => {
  await using site = new Site();
  using disk = new Disk('size=256k');
  mkdirSync(join(disk.folder, 'data'));
  const fill = run(['dd', 'if=/dev/zero', `of=${disk.folder}/filler`, 'bs=4k']);
  assert.match(fill.stderr, /No space left/);
  site.daemon = new Daemon(site.server, { ...SITE, dataDir: join(disk.folder, 'data') });
  const said = await refused(site.daemon);
  assert.match(said, /disk is full|ENOSPC/);
  assert.match(said, /df -h/, 'where to look');
  assert.equal(site.server.run(['ss', '-Hltun']).stdout, '');
});

test('two daemons on one store: the second is refused, and the first serves on', {
  skip,
  timeout: 60_000,
}, async () => {
  await using site = await Site.up(SITE);
  const first = site.daemon;
  const other = site.network.namespace('other');
  site.plugIn({ namespace: other, name: 'eno2', address: '10.77.0.1/24' });
  const second = new Daemon(other, { ...SITE, dataDir: join(first.folder, 'data') });
  try {
    const said = await refused(second);
    assert.match(said, new RegExp(`in use by another podboot \\(process ${first.pid}\\)`));
    assert.match(said, /Stop the other one, or set another dataDir/);
    assert.equal((await first.call('GET', '/readyz')).status, 200);
    writeFileSync(join(second.folder, 'looked'), '');
  } finally {
    await second.remove();
  }
});
