import { PodbootError } from '../../domain/errors.ts';
import type { Obstacle, RunHost, SshSettings } from '../../domain/hand-off.ts';
import { formatIpv4 } from '../../domain/ipv4.ts';
import type { Ssh } from '../ssh/ssh-client.ts';

const PROBE_MS = 20_000;
/** ssh processes at once: each is some 10 MB. */
const AT_ONCE = 16;
/** Container images and packages of a node of Kubernetes, at the least. */
const NEEDED_MIB = 4 * 1024;
/** sudo must not ask; Ansible's modules need a Python. `df` of where packages and images are kept. */
const PROBE = 'sudo -n true 2>&1 || exit 77; df -Pm /var 2>/dev/null | tail -n 1';

export interface Reach {
  readonly host: string;
  /** Nobody answers, or somebody else does. */
  readonly isReached: boolean;
  readonly obstacles: readonly Obstacle[];
}

/** Looks whether Ansible will get into hosts: address, host key, login, sudo, and space to work in. */
export async function probeReach(
  hosts: readonly RunHost[],
  settings: SshSettings,
  ssh: Ssh,
  needs: { readonly sudo: boolean },
): Promise<readonly Reach[]> {
  const results = new Map<string, Reach>();
  const open = [...hosts];
  const worker = async () => {
    for (let host = open.shift(); host !== undefined; host = open.shift()) {
      results.set(host.name, await probe(host, settings, ssh, needs.sudo));
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, hosts.length) }, worker));
  return hosts.flatMap(({ name }) => results.get(name) ?? []);
}

async function probe(host: RunHost, settings: SshSettings, ssh: Ssh, needsSudo: boolean): Promise<Reach> {
  const { name, address } = host;
  // Told with the inventory.
  if (address === undefined) return { host: name, isReached: false, obstacles: [] };
  const obstacle = (code: string, message: string, mend: string): Obstacle => ({ code, host: name, message, mend });
  try {
    const target = { name, address: formatIpv4(address) };
    const argv = ['sh', '-c', needsSudo ? PROBE : PROBE.slice(PROBE.indexOf('df'))];
    const { exitCode, stdout } = await ssh.run(target, settings, argv, { deadlineMs: PROBE_MS });
    if (exitCode === 77) {
      const said = stdout.trim().split('\n')[0]?.slice(0, 120) ?? '';
      const message = `${settings.user} may not use sudo on ${name} without a password${said === '' ? '' : `: ${said}`}`;
      const mend = `Write /etc/sudoers.d/${settings.user} there: ${settings.user} ALL=(ALL) NOPASSWD: ALL; or set becomePasswordFile.`;
      return { host: name, isReached: true, obstacles: [obstacle('no-sudo', message, mend)] };
    }
    const freeMib = Number(stdout.trim().split(/\s+/)[3]);
    if (Number.isFinite(freeMib) && freeMib < NEEDED_MIB) {
      const message = `${name} has ${freeMib} MiB left in /var; packages and images need ${NEEDED_MIB}`;
      return { host: name, isReached: true, obstacles: [obstacle('host-disk-full', message, 'Make room there.')] };
    }
    return { host: name, isReached: true, obstacles: [] };
  } catch (error) {
    if (!(error instanceof PodbootError)) throw error;
    const mend = error.mend ?? `Try ssh ${settings.user}@${formatIpv4(address)} from here.`;
    return { host: name, isReached: false, obstacles: [obstacle(error.code, error.message, mend)] };
  }
}
