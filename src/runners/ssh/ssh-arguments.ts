import type { SshSettings } from '../../domain/hand-off.ts';
import { shellLine } from './shell-words.ts';

const CONNECT_SECONDS = 10;
/** A host that dies in the middle is noticed after three of them. */
const ALIVE_SECONDS = 5;

/** For each hop: a key or nothing, and an end where nobody answers. */
const KEYS_ALONE = {
  ConnectTimeout: `${CONNECT_SECONDS}`,
  ServerAliveInterval: `${ALIVE_SECONDS}`,
  ServerAliveCountMax: '3',
  PreferredAuthentications: 'publickey',
  IdentitiesOnly: 'yes',
  ForwardAgent: 'no',
};

/** Whom a connection is for, and how its host key is known. */
export interface SshTarget {
  /** The node's name: its host key is known by it, whatever address it has today. */
  readonly name: string;
  /** Address or host name. */
  readonly address: string;
  readonly settings: SshSettings;
  readonly hostKeys: HostKeyFile;
  /** Of the bastion, where there is one. */
  readonly bastionHostKeys?: HostKeyFile;
}

export interface HostKeyFile {
  /** Absolute path, in known_hosts' form. */
  readonly path: string;
  /** It holds the host's keys, so no other is taken; else the first one is taken and kept. */
  readonly isPinned: boolean;
}

/**
 * Options of OpenSSH's `ssh` that belong to a target, without address, user, port and key: what Ansible wants as
 * `ansible_ssh_common_args` (by `shellLine`, since it splits it as a shell does).
 */
export function sshCommonArguments(target: SshTarget): string[] {
  const { settings } = target;
  return [
    ...options({
      BatchMode: 'yes',
      ...KEYS_ALONE,
      ForwardX11: 'no',
      ...hostKeyOptions(target.name, target.hostKeys),
    }),
    ...(settings.bastion === undefined ? [] : ['-o', `ProxyCommand=${proxyCommand(target)}`]),
  ];
}

/** Everything for `ssh` but what is run there: user, port and key, and nothing of this host's own ssh configuration. */
export function sshArguments(target: SshTarget): string[] {
  const { settings } = target;
  return [
    '-F',
    'none',
    '-T',
    ...sshCommonArguments(target),
    ...options({ LogLevel: 'ERROR', ControlMaster: 'no', ControlPath: 'none', ClearAllForwardings: 'yes' }),
    ...identity(settings.keyFile),
    '-p',
    `${settings.port}`,
    '-l',
    settings.user,
    '--',
    target.address,
  ];
}

/** The hop: ssh's own `-W` through the bastion, with the bastion's user, key and pinned host key. */
function proxyCommand({ settings, bastionHostKeys }: SshTarget): string {
  const { bastion } = settings;
  if (bastion === undefined) return 'none';
  const words = [
    'ssh',
    '-F',
    'none',
    ...options({
      BatchMode: 'yes',
      LogLevel: 'ERROR',
      ...KEYS_ALONE,
      ...(bastionHostKeys === undefined ? {} : hostKeyOptions(bastionName(bastion.host), bastionHostKeys)),
    }),
    ...identity(bastion.keyFile ?? settings.keyFile),
    '-p',
    `${bastion.port}`,
    '-l',
    bastion.user,
  ];
  // Tokens of ProxyCommand begin with %, so one in a path has to be doubled.
  return `${shellLine(words).replaceAll('%', '%%')} -W %h:%p -- ${shellLine([bastion.host]).replaceAll('%', '%%')}`;
}

/** Under which name a bastion's host key is kept. */
export function bastionName(host: string): string {
  return `bastion-${host.toLowerCase().replaceAll(/[^a-z0-9.-]/g, '-')}`;
}

function hostKeyOptions(name: string, { path, isPinned }: HostKeyFile): Record<string, string> {
  return {
    StrictHostKeyChecking: isPinned ? 'yes' : 'accept-new',
    UserKnownHostsFile: quotedPath(path),
    GlobalKnownHostsFile: '/dev/null',
    HostKeyAlias: name,
    HashKnownHosts: 'no',
    UpdateHostKeys: 'no',
    CheckHostIP: 'no',
  };
}

/** ssh splits this option at blanks and reads % as a token. */
function quotedPath(path: string): string {
  const escaped = path.replaceAll('%', '%%');
  return /[\s"\\]/.test(escaped) ? `"${escaped.replaceAll(/["\\]/g, '\\$&')}"` : escaped;
}

function identity(keyFile: string | undefined): string[] {
  // Not by -i: that one looks for the path as it stands, and then reads % in it as a token.
  return keyFile === undefined ? [] : options({ IdentityFile: quotedPath(keyFile), IdentityAgent: 'none' });
}

function options(values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}
