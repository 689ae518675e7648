import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Namespace } from '../harness/namespace.ts';
import { unmet } from '../harness/skip.ts';
import { SERVER, SITE, Site } from './site.ts';

const skip = unmet({ root: true, tools: ['ip', 'curl'] });
const SECRET = 'nobody may read this';

let site: Site;
let host: Namespace;

before(async () => {
  if (skip !== false) return;
  site = await Site.up(SITE, { 'boot/linux': 'a kernel' });
  const { folder, assets } = site.daemon;
  writeFileSync(join(folder, 'secret'), SECRET);
  writeFileSync(`${assets}-secret`, SECRET);
  symlinkSync(join(folder, 'secret'), join(assets, 'link'));
  symlinkSync(folder, join(assets, 'folder-link'));
  symlinkSync('linux', join(assets, 'boot', 'inside'));
  mkdirSync(join(assets, 'folder'));
  host = site.client('52:54:00:77:00:a2', '10.77.0.21/24');
});
after(() => site?.[Symbol.asyncDispose]());

const ATTEMPTS = [
  '../secret',
  '../assets-secret',
  'boot/../../secret',
  './../secret',
  '/../secret',
  '//../secret',
  'boot/..//../secret',
  '..\\secret',
  'boot\\..\\..\\secret',
  '%2e%2e/secret',
  '..%2fsecret',
  '%2e%2e%2fsecret',
  '..%c0%afsecret',
  'link',
  'folder-link/secret',
  '/etc/passwd',
  '../../../../../../etc/passwd',
  'folder',
  '',
  '.',
  '..',
];

function fetch(url: string): { code: number | null; stdout: string } {
  return host.run(['curl', '-sS', '-m', '5', '--path-as-is', url], { timeoutMs: 10_000 });
}

for (const name of ATTEMPTS) {
  test(`TFTP: ${JSON.stringify(name)} names nothing`, { skip }, () => {
    // curl decodes one level of % in a tftp URL: encode it again, so that the server sees the name as it stands here.
    const result = fetch(`tftp://${SERVER}/${name.replaceAll('%', '%25').replaceAll('\\', '%5C')}`);
    assert.notEqual(result.code, 0, result.stdout);
    assert.equal(result.stdout, '');
  });
  test(`HTTP: ${JSON.stringify(name)} names nothing`, { skip }, () => {
    const result = host.run(
      [
        'curl',
        '-sS',
        '-m',
        '5',
        '--path-as-is',
        '-w',
        '\n%{http_code}',
        `http://${SERVER}/assets/${name.replaceAll('\\', '%5C')}`,
      ],
      { timeoutMs: 10_000 },
    );
    assert.equal(result.code, 0, result.stdout);
    assert.match(result.stdout, /\n4\d\d$/);
    assert.doesNotMatch(result.stdout, /nobody may read|root:/);
  });
}

test('a link that stays inside the assets is served', { skip }, () => {
  assert.equal(fetch(`tftp://${SERVER}/boot/inside`).stdout, 'a kernel');
});

test('GRUB writes names with a leading slash, shim with two: they are the same file', { skip }, () => {
  assert.equal(fetch(`tftp://${SERVER}//boot/linux`).stdout, 'a kernel');
  assert.equal(fetch(`tftp://${SERVER}///boot/linux`).stdout, 'a kernel');
});

test('nothing can be written', { skip }, () => {
  const result = host.run(['curl', '-sS', '-m', '5', '-T', '/etc/hostname', `tftp://${SERVER}/boot/linux`], {
    timeoutMs: 10_000,
  });
  assert.notEqual(result.code, 0);
  assert.equal(fetch(`tftp://${SERVER}/boot/linux`).stdout, 'a kernel');
});

test('a name that is not there is refused at once, and told once', { skip }, async () => {
  const begun = performance.now();
  assert.notEqual(fetch(`tftp://${SERVER}/revocations_sku.efi`).code, 0);
  assert.ok(performance.now() - begun < 2000, 'an answer, not a time-out');
  await site.daemon.logged((line) => line.type === 'tftp.not-found', 'it is in the log');
});
