import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Namespace } from '../harness/namespace.ts';
import { unmet } from '../harness/skip.ts';
import { SERVER, SITE, Site } from './site.ts';

const skip = unmet({ root: true, tools: ['ip', 'curl', 'wget'] });
const INITRD = randomBytes(20_000_003);
const URL_OF = (name: string) => `http://${SERVER}/assets/${name}`;

let site: Site;
let host: Namespace;
let folder: string;

before(async () => {
  if (skip !== false) return;
  site = await Site.up(SITE, { 'debian/initrd.gz': INITRD, empty: '' });
  host = site.client('52:54:00:77:00:b1', '10.77.0.22/24');
  folder = mkdtempSync(join(tmpdir(), 'podboot-test-http-'));
});
after(async () => {
  await site?.[Symbol.asyncDispose]();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

/** Status, headers (names in lower case) and body of one curl request. */
function curl(...argv: string[]): { status: number; headers: Record<string, string>; body: Buffer } {
  const body = join(folder, 'body');
  rmSync(body, { force: true });
  const head = host.must(['curl', '-sS', '-m', '30', '-D', '-', '-o', body, ...argv]);
  const last = head.trim().split('\r\n\r\n').at(-1) ?? '';
  const headers = Object.fromEntries(
    Array.from(last.matchAll(/^([\w-]+): *(.*?)\r?$/gm), ([, name, value]) => [name?.toLowerCase(), value]),
  );
  const content = (() => {
    try {
      return readFileSync(body);
    } catch {
      return Buffer.alloc(0);
    }
  })();
  return { status: Number(/^HTTP\/[\d.]+ (\d+)/.exec(last)?.[1]), headers, body: content };
}

test('a whole file arrives byte for byte, by curl and by wget', { skip }, () => {
  const got = curl(URL_OF('debian/initrd.gz'));
  assert.equal(got.status, 200);
  assert.equal(got.headers['content-length'], String(INITRD.length));
  assert.ok(INITRD.equals(got.body));
  const target = join(folder, 'wget');
  host.must(['wget', '-q', '-T', '20', '-O', target, URL_OF('debian/initrd.gz')]);
  assert.ok(INITRD.equals(readFileSync(target)));
});

test('HEAD tells the size as UEFI asks for it, and sends nothing', { skip }, () => {
  const got = curl('-I', '-A', 'UefiHttpBoot/1.0', URL_OF('debian/initrd.gz'));
  assert.equal(got.status, 200);
  assert.equal(got.headers['content-length'], String(INITRD.length));
});

const RANGES: readonly [range: string, first: number, last: number][] = [
  ['0-0', 0, 0],
  ['100-1099', 100, 1099],
  ['19999000-', 19_999_000, INITRD.length - 1],
  ['-500', INITRD.length - 500, INITRD.length - 1],
  ['19999000-99999999', 19_999_000, INITRD.length - 1],
];
for (const [range, first, last] of RANGES) {
  test(`bytes=${range} is that part and says so`, { skip }, () => {
    const got = curl('-r', range, URL_OF('debian/initrd.gz'));
    assert.equal(got.status, 206);
    assert.equal(got.headers['content-range'], `bytes ${first}-${last}/${INITRD.length}`);
    assert.ok(INITRD.subarray(first, last + 1).equals(got.body));
  });
}

test('a range behind the end is refused with the size', { skip }, () => {
  const got = curl('-r', '99999999-', URL_OF('debian/initrd.gz'));
  assert.equal(got.status, 416);
  assert.equal(got.headers['content-range'], `bytes */${INITRD.length}`);
});

test('who has the file already is told that it is the same', { skip }, () => {
  const etag = curl('-I', URL_OF('debian/initrd.gz')).headers.etag ?? '';
  assert.notEqual(etag, '');
  assert.equal(curl('-H', `If-None-Match: ${etag}`, URL_OF('debian/initrd.gz')).status, 304);
  assert.equal(curl('-H', 'If-None-Match: "other"', '-I', URL_OF('debian/initrd.gz')).status, 200);
});

test('a download that broke off goes on where it was', { skip }, () => {
  const target = join(folder, 'resumed');
  writeFileSync(target, INITRD.subarray(0, 7_000_001));
  host.must(['wget', '-q', '-c', '-T', '20', '-O', target, URL_OF('debian/initrd.gz')]);
  assert.ok(INITRD.equals(readFileSync(target)));
});

test('a slow client gets the same bytes', { skip }, () => {
  const got = curl('--limit-rate', '8M', URL_OF('debian/initrd.gz'));
  assert.ok(INITRD.equals(got.body));
});

test('an empty file, a missing one, a method that changes things', { skip }, () => {
  assert.deepEqual([curl(URL_OF('empty')).status, curl(URL_OF('empty')).body.length], [200, 0]);
  assert.equal(curl(URL_OF('debian/nothing')).status, 404);
  const put = curl('-X', 'PUT', '-d', 'x', URL_OF('empty')).status;
  assert.ok(put === 404 || put === 405, String(put));
});

test('what was changed on the disk is served changed, under another entity tag', { skip }, () => {
  site.daemon.putAsset('changing', 'first');
  const first = curl(URL_OF('changing'));
  site.daemon.putAsset('changing', 'second one');
  const second = curl(URL_OF('changing'));
  assert.equal(second.body.toString(), 'second one');
  assert.notEqual(second.headers.etag, first.headers.etag);
});

test('the API is not on the boot listener', { skip }, () => {
  assert.equal(curl(`http://${SERVER}/api/v1/nodes`).status, 404);
});

test('sixteen clients at once all get the whole file', { skip }, () => {
  const urls = Array.from({ length: 16 }, (_, index) => [
    '-o',
    join(folder, `parallel${index}`),
    URL_OF('debian/initrd.gz'),
  ]).flat();
  host.must(['curl', '-sS', '-m', '60', '--parallel', '--parallel-max', '16', ...urls]);
  for (let index = 0; index < 16; index += 1) {
    assert.ok(INITRD.equals(readFileSync(join(folder, `parallel${index}`))), `client ${index}`);
  }
});
