import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { LogLine } from '../harness/daemon.ts';
import type { Namespace } from '../harness/namespace.ts';
import { unmet } from '../harness/skip.ts';
import { SERVER, SITE, Site } from './site.ts';

const skip = unmet({ root: true, tools: ['ip', 'tftp', 'atftp', 'curl', 'busybox'] });

/** Sizes at which transfers go wrong: empty, one block exactly, one less and more, and past 65,535 blocks of 512 bytes. */
const FILES: Readonly<Record<string, Buffer>> = {
  empty: Buffer.alloc(0),
  'one-byte': randomBytes(1),
  'one-block': randomBytes(512),
  'two-blocks-less-one': randomBytes(1023),
  'boot/snponly.efi': randomBytes(1_200_007),
  'past-rollover': randomBytes(512 * 65_537 + 100),
};

let site: Site;
let host: Namespace;
let folder: string;

before(async () => {
  if (skip !== false) return;
  site = await Site.up(SITE, FILES);
  host = site.client('52:54:00:77:00:a1', '10.77.0.20/24');
  folder = mkdtempSync(join(tmpdir(), 'podboot-test-tftp-'));
});
after(async () => {
  await site?.[Symbol.asyncDispose]();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

type Fetch = (name: string, target: string) => readonly string[];

const curl =
  (...options: string[]): Fetch =>
  (name, target) => ['curl', '-sS', '-m', '60', ...options, '-o', target, `tftp://${SERVER}/${name}`];
const atftp =
  (...options: string[]): Fetch =>
  (name, target) => [
    'atftp',
    ...options.flatMap((option) => ['--option', option]),
    '-g',
    '-r',
    name,
    '-l',
    target,
    SERVER,
  ];

const CLIENTS: Readonly<Record<string, Fetch>> = {
  "tftp-hpa's tftp": (name, target) => ['tftp', '-m', 'binary', SERVER, '-c', 'get', name, target],
  'curl, blksize 512': curl('--tftp-blksize', '512'),
  'curl, blksize 1468': curl('--tftp-blksize', '1468'),
  'curl without options': curl('--tftp-no-options'),
  'atftp without options': atftp(),
  'atftp, blksize 1428 and tsize': atftp('blksize 1428', 'tsize 0'),
  'atftp, windowsize 16': atftp('blksize 1468', 'windowsize 16'),
  'atftp, windowsize 64 with blocks of 512': atftp('windowsize 64'),
  'atftp, an odd blksize': atftp('blksize 1001', 'windowsize 3'),
  "busybox' tftp": (name, target) => ['busybox', 'tftp', '-g', '-r', name, '-l', target, SERVER],
  "busybox' tftp, blksize 1432": (name, target) => [
    'busybox',
    'tftp',
    '-b',
    '1432',
    '-g',
    '-r',
    name,
    '-l',
    target,
    SERVER,
  ],
};

for (const [client, fetch] of Object.entries(CLIENTS)) {
  test(`${client}: every file arrives byte for byte`, { skip }, () => {
    for (const [name, content] of Object.entries(FILES)) {
      // curl 7.88 ends with an error of its own after an empty file that came with an OACK.
      if (content.length === 0 && client.startsWith('curl, ')) continue;
      const target = join(folder, 'fetched');
      rmSync(target, { force: true });
      const result = host.run(fetch(name, target), { timeoutMs: 120_000 });
      assert.equal(result.code, 0, `${name}: ${result.stdout}${result.stderr}`);
      // curl makes no file of an empty one.
      const fetched = content.length === 0 ? readIfThere(target) : readFileSync(target);
      assert.ok(
        content.equals(fetched),
        `${name}: ${fetched.length} bytes, not the ${content.length} that were served`,
      );
    }
  });
}

test("npm tftp2's client, which knows no options, gets a file of many blocks", { skip }, () => {
  const client = new URL('npm-tftp2-client.mjs', import.meta.url).pathname;
  const target = join(folder, 'tftp2');
  const result = host.run([process.execPath, client, SERVER, 'boot/snponly.efi', target], { timeoutMs: 30_000 });
  assert.equal(result.code, 0, result.stderr);
  assert.ok(FILES['boot/snponly.efi']?.equals(readFileSync(target)));
});

test('a transfer is in the log with what it took', { skip }, async () => {
  host.must(['curl', '-sS', '-o', '/dev/null', `tftp://${SERVER}/boot/snponly.efi`]);
  const done = (each: LogLine) => each.type === 'tftp.done' && JSON.stringify(each).includes('snponly.efi');
  const line = await site.daemon.logged(done, 'the transfer is in the log');
  assert.match(JSON.stringify(line), /1200007/);
});

function readIfThere(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}
