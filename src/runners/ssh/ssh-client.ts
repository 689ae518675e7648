import type { CommandResult, Commands } from '../../domain/commands.ts';
import { PodbootError } from '../../domain/errors.ts';
import type { SshSettings } from '../../domain/hand-off.ts';
import type { KnownHosts } from './known-hosts.ts';
import { shellLine } from './shell-words.ts';
import { bastionName, type SshTarget, sshArguments } from './ssh-arguments.ts';
import { sshTrouble } from './ssh-trouble.ts';

/** A host as SSH sees it: `address` is its IPv4 address or a name. */
export interface SshHost {
  readonly name: string;
  readonly address: string;
}

export interface RemoteOptions {
  readonly deadlineMs: number;
  readonly maxOutputBytes?: number;
  readonly input?: string;
  readonly signal?: AbortSignal;
}

/** What a program on another host ended with. */
export interface RemoteResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Ssh {
  target(host: SshHost, settings: SshSettings): SshTarget;
  /**
   * Runs a program there; its words arrive as they are, whatever stands in them.
   * @throws PodbootError `ssh-…` where the connection is at fault (ssh-trouble.ts), `ssh-late`, `ssh-too-much`, `ssh-aborted`
   */
  run(host: SshHost, settings: SshSettings, argv: readonly string[], options: RemoteOptions): Promise<RemoteResult>;
}

/** ssh's own, and sshd's for a program that a signal ended. */
const SSH_FAILED = 255;

export function createSsh(commands: Commands, knownHosts: KnownHosts): Ssh {
  const target = (host: SshHost, settings: SshSettings): SshTarget => ({
    ...host,
    settings,
    hostKeys: knownHosts.of(host.name),
    ...(settings.bastion === undefined ? {} : { bastionHostKeys: knownHosts.of(bastionName(settings.bastion.host)) }),
  });
  return {
    target,
    async run(host, settings, argv, options) {
      if (host.address.startsWith('-')) throw new TypeError(`${host.address} is no address`);
      const result = await commands.run({
        argv: ['ssh', ...sshArguments(target(host, settings)), shellLine(argv)],
        ...options,
      });
      return remoteResult(`${host.name} (${host.address})`, argv[0] ?? '', options, result);
    },
  };
}

function remoteResult(whom: string, program: string, options: RemoteOptions, result: CommandResult): RemoteResult {
  const { end, exitCode, stdout, stderr } = result;
  if (end === 'exited' && exitCode !== undefined) {
    const trouble = exitCode === SSH_FAILED ? sshTrouble(whom, stderr) : undefined;
    if (trouble !== undefined) throw new PodbootError(trouble.code, trouble.message, { mend: trouble.mend });
    return { exitCode, stdout, stderr };
  }
  if (end === 'late') {
    const seconds = Math.round(options.deadlineMs / 1_000);
    throw new PodbootError('ssh-late', `${whom}: ${program} was ended after ${seconds} s`, {
      mend: `Look there whether ${program} hangs, or allow it more time.`,
    });
  }
  if (end === 'too-much') {
    throw new PodbootError('ssh-too-much', `${whom}: ${program} said more than is taken`, {
      mend: `Let ${program} say less, for example by asking it for the one value that is wanted.`,
    });
  }
  if (end === 'aborted') throw new PodbootError('ssh-aborted', `${whom}: ${program} is no longer wanted`);
  if (end === 'not-run') {
    throw new PodbootError('ssh-not-installed', `ssh can’t be run here: ${result.because ?? 'no reason is known'}`, {
      mend: 'Install openssh-client on the host of podboot.',
    });
  }
  throw new PodbootError('ssh-broken', `${whom}: ssh was ended by ${result.because ?? 'a signal'}`, {
    mend: 'Look what ended it on the host of podboot (out of memory?).',
  });
}
