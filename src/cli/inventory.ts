import type { Command } from 'commander';
import type { AdoptionView, InventoryView } from '../api/schemas/inventory.ts';
import { InvalidInput } from '../domain/errors.ts';
import { type ApiClient, createApiClient, withApi } from './api-client.ts';
import { type ApiEnvironment, type ApiOptions, REAL_ENVIRONMENT } from './api-environment.ts';
import { appliedText, tellNotes } from './applied-text.ts';
import { readArgumentFile, STANDARD_INPUT } from './argument-file.ts';
import { InvalidFile } from './failure.ts';
import { printable, table } from './table.ts';

interface ShowOptions extends ApiOptions {
  readonly cluster?: string;
  readonly format: string;
  readonly list?: boolean;
  readonly host?: string;
}

interface AdoptOptions extends ApiOptions {
  readonly cluster?: string;
  readonly dryRun?: boolean;
}

/**
 * `podboot inventory`, and what Ansible asks a dynamic inventory for: `--list` and `--host NAME` (bin/podboot-inventory, where
 * PODBOOT_CLUSTER names the cluster).
 */
export function registerInventory(program: Command, environment: ApiEnvironment = REAL_ENVIRONMENT): void {
  const { output, env } = environment;
  const inventory = withApi(program.command('inventory'))
    .description('Ansible’s inventory of a cluster, as its nodes and their roles make it now')
    .option('--cluster <name>', 'of podboot.yaml (else PODBOOT_CLUSTER, else all of them)')
    .option('--format <format>', 'ini, yaml or json', 'ini')
    .option('--list', 'as a dynamic inventory of Ansible: JSON, with all variables')
    .option('--host <name>', 'as a dynamic inventory of Ansible: variables of one host')
    .action(async (options: ShowOptions) => {
      const isAnsible = options.list === true || options.host !== undefined;
      const query = new URLSearchParams({ format: isAnsible ? 'json' : options.format });
      const cluster = clusterOf(options, env);
      if (cluster !== undefined) query.set('cluster', cluster);
      const { body } = await createApiClient(options, env).call<InventoryView>('GET', `/inventory?${query}`);
      // Ansible shows standard error where a script fails, and hides it otherwise.
      for (const { message, mend } of body.obstacles) output.tell(printable(`note: ${message} → ${mend}`));
      output.print(options.host === undefined ? body.text.trimEnd() : variablesOf(options.host, body.text));
    });

  withApi(inventory.command('adopt'))
    .description('compare an inventory with the nodes, and enrol its hosts that are none')
    .argument('<file>', 'INI or YAML, as DeepOps’ config/inventory; - is standard input')
    .option('--cluster <name>', 'of podboot.yaml, whose nodes are looked for in the file')
    .option('--dry-run', 'say what would be enrolled, and enrol nothing')
    .option('--json', 'print it for programs')
    .action(async (file: string, _own: AdoptOptions, command: Command) => {
      const options: AdoptOptions = command.optsWithGlobals();
      const view = await adopt(createApiClient(options, env), file, { ...options, ...cluster(options, env) });
      if (options.json === true) {
        output.print(JSON.stringify(view, null, 2));
        return;
      }
      tellNotes(view.applied, file === STANDARD_INPUT ? 'standard input' : file, output);
      output.print(adoptionText(view));
    });
}

function clusterOf({ cluster: told }: { readonly cluster?: string }, env: NodeJS.ProcessEnv): string | undefined {
  return told ?? (env.PODBOOT_CLUSTER === '' ? undefined : env.PODBOOT_CLUSTER);
}

function cluster(options: AdoptOptions, env: NodeJS.ProcessEnv): { readonly cluster?: string } {
  const name = clusterOf(options, env);
  return name === undefined ? {} : { cluster: name };
}

/** Of a host that is not there, Ansible wants an empty object. */
function variablesOf(host: string, list: string): string {
  const { _meta } = JSON.parse(list) as { readonly _meta: { readonly hostvars: Readonly<Record<string, unknown>> } };
  return JSON.stringify(Object.hasOwn(_meta.hostvars, host) ? _meta.hostvars[host] : {}, null, 2);
}

async function adopt(client: ApiClient, file: string, options: AdoptOptions): Promise<AdoptionView> {
  const query = new URLSearchParams({
    ...(options.cluster === undefined ? {} : { cluster: options.cluster }),
    ...(options.dryRun === true ? { dryRun: 'true' } : {}),
  });
  try {
    return await client.upload<AdoptionView>(`/inventory/adopt?${query}`, readArgumentFile(file), 'text/plain');
  } catch (error) {
    throw error instanceof InvalidInput ? new InvalidFile(file, error) : error;
  }
}

function adoptionText({ format, hosts, groups, differences, applied }: AdoptionView): string {
  const rows = differences.map(({ host, line, message, mend }) => [
    host,
    line === undefined ? '' : `${line}`,
    message,
    mend,
  ]);
  return [
    `${hosts} hosts and ${groups.length} groups (${format})`,
    rows.length === 0
      ? 'It says nothing else than the nodes do.'
      : table(['host', 'line', 'what differs', 'what to do'], rows),
    appliedText(applied),
  ].join('\n');
}
