import { readFileSync } from 'node:fs';
import type { Commands } from '../../domain/commands.ts';
import { createDetachedLauncher } from './detached-launcher.ts';
import type { Launcher } from './launcher.ts';
import { createSystemdLauncher } from './systemd-launcher.ts';

const DEADLINE_MS = 10_000;

export interface HostSigns {
  /** systemd sets INVOCATION_ID for each start of a unit; a shell within a unit has it too. */
  readonly invocationId?: string;
  /** /proc/self/cgroup. */
  readonly controlGroups: string;
}

/** Name of the service that systemd runs us as; undefined in a terminal, in a container, under another supervisor. */
export function serviceUnit({ invocationId, controlGroups }: HostSigns): string | undefined {
  if (invocationId === undefined || invocationId === '') return undefined;
  const names = controlGroups
    .split('\n')
    .flatMap((line) => /\/([^/]+\.service)(?:\/|$)/.exec(line.slice(line.lastIndexOf(':') + 1))?.slice(1) ?? []);
  // A user's own systemd is one too, and ends what a login session started: `user@1000.service` is none of ours.
  return names.find((name) => !name.startsWith('user@'));
}

/**
 * As a service whose control group is ended as a whole (KillMode=control-group, systemd's default), runs need units of their
 * own; where only the daemon's process is ended (KillMode=process, as in podboot's own unit) and elsewhere, a session will do.
 */
export async function chooseLauncher(commands: Commands, signs: HostSigns = hostSigns()): Promise<Launcher> {
  const unit = serviceUnit(signs);
  if (unit === undefined) return createDetachedLauncher();
  const argv = ['systemctl', 'show', '--property=KillMode', '--value', unit];
  const { stdout } = await commands.run({ argv, deadlineMs: DEADLINE_MS });
  return /^(process|none)$/.test(stdout.trim()) ? createDetachedLauncher() : createSystemdLauncher(commands);
}

function hostSigns(): HostSigns {
  const invocationId = process.env.INVOCATION_ID;
  let controlGroups = '';
  try {
    controlGroups = readFileSync('/proc/self/cgroup', 'utf8');
  } catch {
    // No /proc: then no systemd either.
  }
  return { ...(invocationId === undefined ? {} : { invocationId }), controlGroups };
}
