import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { type HostNetwork, readHostNetwork } from '../config/host-network.ts';
import { candidates, proposeConfig } from '../config/proposal.ts';
import { renderConfig } from '../config/render-config.ts';
import { InvalidInput } from '../domain/errors.ts';
import type { InstallHost } from '../service-install/install-host.ts';
import {
  CONFIGURATION,
  checkHost,
  installSteps,
  type Origin,
  SERVICE,
  uninstallSteps,
} from '../service-install/install-plan.ts';
import { createInstallHost } from '../service-install/real-host.ts';
import { runSteps, type StepResult } from '../service-install/steps.ts';
import { type Output, processOutput } from './output.ts';

export interface InstallServiceEnvironment {
  readonly output: Output;
  readonly host: InstallHost;
  readonly origin: Origin;
  hostNetwork(): HostNetwork;
}

interface InstallServiceOptions {
  readonly interface?: string;
  readonly dryRun?: boolean;
  readonly uninstall?: boolean;
  readonly json?: boolean;
}

const WORDS: Readonly<Record<StepResult['result'], string>> = {
  done: 'done   ',
  already: 'already',
  planned: 'would  ',
};

/** `podboot install-service`: the unit, its user, its folders and a first configuration; again, it changes nothing. */
export function registerInstallService(program: Command, environment: () => InstallServiceEnvironment = real): void {
  program
    .command('install-service')
    .description('make podboot a service of systemd, with a user of its own; a configuration that is there stays')
    .option('--interface <name>', 'the interface that the machines are on, for a first configuration')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--uninstall', 'stop it and take it away; configuration, data and user stay')
    .option('--json', 'print what was done for programs')
    .action((options: InstallServiceOptions) => installService(options, environment()));
}

function installService(
  options: InstallServiceOptions,
  { output, host, origin, hostNetwork }: InstallServiceEnvironment,
): void {
  const isDryRun = options.dryRun === true;
  checkHost(origin, host, isDryRun);
  const hasConfiguration = host.stat(CONFIGURATION) !== undefined;
  const isLeaving = options.uninstall === true;
  const text = isLeaving || hasConfiguration ? '' : configurationFor(options.interface, hostNetwork());
  const steps = isLeaving ? uninstallSteps(origin, host) : installSteps(origin, () => text);

  const results: StepResult[] = [];
  runSteps(steps, host, {
    isDryRun,
    tell: (result) => {
      results.push(result);
      if (options.json !== true) output.print(`${WORDS[result.result]}  ${result.what}`);
    },
  });
  if (options.json === true) output.print(JSON.stringify({ steps: results }, null, 2));
  for (const line of isLeaving ? afterRemoval(origin) : next(hasConfiguration)) output.tell(line);
}

/** @throws InvalidInput with the interfaces that there are, where none was named */
function configurationFor(interfaceName: string | undefined, network: HostNetwork): string {
  if (interfaceName === undefined) {
    const names = candidates(network).map(({ name }) => name);
    throw new InvalidInput(
      `there is no ${CONFIGURATION} yet, and no interface was named to write one for`,
      [],
      `podboot install-service --interface NAME: this machine has ${names.join(', ') || 'none but the loopback'}; podboot init tells more of them.`,
    );
  }
  return renderConfig(proposeConfig(network, interfaceName), SCHEMA_PATH);
}

function next(hadConfiguration: boolean): string[] {
  return [
    ...(hadConfiguration ? [] : [`Look at ${CONFIGURATION} before the first start: pools, options, a profile.`]),
    `Next: podboot check-config ${CONFIGURATION} && systemctl restart ${SERVICE}`,
    'The first start writes the token of the API into /var/lib/podboot/first-token, for root and podboot alone.',
  ];
}

function afterRemoval({ files }: Origin): string[] {
  return [
    'Kept: /etc/podboot, /var/lib/podboot and the user podboot. Runs that were under way go on.',
    ...(files === undefined ? ['The program goes with its package: apt-get remove podboot'] : []),
  ];
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');
const SCHEMA_PATH = join(ROOT, 'docs', 'podboot.schema.json');

function real(): InstallServiceEnvironment {
  const folder = join(ROOT, 'systemd');
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  const isCheckout = existsSync(folder);
  return {
    output: processOutput,
    host: createInstallHost(),
    origin: {
      root: ROOT,
      files: isCheckout
        ? { unit: read('podboot.service'), sysusers: read('podboot.sysusers'), sysctl: read('50-podboot.sysctl') }
        : undefined,
    },
    hostNetwork: readHostNetwork,
  };
}
