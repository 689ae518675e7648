import type { RunHost, SshSettings } from '../../domain/hand-off.ts';
import { shellLine } from '../ssh/shell-words.ts';
import { bastionName, type HostKeyFile, sshCommonArguments } from '../ssh/ssh-arguments.ts';
import type { HostKeys, Variables } from './inventory.ts';

const OWN_NAME = '{{ inventory_hostname }}';

export interface ConnectionVariables {
  /** For all hosts. */
  readonly vars: Variables;
  /** For those that differ from most. */
  readonly hostVars: ReadonlyMap<string, Variables>;
}

/**
 * User, port, key, pinned host keys and bastion. Arguments of most hosts differ in the host's name alone, so one line with
 * `{{ inventory_hostname }}` serves all of them; those whose key is not known yet have their own.
 */
export function connectionVariables(input: {
  readonly hosts: readonly RunHost[];
  readonly ssh: SshSettings;
  readonly hostKeys: HostKeys;
}): ConnectionVariables {
  const { hosts, ssh, hostKeys } = input;
  const bastionHostKeys = ssh.bastion === undefined ? undefined : hostKeys.of(bastionName(ssh.bastion.host));
  const lines = new Map(
    hosts.map(({ name }) => {
      const words = sshCommonArguments({
        name: OWN_NAME,
        address: '',
        settings: ssh,
        hostKeys: withOwnName(hostKeys.of(name), name),
        ...(bastionHostKeys === undefined ? {} : { bastionHostKeys }),
      });
      return [name, shellLine(words)] as const;
    }),
  );
  const usual = mostFrequent([...lines.values()]);
  return {
    vars: {
      ansible_user: ssh.user,
      ...(ssh.port === 22 ? {} : { ansible_port: ssh.port }),
      ...(ssh.keyFile === undefined ? {} : { ansible_ssh_private_key_file: ssh.keyFile }),
      ...(usual === undefined ? {} : { ansible_ssh_common_args: usual }),
    },
    hostVars: new Map(
      [...lines]
        .filter(([, line]) => line !== usual)
        .map(([name, line]) => [name, { ansible_ssh_common_args: line }] as const),
    ),
  };
}

function withOwnName({ path, isPinned }: HostKeyFile, name: string): HostKeyFile {
  return { isPinned, path: path.endsWith(`/${name}`) ? path.slice(0, -name.length) + OWN_NAME : path };
}

/** The first of those that are met most often. */
function mostFrequent(values: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  let best: string | undefined;
  for (const [value, count] of counts) {
    if (best === undefined || count > (counts.get(best) ?? 0)) best = value;
  }
  return best;
}
