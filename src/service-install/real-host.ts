import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { HostRefused } from '../domain/errors.ts';
import type { InstallHost, Ownership } from './install-host.ts';

const COMMAND_LIMIT_MS = 60_000;

export function createInstallHost(): InstallHost {
  return {
    isRoot: process.geteuid?.() === 0,
    stat(path) {
      const facts = statSync(path, { throwIfNoEntry: false });
      if (facts === undefined) return undefined;
      return {
        isFolder: facts.isDirectory(),
        mode: facts.mode & 0o7777,
        owner: nameOf('passwd', facts.uid),
        group: nameOf('group', facts.gid),
      };
    },
    readText: (path) => orNothing(() => readFileSync(path, 'utf8')),
    readLink: (path) => orNothing(() => readlinkSync(path)),
    writeText(path, text, ownership) {
      const temporary = `${path}.new`;
      mkdirSync(dirname(path), { recursive: true });
      rmSync(temporary, { force: true });
      writeFileSync(temporary, text, { flag: 'wx', mode: 0o600 });
      own(temporary, ownership);
      renameSync(temporary, path);
    },
    makeFolder(path, ownership) {
      mkdirSync(path, { recursive: true });
      own(path, ownership);
    },
    setOwnership: own,
    link(path, target) {
      mkdirSync(dirname(path), { recursive: true });
      rmSync(path, { force: true });
      symlinkSync(target, path);
    },
    remove: (path) => rmSync(path, { force: true }),
    run([program = '', ...rest]) {
      const { status, stdout, stderr, error } = spawnSync(program, rest, {
        encoding: 'utf8',
        timeout: COMMAND_LIMIT_MS,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      return { ok: status === 0, words: (error?.message ?? `${stdout}${stderr}`).trimEnd() };
    },
  };
}

function own(path: string, { mode, owner, group }: Ownership): void {
  chownSync(path, idOf('passwd', owner), idOf('group', group));
  chmodSync(path, mode);
}

/** By getent: users may come from a directory service. */
function entry(database: 'passwd' | 'group', key: string): string[] {
  const { status, stdout } = spawnSync('getent', [database, key], { encoding: 'utf8' });
  return status === 0 ? stdout.split(':') : [];
}

function nameOf(database: 'passwd' | 'group', id: number): string {
  return entry(database, String(id))[0] ?? String(id);
}

function idOf(database: 'passwd' | 'group', name: string): number {
  const id = entry(database, name)[2];
  if (id === undefined) {
    throw new HostRefused(
      `there is no ${database === 'passwd' ? 'user' : 'group'} ${name}`,
      'systemd-sysusers makes it from sysusers.d.',
    );
  }
  return Number(id);
}

function orNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
