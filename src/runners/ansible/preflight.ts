import { accessSync, constants, readdirSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PodbootError } from '../../domain/errors.ts';
import type { ClusterSettings, Obstacle, RunFile, RunHost } from '../../domain/hand-off.ts';
import { formatIpv4 } from '../../domain/ipv4.ts';
import { listOption, textOption } from '../kinds/option-values.ts';
import type { PlanContext } from '../runner.ts';
import { ansibleVersionObstacles } from './ansible-version.ts';

const REACH_MS = 30_000;
const REACH_AT_ONCE = 16;
/** A run's log, its events and Ansible's own temporary files. */
const FREE_BYTES = 256 * 1024 * 1024;
const MAX_VARIABLE_FILES = 500;
const HEAD_BYTES = 1024 * 1024;

export interface PreflightInput {
  readonly cluster: ClusterSettings;
  /** Absolute paths. */
  readonly playbooks: readonly string[];
  /** Those that the run is to change. */
  readonly hosts: readonly RunHost[];
  /** Of the run: its inventory. */
  readonly files: readonly RunFile[];
}

/**
 * What stands against a run of Ansible: whatever would make it fail after it had changed half of a cluster. Hosts are only
 * tried where nothing else is wrong, since that takes its time.
 */
export async function ansibleObstacles(input: PreflightInput, context: PlanContext): Promise<Obstacle[]> {
  const { cluster, playbooks } = input;
  const checkout = textOption(cluster.options, 'checkout');
  const ansible = textOption(cluster.options, 'ansible') ?? 'ansible-playbook';
  const option = `clusters.${cluster.name}`;
  const obstacles = [
    ...checkoutObstacles(checkout, option),
    ...playbooks.flatMap((playbook) => playbookObstacles(playbook, checkout)),
    ...secretObstacles(input, option),
    ...spaceObstacles(context.runsDir),
    ...(await ansibleVersionObstacles(ansible, checkout, `${option}.ansible`, context.commands)),
  ];
  return obstacles.length > 0 ? obstacles : reachObstacles(input, context);
}

/** A clone without its submodules has them as empty folders: roles are not found then. */
function checkoutObstacles(checkout: string | undefined, option: string): Obstacle[] {
  if (checkout === undefined) return [];
  if (statSync(checkout, { throwIfNoEntry: false })?.isDirectory() !== true) {
    const message = `There is no checkout at ${checkout}.`;
    return [
      {
        code: 'no-checkout',
        message,
        mend: `Clone it there, with --recurse-submodules, or write another ${option}.checkout.`,
      },
    ];
  }
  const modules = readText(join(checkout, '.gitmodules')) ?? '';
  const paths = [...modules.matchAll(/^\s*path\s*=\s*(\S.*?)\s*$/gm)].flatMap(([, path]) => path ?? []);
  return paths
    .filter((path) => entriesIn(join(checkout, path)).length === 0)
    .map((path) => ({
      code: 'submodule-missing',
      message: `The submodule ${path} of ${checkout} is empty.`,
      mend: `git -C ${checkout} submodule update --init --recursive`,
    }));
}

function playbookObstacles(playbook: string, checkout: string | undefined): Obstacle[] {
  try {
    accessSync(playbook, constants.R_OK);
    if (statSync(playbook).isFile()) return [];
  } catch {
    // Told below.
  }
  const where = checkout === undefined ? '' : ' Is the checkout at another version than it is meant for?';
  const mend = `Look at its name and its rights: ls -l ${dirname(playbook)}.${where}`;
  return [{ code: 'no-playbook', message: `The playbook ${playbook} can’t be read.`, mend }];
}

function secretObstacles({ cluster, playbooks, files }: PreflightInput, option: string): Obstacle[] {
  const vault = textOption(cluster.options, 'vaultPasswordFile');
  const become = textOption(cluster.options, 'becomePasswordFile');
  const varsFiles = listOption(cluster.options, 'varsFiles');
  const obstacles = [
    ...(vault === undefined ? [] : secretFileObstacles(vault, `${option}.vaultPasswordFile`)),
    ...(become === undefined ? [] : secretFileObstacles(become, `${option}.becomePasswordFile`)),
    ...varsFiles.flatMap((file) => (readText(file) === undefined ? [unreadable(file, `${option}.varsFiles`)] : [])),
  ];
  if (vault !== undefined) return obstacles;
  const beside = playbooks.flatMap((playbook) => variableFiles(dirname(playbook)));
  const locked =
    files.find(({ content }) => isVaulted(content))?.path ??
    [...varsFiles, ...beside].find((file) => isVaulted(readText(file) ?? ''));
  if (locked === undefined) return obstacles;
  return [
    ...obstacles,
    {
      code: 'vault-without-password',
      message: `${locked} is encrypted by ansible-vault, and there is no password for it.`,
      mend: `Write the password into a file with mode 0600 and name it in ${option}.vaultPasswordFile.`,
    },
  ];
}

