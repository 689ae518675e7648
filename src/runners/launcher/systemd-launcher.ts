import type { Commands } from '../../domain/commands.ts';
import { HostRefused } from '../../domain/errors.ts';
import type { Launcher } from './launcher.ts';
import { smallEnvironment } from './small-environment.ts';
import { wrapperArgv } from './wrapper-argv.ts';

const DEADLINE_MS = 20_000;

/**
 * A transient unit, so with a control group of its own: `systemctl restart podboot` ends everything in the daemon's.
 * The user and group are the daemon's own. `--collect` lets systemd forget a unit that failed; how a run ended, its folder says.
 */
export function systemdRunArgv(
  id: string,
  folder: string,
  user: { readonly uid: number; readonly gid: number },
): string[] {
  const environment = Object.entries(smallEnvironment()).map(([name, value]) => `--setenv=${name}=${value}`);
  return [
    'systemd-run',
    '--quiet',
    '--collect',
    '--no-ask-password',
    `--unit=podboot-${id}`,
    `--description=podboot run ${id}`,
    ...(user.uid === 0 ? [] : [`--uid=${user.uid}`, `--gid=${user.gid}`]),
    '--property=UMask=0077',
    '--property=KillMode=control-group',
    ...environment,
    '--',
    ...wrapperArgv(folder),
  ];
}

export function createSystemdLauncher(commands: Commands): Launcher {
  return {
    kind: 'systemd',
    async launch(id, folder) {
      const user = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
      const result = await commands.run({ argv: systemdRunArgv(id, folder, user), deadlineMs: DEADLINE_MS });
      if (result.end === 'exited' && result.exitCode === 0) return;
      const words = result.stderr.trim() || result.because || `it ended with ${result.exitCode ?? result.end}`;
      throw new HostRefused(
        `systemd takes no unit for the run ${id}: ${words.slice(0, 500)}`,
        'A restart of podboot must not end its runs: it takes either KillMode=process in podboot’s unit, or for its user the right to start transient units (polkit: org.freedesktop.systemd1.manage-units).',
      );
    },
  };
}
