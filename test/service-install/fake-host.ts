import type { CommandResult, FileFacts, InstallHost, Ownership } from '../../src/service-install/install-host.ts';

interface FakeFile extends Ownership {
  readonly text?: string;
  readonly target?: string;
}

/** A machine with systemd in memory; its commands do what the real ones would, as far as an installation asks. */
export class FakeHost implements InstallHost {
  isRoot = true;
  readonly files = new Map<string, FakeFile>();
  readonly ran: string[] = [];
  isEnabled = false;
  isActive = false;
  hasUser = false;
  failing: string | undefined;

  constructor() {
    this.makeFolder('/run/systemd/system', { mode: 0o755, owner: 'root', group: 'root' });
    this.writeText('/proc/sys/net/core/rmem_max', '212992', { mode: 0o644, owner: 'root', group: 'root' });
  }

  stat(path: string): FileFacts | undefined {
    const found = this.files.get(path);
    return found === undefined
      ? undefined
      : { ...found, isFolder: found.text === undefined && found.target === undefined };
  }
  readText(path: string): string | undefined {
    return this.files.get(path)?.text;
  }
  readLink(path: string): string | undefined {
    return this.files.get(path)?.target;
  }
  writeText(path: string, text: string, ownership: Ownership): void {
    this.files.set(path, { ...ownership, text });
  }
  makeFolder(path: string, ownership: Ownership): void {
    this.files.set(path, ownership);
  }
  setOwnership(path: string, ownership: Ownership): void {
    this.files.set(path, { ...this.files.get(path), ...ownership });
  }
  link(path: string, target: string): void {
    this.files.set(path, { mode: 0o777, owner: 'root', group: 'root', target });
  }
  remove(path: string): void {
    this.files.delete(path);
  }

  run(argv: readonly string[]): CommandResult {
    const line = argv.join(' ');
    if (this.failing !== undefined && line.startsWith(this.failing)) return { ok: false, words: 'it would not' };
    if (line.startsWith('getent')) return { ok: this.hasUser, words: '' };
    if (line.startsWith('systemctl is-enabled'))
      return { ok: this.isEnabled, words: this.isEnabled ? 'enabled' : 'disabled' };
    if (line.startsWith('systemctl is-active')) return { ok: this.isActive, words: '' };
    if (line.startsWith('systemctl show'))
      return { ok: true, words: this.ran.includes('systemctl daemon-reload') ? 'no' : 'yes' };
    this.ran.push(line);
    if (line.startsWith('systemd-sysusers')) this.hasUser = true;
    if (line.startsWith('sysctl'))
      this.writeText('/proc/sys/net/core/rmem_max', '4194304', { mode: 0o644, owner: 'root', group: 'root' });
    if (line.startsWith('systemctl enable')) this.isEnabled = true;
    if (line.startsWith('systemctl disable')) {
      this.isEnabled = false;
      this.isActive = false;
    }
    return { ok: true, words: '' };
  }
}
