import { HostRefused } from '../domain/errors.ts';
import type { InstallHost } from './install-host.ts';
import { command, file, firstFile, folder, link, removal, type Step } from './steps.ts';
import { unitForCheckout } from './unit-file.ts';

export const SERVICE = 'podboot.service';
export const CONFIGURATION = '/etc/podboot/podboot.yaml';

const USER = 'podboot';
const UNIT = `/etc/systemd/system/${SERVICE}`;
const PACKAGED_UNIT = `/lib/systemd/system/${SERVICE}`;
const SYSUSERS = '/etc/sysusers.d/podboot.conf';
const SYSCTL = '/etc/sysctl.d/50-podboot.conf';
const COMMAND = '/usr/local/bin/podboot';

/** What is installed: a checkout brings its unit along; of a package, unit and user are there already. */
export interface Origin {
  /** The folder that holds bin/ and src/. */
  readonly root: string;
  /** Texts of systemd/; undefined for a package. */
  readonly files: { readonly unit: string; readonly sysusers: string; readonly sysctl: string } | undefined;
}

const ROOTS_FILE = { mode: 0o644, owner: 'root', group: 'root' };

/** @param configuration the text for a machine that has none yet */
export function installSteps({ root, files }: Origin, configuration: () => string): Step[] {
  const own: Step[] =
    files === undefined
      ? []
      : [
          file(SYSUSERS, files.sysusers, ROOTS_FILE, 'list of users'),
          command(`user ${USER}`, ['systemd-sysusers', SYSUSERS], hasUser),
        ];
  const unit: Step[] =
    files === undefined
      ? []
      : [
          file(SYSCTL, files.sysctl, ROOTS_FILE, 'socket buffers'),
          command('socket buffers in force', ['sysctl', '--quiet', '--load', SYSCTL], hasBuffers),
          file(UNIT, unitForCheckout(files.unit, root), ROOTS_FILE, 'unit'),
          link(COMMAND, `${root}/bin/podboot`),
        ];
  return [
    ...own,
    folder('/etc/podboot', { mode: 0o750, owner: 'root', group: USER }),
    folder('/etc/podboot/credentials', { mode: 0o700, owner: 'root', group: 'root' }),
    folder('/var/lib/podboot', { mode: 0o700, owner: USER, group: USER }),
    folder('/var/lib/podboot/assets', { mode: 0o755, owner: USER, group: USER }),
    firstFile(CONFIGURATION, configuration, { mode: 0o640, owner: 'root', group: USER }, 'configuration'),
    ...unit,
    command('systemd reads its units', ['systemctl', 'daemon-reload'], isRead),
    command('started with the machine', ['systemctl', 'enable', SERVICE], isEnabled),
  ];
}

/** Ends the service and takes away what `installSteps` wrote, but nothing that holds somebody's work. */
export function uninstallSteps({ files, root }: Origin, host: InstallHost): Step[] {
  const stop = command(
    'stopped, and no longer started with the machine',
    ['systemctl', 'disable', '--now', SERVICE],
    (asked) => !isEnabled(asked) && !asked.run(['systemctl', 'is-active', SERVICE]).ok,
  );
  if (files === undefined) return [stop];
  const isOurLink = host.readLink(COMMAND) === `${root}/bin/podboot`;
  return [
    stop,
    removal(UNIT, 'unit'),
    removal(SYSCTL, 'socket buffers'),
    removal(SYSUSERS, 'list of users'),
    ...(isOurLink ? [removal(COMMAND, 'command')] : []),
    command('systemd reads its units', ['systemctl', 'daemon-reload'], isRead),
  ];
}

/** @throws HostRefused for a machine that has no systemd, a person who may not, and a checkout that the service can't read */
export function checkHost({ root, files }: Origin, host: InstallHost, isDryRun: boolean): void {
  if (host.stat('/run/systemd/system') === undefined) {
    throw new HostRefused(
      'systemd does not run here',
      'Start `podboot serve` by what supervises services here, or as a container (docker/).',
    );
  }
  if (!host.isRoot && !isDryRun)
    throw new HostRefused('a service is installed by root', 'Run it by sudo; --dry-run shows what it would do.');
  if (files !== undefined && host.stat(PACKAGED_UNIT) !== undefined) {
    throw new HostRefused(
      `the Debian package is installed (${PACKAGED_UNIT}), and this is a checkout`,
      'Use /usr/bin/podboot install-service, or remove the package first: apt-get remove podboot',
    );
  }
  const closed = [`${root}/bin/podboot`, `${root}/src/main.ts`, `${root}/node_modules`].find((path) => {
    const facts = host.stat(path);
    return facts !== undefined && (facts.mode & 0o004) === 0;
  });
  if (closed !== undefined)
    throw new HostRefused(`the user ${USER} may not read ${closed}`, `Let it: chmod -R o+rX ${root}`);
}

function hasUser(host: InstallHost): boolean {
  return host.run(['getent', 'passwd', USER]).ok;
}

function isEnabled(host: InstallHost): boolean {
  return host.run(['systemctl', 'is-enabled', SERVICE]).words === 'enabled';
}

function isRead(host: InstallHost): boolean {
  return host.run(['systemctl', 'show', '--property=NeedDaemonReload', '--value', SERVICE]).words === 'no';
}

/** Somebody's own larger ones are left alone. */
function hasBuffers(host: InstallHost): boolean {
  return Number(host.readText('/proc/sys/net/core/rmem_max')) >= 4_194_304;
}
