import type { Commands } from '../../domain/commands.ts';
import { PodbootError } from '../../domain/errors.ts';
import type { SshSettings } from '../../domain/hand-off.ts';
import type { RemoteResult, Ssh, SshHost } from '../ssh/ssh-client.ts';

export interface ProgramOptions {
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
}

/** Slurm's programs, here or on a login node. Rejects with PodbootError `slurm-unreachable`. */
export type SlurmPrograms = (argv: readonly string[], options: ProgramOptions) => Promise<RemoteResult>;

/** The state of 1,000 nodes as JSON is about 1.5 MiB. */
const MAX_OUTPUT_BYTES = 16 << 20;

/** @param config of the cluster, where it is not /etc/slurm/slurm.conf */
export function localSlurm(commands: Commands, config?: string): SlurmPrograms {
  return async (argv, options) => {
    const [program = ''] = argv;
    const result = await commands.run({
      argv,
      ...options,
      maxOutputBytes: MAX_OUTPUT_BYTES,
      ...(config === undefined ? {} : { env: { SLURM_CONF: config } }),
    });
    if (result.end === 'exited' && result.exitCode !== undefined) {
      return { exitCode: result.exitCode, stdout: result.stdout, stderr: result.stderr };
    }
    if (result.end === 'not-run') {
      throw unreachable(`${program} can’t be run here: ${result.because ?? 'no reason is known'}`);
    }
    const seconds = Math.round(options.deadlineMs / 1_000);
    const how = { late: `gave no answer in ${seconds} s`, 'too-much': 'said too much', aborted: 'is no longer wanted' };
    const { end } = result;
    const why = end === 'late' || end === 'too-much' || end === 'aborted' ? how[end] : `was ended by ${result.because}`;
    throw unreachable(`${program} ${why}`);
  };
}

export function remoteSlurm(ssh: Ssh, login: SshHost, settings: SshSettings, config?: string): SlurmPrograms {
  const env = ['env', 'LC_ALL=C', ...(config === undefined ? [] : [`SLURM_CONF=${config}`])];
  return async (argv, options) => {
    let result: RemoteResult;
    try {
      result = await ssh.run(login, settings, [...env, ...argv], { ...options, maxOutputBytes: MAX_OUTPUT_BYTES });
    } catch (error) {
      if (!(error instanceof PodbootError)) throw error;
      throw new PodbootError('slurm-unreachable', `Slurm’s login node ${error.message}`, {
        cause: error,
        ...(error.mend === undefined ? {} : { mend: error.mend }),
      });
    }
    // env(1): the program was not found, or can't be run.
    if (result.exitCode === 127 || result.exitCode === 126) {
      throw unreachable(`${argv[0]} can’t be run on ${login.name}: ${result.stderr.trim().slice(0, 200)}`);
    }
    return result;
  };
}

function unreachable(message: string): PodbootError {
  return new PodbootError('slurm-unreachable', message, {
    mend: 'Check that Slurm’s client programs are installed and slurm.conf names the cluster (scontrol ping), or name a login node under schedulers.slurm.login.',
  });
}
