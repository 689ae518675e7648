import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { debianRoot } from './debian-root.ts';
import type { Namespace } from './namespace.ts';
import { Background, type Finished, run, until } from './process.ts';

const ENVIRONMENT = [
  'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  'HOME=/root',
  'LC_ALL=C.UTF-8',
];

/** A host of its own with systemd as its process 1, in a folder and a network namespace, by systemd-nspawn. */
export class SystemHost {
  readonly root: string;
  readonly #nspawn: Background;
  readonly #leader: number;

  private constructor(root: string, nspawn: Background, leader: number) {
    this.root = root;
    this.#nspawn = nspawn;
    this.#leader = leader;
  }

  /** Resolves when its systemd says that it is up. */
  static async boot(namespace: Namespace): Promise<SystemHost> {
    const root = debianRoot();
    // Without a terminal of its own, nspawn's systemd waits for one.
    const command = `exec systemd-nspawn -q -D ${root} --register=no --keep-unit --network-namespace-path=/run/netns/${namespace.name} -b`;
    const nspawn = new Background(['setsid', '--wait', 'script', '-qec', command, '/dev/null']);
    const host = await SystemHost.#whenUp(root, nspawn);
    return host;
  }

  static async #whenUp(root: string, nspawn: Background): Promise<SystemHost> {
    let host: SystemHost | undefined;
    await until(
      () => {
        const [parent] = run(['pgrep', '-f', `^systemd-nspawn -q -D ${root} `])
          .stdout.trim()
          .split('\n');
        const [leader] = parent ? run(['pgrep', '-P', parent]).stdout.trim().split('\n') : [];
        if (!leader) return false;
        host = new SystemHost(root, nspawn, Number(leader));
        return /running|degraded/.test(host.run(['systemctl', 'is-system-running']).stdout);
      },
      { what: 'systemd is up', timeoutMs: 60_000, everyMs: 300, evidence: () => nspawn.output },
    );
    return host as SystemHost;
  }

  argv(argv: readonly string[]): string[] {
    return ['nsenter', '-t', String(this.#leader), '-a', 'env', '-i', ...ENVIRONMENT, ...argv];
  }

  run(argv: readonly string[], timeoutMs = 120_000): Finished {
    return run(this.argv(argv), { timeoutMs });
  }

  /** @throws with what it said and the service's journal */
  must(...argv: string[]): string {
    const { code, stdout, stderr } = this.run(argv);
    if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}: ${stderr}${stdout}\n${this.journal(40)}`);
    return stdout;
  }

  /** A property of podboot.service. */
  property(name: string): string {
    return this.run(['systemctl', 'show', '--value', `--property=${name}`, 'podboot']).stdout.trim();
  }

  journal(lines: number): string {
    return this.run(['journalctl', '--no-pager', '-o', 'cat', '-u', 'podboot', '-n', String(lines)]).stdout;
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8');
  }

  write(path: string, text: string): void {
    writeFileSync(join(this.root, path), text);
  }

  /** Killed from outside, nspawn leaves its processes behind. */
  async powerOff(): Promise<void> {
    this.run(['systemctl', 'poweroff']);
    const ended = await Promise.race([
      this.#nspawn.exited.then(() => true),
      new Promise<false>((resolve) => setTimeout(resolve, 40_000, false).unref()),
    ]);
    if (!ended) run(['kill', '-9', String(this.#leader)]);
    await this.#nspawn.stop();
    rmSync(this.root, { recursive: true, force: true });
  }
}
