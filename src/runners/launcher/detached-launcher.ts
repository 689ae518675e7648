import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { HostRefused } from '../../domain/errors.ts';
import type { Launcher } from './launcher.ts';
import { smallEnvironment } from './small-environment.ts';
import { wrapperArgv } from './wrapper-argv.ts';

/**
 * A session of its own: it survives the daemon, a signal to the daemon's process group, and the end of its terminal. It does
 * not survive systemd, which ends a whole control group, nor the end of a container.
 */
export function createDetachedLauncher(): Launcher {
  return {
    kind: 'detached',
    async launch(_id, folder) {
      const [program = '', ...rest] = wrapperArgv(folder);
      const words = openSync(join(folder, 'wrapper.log'), 'a', 0o600);
      try {
        const child = spawn(program, rest, {
          cwd: '/',
          env: smallEnvironment(),
          detached: true,
          stdio: ['ignore', words, words],
        });
        await new Promise<void>((resolve, reject) => {
          child.once('spawn', resolve);
          child.once('error', (error) =>
            reject(
              new HostRefused(
                `a run could not be started: ${error.message}`,
                'Is there memory, and may podboot have more processes? systemctl status podboot; ulimit -u',
                error,
              ),
            ),
          );
        });
        child.unref();
      } finally {
        closeSync(words);
      }
    },
  };
}
