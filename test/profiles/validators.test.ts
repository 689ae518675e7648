import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parse } from 'yaml';
import type { WrittenInstallValues } from '../../src/domain/settings.ts';
import { readyMadeNames } from '../../src/profiles/ready-made.ts';
import { unmet } from '../harness/skip.ts';
import { autoinstallProblems } from './autoinstall-schema.ts';
import { CONTEXT, FULL, fileNamed, KINDS, node, readyMade, rendererOf, SHA512 } from './fixture.ts';
import { kickstartProblems } from './kickstart-schema.ts';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'podboot-validators-'));
  writeFileSync(join(folder, 'hash'), `${SHA512}\n`, { mode: 0o600 });
});
after(() => rmSync(folder, { recursive: true, force: true }));

const profiles = [...readyMadeNames().map(readyMade), ...KINDS];

/** Nothing but what a kind can't do without, and everything at once. */
function sites(): readonly (readonly [string, WrittenInstallValues])[] {
  const secret = { file: join(folder, 'hash') };
  const users = [{ name: 'admin', passwordHash: secret }, ...(FULL.users as readonly object[])];
  return [
    ['the least', { disk: { path: '/dev/nvme0n1' }, mirror: 'http://mirror.example.com/debian' }],
    ['everything', { ...FULL, users, rootPasswordHash: secret }],
  ];
}

function rendered(name: string, kind: string, file: string): readonly (readonly [string, string])[] {
  if (profiles.find((each) => each.name === name)?.kind !== kind) return [];
  return sites().map(([title, site]) => [title, fileNamed(rendererOf({ site }).render(node(), name, CONTEXT), file)]);
}

function run(command: string, argv: readonly string[]): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(command, argv, { encoding: 'utf8', timeout: 30_000 });
  return { status, output: `${stdout}${stderr}` };
}

function written(text: string): string {
  const path = join(folder, 'file');
  writeFileSync(path, text);
  return path;
}

const debconf = unmet({ tools: ['debconf-set-selections'] });
const cloudInit = unmet({ tools: ['cloud-init'] });
const shells = unmet({ tools: ['dash', 'busybox', 'shellcheck'] });

for (const { name, kind } of profiles) {
  if (kind === 'preseed') {
    test(`${name}: debconf reads its preseed file without a word`, { skip: debconf }, () => {
      for (const [title, text] of rendered(name, kind, 'preseed.cfg')) {
        const { status, output } = run('debconf-set-selections', ['-c', written(text)]);
        assert.equal(output, '', title);
        assert.equal(status, 0, title);
      }
    });
  }

  if (kind === 'autoinstall') {
    test(`${name}: its user-data is an autoinstall file, by the schema of subiquity's keys`, () => {
      for (const [title, text] of rendered(name, kind, 'user-data')) {
        assert.ok(text.startsWith('#cloud-config\n'), title);
        assert.deepEqual(autoinstallProblems(parse(text, { version: '1.1' })), [], title);
      }
    });

    test(`${name}: cloud-init takes its seed, and what the system gets at its first boot`, { skip: cloudInit }, () => {
      for (const [title, text] of rendered(name, kind, 'user-data')) {
        const { autoinstall } = parse(text) as { autoinstall: Record<string, unknown> };
        const inner = `#cloud-config\n${JSON.stringify(autoinstall['user-data'])}\n`;
        for (const [what, seed] of [
          ['user-data', inner],
          ['vendor-data', rendered(name, kind, 'vendor-data')[0]![1]],
        ]) {
          const { status, output } = run('cloud-init', ['schema', '--config-file', written(seed!)]);
          assert.equal(status, 0, `${title}, ${what}: ${output}`);
          assert.match(output, /Valid cloud-config/, what);
        }
      }
      for (const [, text] of rendered(name, kind, 'meta-data')) {
        assert.deepEqual(parse(text), { 'instance-id': 'podboot-n1', 'local-hostname': 'dgx01' });
      }
    });
  }

  if (kind === 'kickstart') {
    test(`${name}: its kickstart file has Anaconda's commands and sections, and no other`, () => {
      for (const [title, text] of rendered(name, kind, 'ks.cfg')) assert.deepEqual(kickstartProblems(text), [], title);
    });
  }

  if (kind === 'curtin') {
    test(`${name}: its curtin file is YAML of curtin's keys`, () => {
      const known = ['early_commands', 'storage', 'sources', 'proxy', 'apt', 'grub', 'late_commands'];
      for (const [title, text] of rendered(name, kind, 'curtin.yaml')) {
        const value = parse(text, { version: '1.1' }) as Record<string, { readonly [key: string]: unknown }>;
        assert.deepEqual(
          Object.keys(value).filter((key) => !known.includes(key)),
          [],
          title,
        );
        assert.equal(value.storage?.version, 1);
        assert.deepEqual(value.late_commands, { '90_podboot': ['sh', '/tmp/podboot/late.sh'] });
      }
    });
  }

  test(`${name}: every shell there is takes its scripts, and ShellCheck finds nothing`, { skip: shells }, () => {
    for (const [title, site] of sites()) {
      for (const file of rendererOf({ site }).render(node(), name, CONTEXT)) {
        if (!file.name.endsWith('.sh')) continue;
        const path = written(file.text);
        for (const [shell, ...argv] of [['dash'], ['bash', '--posix'], ['busybox', 'sh']] as const) {
          const { status, output } = run(shell, [...argv, '-n', path]);
          assert.equal(status, 0, `${title}, ${file.name}, ${shell}: ${output}`);
        }
        const { status, output } = run('shellcheck', ['--shell=sh', '--severity=warning', path]);
        assert.equal(status, 0, `${title}, ${file.name}: ${output}`);
      }
    }
  });
}
