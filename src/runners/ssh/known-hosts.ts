import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostKeyFile } from './ssh-arguments.ts';

const NAME = /^[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?$/;
const PUBLIC_KEY = /^(?:ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+(?: .*)?$/;

/**
 * podboot's own known_hosts: a folder with one file for each host. A file for all would lose a line whenever one host's keys
 * are dropped while ssh notes another's.
 */
export class KnownHosts {
  readonly #folder: string;

  /** @param folder absolute path, made at the first use: `<dataDir>/known_hosts` */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws TypeError for a name that is no host name */
  of(name: string): HostKeyFile {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const path = this.#path(name);
    return { path, isPinned: statSync(path, { throwIfNoEntry: false })?.isFile() === true };
  }

  /**
   * Only these from now on: what the installed system told of itself. An answer without a single good key pins nothing.
   * @param keys public halves, as in `/etc/ssh/ssh_host_*_key.pub`
   * @returns whether one of them is good
   */
  pin(name: string, keys: readonly string[]): boolean {
    const good = keys.map((key) => key.trim()).filter((key) => PUBLIC_KEY.test(key));
    if (good.length === 0) return false;
    const { path } = this.of(name);
    const text = good.map((key) => `${name} ${key.split(' ').slice(0, 2).join(' ')}\n`).join('');
    if (textOf(path) === text) return true;
    const temporary = `${path}.${process.pid}.tmp`;
    writeFileSync(temporary, text, { mode: 0o600 });
    renameSync(temporary, path);
    return true;
  }

  /** After an installation or a replacement: the next contact is the first one again. */
  forget(name: string): void {
    rmSync(this.#path(name), { force: true });
  }

  #path(name: string): string {
    if (!NAME.test(name)) throw new TypeError(`${JSON.stringify(name)} is no host name`);
    return join(this.#folder, name);
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
