import type { CommandResult, Commands } from '../../domain/commands.ts';
import type { SshSettings } from '../../domain/hand-off.ts';
import type { HostKeyProbe, HostKeyVerdict } from '../../domain/install-ports.ts';
import { formatIpv4 } from '../../domain/ipv4.ts';
import type { Node } from '../../domain/node.ts';
import type { KnownHosts } from './known-hosts.ts';
import { bastionName, sshArguments } from './ssh-arguments.ts';
import { sshTrouble } from './ssh-trouble.ts';

const DEADLINE_MS = 20_000;
const MAX_OUTPUT_BYTES = 16 * 1024;

export interface HostKeyProbeParts {
  readonly commands: Commands;
  readonly knownHosts: KnownHosts;
  /** User, port and key by which a node is reached. */
  readonly settings: (node: Node) => SshSettings;
}

/**
 * Asks with OpenSSH's client, with the host keys pinned and no other taken. Whether the user is let in does not matter: a
 * server that refuses him has proven before that it holds the key (RFC 4253 section 8, RFC 4252 section 5).
 */
export function createHostKeyProbe({ commands, knownHosts, settings }: HostKeyProbeParts): HostKeyProbe {
  return {
    async look(node, address, hostKeys, signal) {
      const to = formatIpv4(address);
      const ssh = settings(node);
      try {
        // Keys that were pinned before are of another installation.
        if (!knownHosts.pin(node.name, hostKeys))
          return { verdict: 'unable', text: `${node.name} told of no SSH host key that is one` };
        const bastion =
          ssh.bastion === undefined ? {} : { bastionHostKeys: knownHosts.of(bastionName(ssh.bastion.host)) };
        const target = { name: node.name, address: to, settings: ssh, hostKeys: knownHosts.of(node.name), ...bastion };
        const argv = ['ssh', ...sshArguments(target), 'true'];
        const limits = { deadlineMs: DEADLINE_MS, maxOutputBytes: MAX_OUTPUT_BYTES, signal };
        return verdictOf(node.name, to, ssh.user, await commands.run({ argv, ...limits }));
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        return { verdict: 'unable', text: `${node.name} can’t be asked by SSH for its host key: ${why}` };
      }
    },
  };
}

/** What an ssh that was to run `true` ended with. */
export function verdictOf(name: string, address: string, user: string, result: CommandResult): HostKeyVerdict {
  const { end, exitCode, stderr, because } = result;
  if (end === 'not-run') {
    return { verdict: 'unable', text: `ssh can’t be run here: ${because ?? 'no reason is known'}` };
  }
  // sshconnect2.c says it of the host that was asked; a bastion's refusal has the bastion's name.
  const isRefused = stderr.includes(`${user}@${address}: Permission denied (`);
  if (end === 'exited' && (exitCode === 0 || isRefused)) {
    const text = `${name} answers by SSH at ${address} with a host key that its installer told of: it runs from its disk`;
    return { verdict: 'proven', text };
  }
  const code = end === 'exited' ? sshTrouble(name, stderr)?.code : undefined;
  if (code === 'ssh-host-key-changed' || code === 'ssh-host-key-unknown') {
    const text = `who answers by SSH at the address of ${name}, ${address}, has none of the host keys that its installer told of: it is not the system that was installed`;
    return { verdict: 'other-key', text };
  }
  return { verdict: 'no-answer', text: `${name} does not answer by SSH at ${address}` };
}
