import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fakeInitrd, fakeKernel, ISO_TOOLS, makeIso, ubuntu } from '../assets/media.ts';
import { TestNetwork } from '../harness/namespace.ts';
import { run } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const DATA = '/var/lib/podboot';
const skip = unmet({ root: true, tools: ['ip', 'unshare', 'bash', 'npm', ...ISO_TOOLS] });
/** What `npm start` and `npm test` do is tried by themselves. */
const ELSEWHERE = /^npm (start|test)\b/;

const folder = mkdtempSync(join(tmpdir(), 'podboot-readme-'));
const network = new TestNetwork();
const hadData = existsSync(DATA);
after(() => {
  network.destroy();
  rmSync(folder, { recursive: true, force: true });
  if (!hadData && existsSync(DATA)) rmdirSync(DATA);
});

/** Lines of README's blocks that are commands, in their order. */
function commands(): string[] {
  const blocks = readFileSync(join(ROOT, 'README.md'), 'utf8')
    .split(/^```\n/m)
    .filter((_, index) => index % 2 === 1);
  return blocks
    .filter((block) => /^(npm|bin\/podboot|sudo|export|\$)/.test(block))
    .flatMap((block) => block.trim().split('\n'))
    .filter((line) => !ELSEWHERE.test(line));
}

/** A command as it stands there, with what a person does around it. */
function asPersonWould(line: string): string {
  if (/ serve /.test(line)) {
    const token = `install -m 600 ${DATA}/first-token ~/.podboot-token`;
    return `${line} >serve.log 2>&1 &\nuntil bin/podboot health >/dev/null 2>&1; do kill -0 $! || { cat serve.log; exit 1; }; sleep 0.2; done\n${token}`;
  }
  if (/ --follow/.test(line)) return `timeout 3 ${line} || [ $? = 124 ]`;
  // "then without --dry-run"
  if (/enrol pod\.csv --dry-run/.test(line)) return `${line}\nbin/podboot enrol pod.csv`;
  return line;
}

/** What the file says after a person was in it. */
const EDITED = `
profiles:
  rescue: { kind: live, kernel: debian/linux, initrds: [debian/initrd.gz] }
  ubuntu: { kind: preseed, kernel: debian/linux, initrds: [debian/initrd.gz] }
install: { values: { mirror: 'http://10.77.0.1/debian' } }
`;

test('README’s commands do what it says, in its order, as they are written there', {
  skip,
  timeout: 180_000,
}, async () => {
  for (const name of ['bin', 'src', 'boot-assets', 'docs']) symlinkSync(join(ROOT, name), join(folder, name));
  // `npm run setup` may delete node_modules: it is given a folder of its own, which is up to date, never a link to ours.
  for (const name of ['scripts', 'package.json', 'package-lock.json'])
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  mkdirSync(join(folder, 'node_modules'));
  const stamp = join(folder, 'node_modules', '.package-lock.json');
  writeFileSync(stamp, '');
  const later = new Date(Date.now() + 60_000);
  utimesSync(stamp, later, later);
  writeFileSync(join(folder, 'edited'), EDITED);
  const rows = Array.from({ length: 32 }, (_, index) => {
    const number = String(index + 1).padStart(2, '0');
    return `dgx${number},52:54:00:77:00:${(index + 1).toString(16).padStart(2, '0')}`;
  });
  writeFileSync(join(folder, 'pod.csv'), `name,mac\n${rows.join('\n')}\n`);
  await makeIso(folder, ubuntu(), { name: 'ubuntu-24.04-live-server-amd64.iso' });
  mkdirSync(join(folder, 'shims'));
  writeFileSync(join(folder, 'shims', 'sudo'), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
  writeFileSync(join(folder, 'shims', 'edit'), '#!/bin/sh\ncat edited >>"$1"\n', { mode: 0o755 });
  mkdirSync(join(folder, 'media'));
  writeFileSync(join(folder, 'media', 'linux'), fakeKernel('amd64'));
  writeFileSync(join(folder, 'media', 'initrd.gz'), fakeInitrd());

  const server = network.namespace('readme');
  network.cable(
    { namespace: server, name: 'eno2', address: '10.77.0.1/24' },
    { namespace: network.namespace('pod'), name: 'eno1' },
  );
  if (!hadData) mkdirSync(DATA);
  const lines = commands();
  assert.ok(lines.length >= 12, lines.join('\n'));
  const script = [
    'set -eu',
    `cd ${folder}`,
    `export HOME=${folder} EDITOR=edit PATH=${folder}/shims:${ROOT}node_modules/.bin:$PATH`,
    // A data folder of its own, whatever is on this host.
    `mount -t tmpfs tmpfs ${DATA}`,
    `mkdir -p ${DATA}/assets/debian && cp media/* ${DATA}/assets/debian`,
    "trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT",
    ...lines.map((line) => `echo ${JSON.stringify(`+ ${line}`).replaceAll('$', '\\$')}\n${asPersonWould(line)}`),
  ].join('\n');
  const argv = server.argv(['unshare', '--mount', '--propagation', 'private', 'bash', '-c', script]);
  const { code, stdout, stderr } = run(argv, { timeoutMs: 150_000 });
  assert.equal(code, 0, `${stdout}${stderr}`.slice(-3_000));
  assert.match(stdout, /dgx32|32 would/, stdout);
});
