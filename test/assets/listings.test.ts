import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBsdtarListing } from '../../src/assets/bsdtar-listing.ts';
import { parseXorrisoListing } from '../../src/assets/xorriso-listing.ts';

test("bsdtar's listing: folders, files, links, second names, names that it had to escape", () => {
  const listing = [
    'drwxr-xr-x  4 0      0        2048 Nov 24 11:53 .',
    "drwxr-xr-x  2 0      0        2048 Nov 24  2023 we ird$x'y",
    '-rw-r--r--  2 0      0     5000000 Nov 24 11:48 blob',
    '-rw-r--r--  2 0      0           0 Nov 24 11:48 hard link to blob',
    "-rw-r--r--  1 0      0           1 Nov 24 11:53 we ird$x'y/n\\303\\251\\nw[1]*",
    '-rw-r--r--  1 0      0           7 Nov 24 11:53 one link to another',
    '-rw-r--r--  1 0      0           7 Nov 24 11:53 back\\\\slash',
    'lrwxrwxrwx  1 0      0           0 Nov 24 11:48 bad -> ../../etc',
    'crw-r--r--  1 0      0         1,3 Nov 24 11:48 null',
    'prw-r--r--  1 0      0           0 Nov 24 11:48 fifo',
    '-rw-rw-r--  1 1000   1000 10307921510 Nov 24 11:48 pool/big.iso',
    '',
  ].join('\n');
  assert.deepEqual(parseBsdtarListing(listing), [
    { path: "we ird$x'y", type: 'folder', sizeBytes: 0 },
    { path: 'blob', type: 'file', sizeBytes: 5_000_000 },
    { path: 'hard', type: 'file', sizeBytes: 0, sameAs: 'blob' },
    { path: "we ird$x'y/né\nw[1]*", type: 'file', sizeBytes: 1 },
    { path: 'one link to another', type: 'file', sizeBytes: 7 },
    { path: 'back\\slash', type: 'file', sizeBytes: 7 },
    { path: 'bad', type: 'link', sizeBytes: 0, target: '../../etc' },
    { path: 'null', type: 'device', sizeBytes: 0 },
    { path: 'fifo', type: 'device', sizeBytes: 0 },
    { path: 'pool/big.iso', type: 'file', sizeBytes: 10_307_921_510 },
  ]);
});

test("xorriso's listing: names in a shell's quotes, with line ends in them", () => {
  const listing = [
    "drwxr-xr-x    1 0        0               0 Nov 24 11:53 '/'",
    "lrwxrwxrwx    1 0        0               0 Nov 24 11:48 '/bad' -> '../../etc'",
    "-rw-r--r--    1 0        0         5000000 Nov 24 11:48 '/blob'",
    `drwxr-xr-x    1 0        0               0 Nov 24 11:53 '/we ird$x'"'"'y'`,
    `-rw-r--r--    1 0        0               1 Nov 24  2023 '/we ird$x'"'"'y/né`,
    "w[1]*'",
    "crw-r--r--    1 0        0             1,3 Nov 24 11:48 '/null'",
    '',
  ].join('\n');
  assert.deepEqual(parseXorrisoListing(listing), [
    { path: 'bad', type: 'link', sizeBytes: 0, target: '../../etc' },
    { path: 'blob', type: 'file', sizeBytes: 5_000_000 },
    { path: "we ird$x'y", type: 'folder', sizeBytes: 0 },
    { path: "we ird$x'y/né\nw[1]*", type: 'file', sizeBytes: 1 },
    { path: 'null', type: 'device', sizeBytes: 0 },
  ]);
});

test("another program's output is no listing", () => {
  for (const text of ['xorriso : FAILURE : no such drive\n', '-rw-r--r-- 1 root root 5 blob\n', '\0\0\0\n', '{}']) {
    assert.throws(() => parseBsdtarListing(text), SyntaxError);
    assert.throws(() => parseXorrisoListing(text), SyntaxError);
  }
});
