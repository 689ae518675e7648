import { readdirSync } from 'node:fs';
import { Background, type Finished, must, run } from './process.ts';

const PREFIX = 'podboot-test';

/** One end of a cable. Interface names live inside their namespaces, so they may be the field's own: `eno2`. */
export interface Plug {
  readonly namespace: Namespace;
  readonly name: string;
  /** `10.77.0.1/24` */
  readonly address?: string;
  readonly mac?: string;
}

/** A named network namespace: a host of its own as far as the network goes. */
export class Namespace {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  argv(argv: readonly string[]): string[] {
    return ['ip', 'netns', 'exec', this.name, ...argv];
  }

  run(argv: readonly string[], options: { input?: string; timeoutMs?: number } = {}): Finished {
    return run(this.argv(argv), options);
  }

  must(argv: readonly string[], options: { input?: string; timeoutMs?: number } = {}): string {
    return must(this.argv(argv), options);
  }

  /** `ip exec` replaces itself, so that the process which is signalled is the command. */
  background(argv: readonly string[], env: NodeJS.ProcessEnv = {}): Background {
    return new Background(this.argv(argv), { env: { ...process.env, ...env } });
  }

  ip(...argv: string[]): string {
    return must(['ip', '-n', this.name, ...argv]);
  }

  /** IPv4 addresses of an interface, without prefix length. */
  addresses(interfaceName: string): string[] {
    const words = this.ip('-o', '-4', 'addr', 'show', 'dev', interfaceName).matchAll(/inet ([0-9.]+)/g);
    return Array.from(words, (match) => match[1] ?? '');
  }

  processes(): number[] {
    return run(['ip', 'netns', 'pids', this.name]).stdout.split('\n').filter(Boolean).map(Number);
  }
}

/**
 * Namespaces and cables of one test. Their names carry the process's id; `destroy` removes them, and those that a killed
 * run left behind are removed when the next one begins.
 */
export class TestNetwork {
  readonly #namespaces: Namespace[] = [];
  static #count = 0;

  constructor() {
    removeStale();
  }

  namespace(label: string): Namespace {
    TestNetwork.#count += 1;
    const namespace = new Namespace(`${PREFIX}-${process.pid}-${TestNetwork.#count}-${label}`);
    must(['ip', 'netns', 'add', namespace.name]);
    this.#namespaces.push(namespace);
    namespace.must(['sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1']);
    namespace.ip('link', 'set', 'lo', 'up');
    return namespace;
  }

  /** A cable between two namespaces. */
  cable(one: Plug, other: Plug): void {
    const end = (plug: Plug) => [
      'name',
      plug.name,
      'netns',
      plug.namespace.name,
      ...(plug.mac === undefined ? [] : ['address', plug.mac]),
    ];
    must(['ip', 'link', 'add', ...end(one), 'type', 'veth', 'peer', ...end(other)]);
    for (const plug of [one, other]) {
      if (plug.address !== undefined) plug.namespace.ip('addr', 'add', plug.address, 'dev', plug.name);
      plug.namespace.ip('link', 'set', plug.name, 'up');
      // A veth leaves checksums to a card that is not there; clients with raw sockets look at them.
      plug.namespace.run(['ethtool', '-K', plug.name, 'tx', 'off']);
    }
  }

  /** A switch: everything plugged into it shares a link. */
  switch(label: string): (plug: Plug) => void {
    const namespace = this.namespace(label);
    namespace.ip('link', 'add', 'bridge', 'type', 'bridge');
    namespace.ip('link', 'set', 'bridge', 'up');
    let ports = 0;
    return (plug) => {
      ports += 1;
      this.cable(plug, { namespace, name: `port${ports}` });
      namespace.ip('link', 'set', `port${ports}`, 'master', 'bridge');
    };
  }

  /** Ends what still runs in the namespaces and removes them. */
  destroy(): void {
    for (const namespace of this.#namespaces.splice(0)) remove(namespace);
  }
}

function remove(namespace: Namespace): void {
  for (const pid of namespace.processes()) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
  run(['ip', 'netns', 'del', namespace.name]);
}

function removeStale(): void {
  let names: string[];
  try {
    names = readdirSync('/run/netns');
  } catch {
    return;
  }
  for (const name of names) {
    const pid = new RegExp(`^${PREFIX}-(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) remove(new Namespace(name));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
