import { basename } from 'node:path';
import type { Command } from 'commander';
import { poolAddressCount } from '../config/checks-pools.ts';
import { createHostFacts, type HostFacts } from '../config/host-facts.ts';
import { type CheckedConfig, checkConfig, readConfig } from '../config/load.ts';
import { publishedSchema } from '../config/published-schema.ts';
import { InvalidInput, type Problem } from '../domain/errors.ts';
import type { Settings } from '../domain/settings.ts';
import { formatProblem } from './failure.ts';
import { type Output, processOutput } from './output.ts';

export interface CheckConfigEnvironment {
  readonly output: Output;
  hostFacts(): HostFacts;
}

const REAL: CheckConfigEnvironment = { output: processOutput, hostFacts: createHostFacts };

interface CheckConfigOptions {
  readonly json?: boolean;
  readonly host: boolean;
  readonly schema?: boolean;
}

/** `podboot check-config FILE`: exit code 0 where the daemon would take the file, else 1. */
export function registerCheckConfig(program: Command, environment: CheckConfigEnvironment = REAL): void {
  program
    .command('check-config')
    .description('say what is wrong with a configuration, with the code that the daemon has')
    .argument('[file]', 'podboot.yaml')
    .option('--json', 'print the result for programs')
    .option('--no-host', 'check the file alone: ask nothing about interfaces, ports and files of this machine')
    .option('--schema', 'print the JSON Schema of podboot.yaml for editors')
    .action((file: string | undefined, options: CheckConfigOptions) => {
      if (options.schema === true) {
        environment.output.print(JSON.stringify(publishedSchema(), null, 2));
        return;
      }
      if (file === undefined) {
        throw new InvalidInput('which file?', [], 'Name it: `podboot check-config podboot.yaml`.');
      }
      const checked = checkConfig(readConfig(file), options.host ? environment.hostFacts() : undefined);
      if (options.json === true) printJson(file, checked, environment.output);
      else printForPeople(basename(file), checked, environment.output);
      environment.output.exitWith(checked.settings === undefined ? 1 : 0);
    });
}

function printForPeople(file: string, { problems, warnings, settings }: CheckedConfig, output: Output): void {
  for (const problem of problems) output.print(formatProblem(problem, file));
  for (const warning of warnings) output.print(formatProblem(asWarning(warning), file));
  const odd = warnings.length === 0 ? '' : `, with ${counted(warnings.length, 'warning')}`;
  output.print(
    settings === undefined
      ? `${file} has ${counted(problems.length, 'problem')}${odd}; podboot would not take it`
      : `${file} is right: ${describeSettings(settings)}${odd}`,
  );
}

function asWarning(problem: Problem): Problem {
  return { ...problem, message: `warning: ${problem.message}` };
}

function printJson(file: string, { problems, warnings, settings }: CheckedConfig, output: Output): void {
  const ok = settings !== undefined;
  const summary = settings === undefined ? {} : { summary: countsOf(settings) };
  output.print(JSON.stringify({ file, ok, problems, warnings, ...summary }, null, 2));
}

function countsOf(settings: Settings) {
  const { subnets, reservations } = settings.dhcp;
  return {
    interfaces: settings.interfaces.length,
    subnets: subnets.length,
    poolAddresses: poolAddressCount(subnets.flatMap((subnet) => subnet.pools)),
    reservations: reservations.length,
    profiles: settings.boot.profiles.size,
  };
}

/** "2 interfaces, 3 subnets, 412 addresses in pools". */
export function describeSettings(settings: Settings): string {
  const counts = countsOf(settings);
  return [
    counted(counts.interfaces, 'interface'),
    counted(counts.subnets, 'subnet'),
    `${counted(counts.poolAddresses, 'address', 'addresses')} in pools`,
    ...(counts.reservations === 0 ? [] : [counted(counts.reservations, 'reservation')]),
    ...(counts.profiles === 0 ? [] : [counted(counts.profiles, 'profile')]),
  ].join(', ');
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}
