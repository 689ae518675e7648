import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Namespace } from '../harness/namespace.ts';
import { Background, must } from '../harness/process.ts';

/** What busybox' udhcpc hands to its script: `event`, `ip`, `siaddr`, `boot_file`, `lease`, `serverid`, `opt53`, … */
export type UdhcpcLease = Readonly<Record<string, string>>;

/** Writes its environment as one line for each event, and gives the interface its address where `configure` is set. */
const SCRIPT = `#!/bin/sh
[ "$1" = bound ] && [ -n "$UDHCPC_CONFIGURE" ] && ip addr replace "$ip/$mask" dev "$interface"
env | sed 's/\\t/ /g' | tr '\\n' '\\t' >>"$UDHCPC_EVENTS"
printf 'event=%s\\n' "$1" >>"$UDHCPC_EVENTS"
`;

/** busybox' udhcpc on a host's `eno1`: it sends whatever options it is told to, so it can speak as each stage of a boot. */
export class Udhcpc {
  readonly #folder = mkdtempSync(join(tmpdir(), 'podboot-test-udhcpc-'));
  readonly #host: Namespace;

  constructor(host: Namespace) {
    this.#host = host;
    writeFileSync(join(this.#folder, 'script'), SCRIPT);
    chmodSync(join(this.#folder, 'script'), 0o755);
  }

  get events(): UdhcpcLease[] {
    const text = readFileSync(join(this.#folder, 'events'), 'utf8');
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => Object.fromEntries(line.split('\t').map(pair)));
  }

  /** One exchange to its lease, then it quits without a release. Throws where there is no answer in about four seconds. */
  lease(...argv: readonly string[]): UdhcpcLease {
    this.#forget();
    must(this.#host.argv(this.#argv(['-q', '-n', '-t', '3', '-T', '1', ...argv])), { timeoutMs: 20_000 });
    return this.events.find((event) => event.event === 'bound') ?? {};
  }

  /** True where nobody answers. */
  unanswered(...argv: readonly string[]): boolean {
    this.#forget();
    return this.#host.run(this.#argv(['-q', '-n', '-t', '2', '-T', '1', ...argv])).code !== 0;
  }

  /** Stays and renews; SIGUSR1 renews at once, SIGUSR2 releases. */
  stay(...argv: readonly string[]): Background {
    this.#forget();
    return new Background(this.#host.argv(this.#argv(argv)));
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #forget(): void {
    writeFileSync(join(this.#folder, 'events'), '');
  }

  #argv(argv: readonly string[]): string[] {
    const env = [`UDHCPC_EVENTS=${join(this.#folder, 'events')}`, 'UDHCPC_CONFIGURE=yes'];
    return ['env', ...env, 'busybox', 'udhcpc', '-f', '-i', 'eno1', '-s', join(this.#folder, 'script'), ...argv];
  }
}

function pair(text: string): [string, string] {
  const at = text.indexOf('=');
  return [text.slice(0, at), text.slice(at + 1)];
}