function secretFileObstacles(file: string, option: string): Obstacle[] {
  if (readText(file) === undefined) return [unreadable(file, option)];
  const mode = statSync(file).mode & 0o077;
  if (mode === 0) return [];
  return [
    { code: 'secret-readable', message: `${file} (${option}) can be read by others.`, mend: `chmod 600 ${file}` },
  ];
}

function unreadable(file: string, option: string): Obstacle {
  return {
    code: 'file-unreadable',
    message: `${file} (${option}) can’t be read.`,
    mend: `Look at its name, and let podboot's user read it: ls -l ${file}`,
  };
}

function isVaulted(text: string): boolean {
  return text.startsWith('$ANSIBLE_VAULT;') || /!vault\b/.test(text);
}

function variableFiles(folder: string): string[] {
  return ['group_vars', 'host_vars', 'vars']
    .flatMap((name) => entriesIn(join(folder, name)).map((entry) => join(folder, name, entry)))
    .flatMap((path) =>
      statSync(path, { throwIfNoEntry: false })?.isDirectory()
        ? entriesIn(path).map((entry) => join(path, entry))
        : path,
    )
    .slice(0, MAX_VARIABLE_FILES);
}

function spaceObstacles(runsDir: string): Obstacle[] {
  let folder = runsDir;
  while (statSync(folder, { throwIfNoEntry: false }) === undefined && folder !== dirname(folder))
    folder = dirname(folder);
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (free >= FREE_BYTES) return [];
  return [
    {
      code: 'disk-space',
      message: `Only ${Math.floor(free / 1024 ** 2)} MiB are free at ${folder}; a run may need ${FREE_BYTES / 1024 ** 2} MiB.`,
      mend: `Free some: podboot assets list shows what is no longer needed, df -h ${folder} what there is.`,
    },
  ];
}

/** Each host by SSH, and whether it lets us become root; by the inventory's word some are not reached by SSH. */
async function reachObstacles({ cluster, hosts }: PreflightInput, { ssh }: PlanContext): Promise<Obstacle[]> {
  const obstacles: Obstacle[] = [];
  const waiting = hosts.filter((host) => host.address !== undefined && !isLocal(cluster, host));
  const needsPassword = textOption(cluster.options, 'becomePasswordFile') !== undefined;
  const argv = needsPassword || cluster.ssh.user === 'root' ? ['true'] : ['sudo', '-n', 'true'];
  const reach = async (host: RunHost): Promise<void> => {
    const { name, address = 0 } = host;
    try {
      const target = { name, address: formatIpv4(address) };
      const result = await ssh.run(target, cluster.ssh, argv, { deadlineMs: REACH_MS });
      if (result.exitCode !== 0)
        obstacles.push({
          ...{ code: 'no-sudo', host: name },
          message: `${cluster.ssh.user} can’t become root on ${name} without a password: ${result.stderr.trim().slice(0, 200)}`,
          mend: `Allow it there (/etc/sudoers.d: ${cluster.ssh.user} ALL=(ALL) NOPASSWD: ALL), or write clusters.${cluster.name}.becomePasswordFile.`,
        });
    } catch (error) {
      if (!(error instanceof PodbootError)) throw error;
      obstacles.push({ code: error.code, host: name, message: error.message, mend: error.mend ?? `ssh ${name}` });
    }
  };
  const worker = async () => {
    for (let host = waiting.shift(); host !== undefined; host = waiting.shift()) await reach(host);
  };
  await Promise.all(Array.from({ length: Math.min(REACH_AT_ONCE, waiting.length) }, worker));
  return obstacles;
}

function isLocal({ options }: ClusterSettings, { name }: RunHost): boolean {
  const of = (value: unknown): unknown => (typeof value === 'object' && value !== null ? value : {});
  const vars = of(options.vars) as Record<string, unknown>;
  const own = of((of(options.hostVars) as Record<string, unknown>)[name]) as Record<string, unknown>;
  return (own.ansible_connection ?? vars.ansible_connection) === 'local';
}

function entriesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Its beginning: what is longer holds no secret that could be told from it. */
function readText(file: string): string | undefined {
  try {
    return readFileSync(file).subarray(0, HEAD_BYTES).toString('utf8');
  } catch {
    return undefined;
  }
}
