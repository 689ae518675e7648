import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { isAlive } from './processes.ts';
import type { RehearsalNetwork } from './rehearsal-network.ts';

const run = promisify(execFile);

const PREFIX = 'podboot-rh';
const SERVER = '10.177.0.1';
const GATEWAY = '10.177.0.2';
/** The machines' half: the other one must not be local to them, or they could not reach the server. */
const MACHINES = '10.177.128.0/17';

async function ip(...argv: readonly string[]): Promise<string> {
  const { stdout } = await run('ip', [...argv], { timeout: 10_000 });
  return stdout;
}

/**
 * Two namespaces and the cable between them: the daemon's with its ordinary ports, and the machines'. The latter takes
 * a whole block for its own addresses (AnyIP), so that each machine uses the one that it is leased.
 * Rejects where the host does not let us (no CAP_SYS_ADMIN in a container, no `ip`).
 */
export async function openNamespaces(pid = process.pid): Promise<RehearsalNetwork> {
  await removeStaleNamespaces();
  const server = `${PREFIX}-${pid}-srv`;
  const machines = `${PREFIX}-${pid}-pod`;
  try {
    for (const name of [server, machines]) {
      await ip('netns', 'add', name);
      await ip('-n', name, 'link', 'set', 'lo', 'up');
    }
    await ip('link', 'add', 'pod', 'netns', server, 'type', 'veth', 'peer', 'name', 'eno1', 'netns', machines);
    await ip('-n', server, 'addr', 'add', `${SERVER}/16`, 'dev', 'pod');
    await ip('-n', server, 'link', 'set', 'pod', 'up');
    await ip('-n', machines, 'link', 'set', 'eno1', 'up');
    await ip('-n', machines, 'route', 'add', `${SERVER}/32`, 'dev', 'eno1');
    await ip('-n', machines, 'route', 'add', 'local', MACHINES, 'dev', 'lo');
    // To the server they are behind one neighbour: a reply to any of them goes to the one card that they share, before
    // it has an address as well as after, and thousands do not overflow the host's table of neighbours.
    await ip('-n', machines, 'route', 'add', 'local', `${GATEWAY}/32`, 'dev', 'lo');
    await ip('-n', server, 'route', 'add', MACHINES, 'via', GATEWAY, 'dev', 'pod');
  } catch (error) {
    await removeNamespaces([server, machines]);
    throw error;
  }
  const enter = (name: string) => (command: readonly string[]) => ['ip', 'netns', 'exec', name, ...command];
  return {
    description: `two network namespaces of its own, ${server} and ${machines}`,
    server: {
      interfaceName: 'pod',
      address: SERVER,
      subnet: '10.177.0.0/16',
      pool: '10.177.128.1-10.177.255.254',
      dhcpPort: 67,
      proxyPort: 4011,
      tftpPort: 69,
      httpPort: 80,
      argv: enter(server),
    },
    machines: { interfaceName: 'eno1', argv: enter(machines) },
    close: () => removeNamespaces([server, machines]),
  };
}

async function removeNamespaces(names: readonly string[]): Promise<void> {
  for (const name of names) {
    const pids = await ip('netns', 'pids', name).catch(() => '');
    for (const pid of pids
      .split('\n')
      .map(Number)
      .filter((each) => each > 0)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
    await ip('netns', 'del', name).catch(() => '');
  }
}

/** Those whose rehearsal was killed before it could tidy up. */
async function removeStaleNamespaces(): Promise<void> {
  let names: readonly string[];
  try {
    names = readdirSync('/run/netns');
  } catch {
    return;
  }
  const stale = names.filter((name) => {
    const pid = /^podboot-rh-(\d+)-(srv|pod)$/.exec(name)?.[1];
    return pid !== undefined && !isAlive(Number(pid));
  });
  await removeNamespaces(stale);
}
