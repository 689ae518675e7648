import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import type { AppliedView } from '../api/schemas/enrolment.ts';
import type { NodeView } from '../api/schemas/node.ts';
import { InvalidInput } from '../domain/errors.ts';
import { type ApiClient, createApiClient, withApi } from './api-client.ts';
import type { ApiEnvironment, ApiOptions } from './api-environment.ts';
import { appliedText, tellNotes } from './applied-text.ts';
import { readArgumentFile, STANDARD_INPUT } from './argument-file.ts';
import { InvalidFile } from './failure.ts';
import { nodeFields } from './node-fields.ts';
import { type NodeOptions, nodeBody, withNodeOptions } from './node-options.ts';

interface FileOptions extends ApiOptions {
  readonly format?: string;
  readonly map?: string;
  readonly mapFile?: string;
  readonly dryRun?: boolean;
}

const FILE_OPTIONS = ['format', 'map', 'mapFile', 'dryRun'] as const;

/** `podboot enrol NAME --mac MAC`, and `podboot enrol FILE` for one node or thousands. */
export function registerEnrol(program: Command, environment: ApiEnvironment): void {
  const command = withApi(program.command('enrol'))
    .description('enrol a machine by name, or all those of a file; a file that was imported before changes nothing')
    .argument(
      '<name-or-file>',
      'a name; or a file: a table (CSV), our export, machines.json, dnsmasq’s hosts; - is standard input',
    )
    .option('--json', 'print it for programs')
    .option('--format <format>', 'of the file: json, csv, machines or dnsmasq; by its content unless told')
    .option('--map <columns>', 'of a shipping list, as "Serial Number=serialNumber,MAC1=interfaces.eno1.mac"')
    .option('--map-file <file>', 'a file that holds such a map, one column a line if you like')
    .option('--dry-run', 'say what the file would change, and change nothing');
  withNodeOptions(command).action(async (argument: string, options: FileOptions & NodeOptions) => {
    const { output, env } = environment;
    if (isFile(argument, options)) return enrolFile(argument, options, environment);
    const wrong = FILE_OPTIONS.find((name) => options[name] !== undefined);
    if (wrong !== undefined) {
      throw new InvalidInput(
        `${argument} is no file`,
        [],
        'Name the file with its path, as ./nodes; or - for standard input.',
      );
    }
    const { node, isNew } = await enrolOne(createApiClient(options, env), argument, options);
    const what = isNew ? 'is enrolled' : 'is like that already';
    output.print(options.json === true ? JSON.stringify(node, null, 2) : `${node.name} ${what}\n${nodeFields(node)}`);
  });
}

/** The same once more changes nothing, as with a file; a node that is another way is not changed by it. */
async function enrolOne(
  client: ApiClient,
  name: string,
  options: NodeOptions,
): Promise<{ node: NodeView; isNew: boolean }> {
  const wanted = nodeBody(name, options);
  try {
    return { node: (await client.call<NodeView>('POST', '/nodes', wanted)).body, isNew: true };
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    const file = Buffer.from(JSON.stringify({ nodes: [wanted] }));
    const path = '/nodes/import?format=json&dryRun=true';
    const foreseen = await client.upload<AppliedView>(path, file, 'text/plain').catch(() => undefined);
    if (foreseen?.unchanged !== 1) throw error;
    return { node: (await client.node(name)).body, isNew: false };
  }
}

/** No host name has a dot or a slash; a file of a plain name is one if nothing is said of a machine. */
function isFile(argument: string, options: FileOptions & NodeOptions): boolean {
  if (argument === STANDARD_INPUT || /[./]/.test(argument)) return true;
  const saysMachine = [options.mac, options.clientId, options.interface, options.uuid, options.serial].some(
    (each) => each !== undefined,
  );
  return !saysMachine && existsSync(argument);
}

async function enrolFile(file: string, options: FileOptions, { output, env }: ApiEnvironment): Promise<void> {
  const shown = file === STANDARD_INPUT ? 'standard input' : file;
  const map = options.mapFile === undefined ? options.map : textOf(options.mapFile);
  if (options.map !== undefined && options.mapFile !== undefined) {
    throw new InvalidInput('--map and --map-file say the same', [], 'Keep one of them.');
  }
  const query = new URLSearchParams({
    ...(options.format === undefined ? {} : { format: options.format }),
    ...(map === undefined ? {} : { map }),
    ...(options.dryRun === true ? { dryRun: 'true' } : {}),
  });
  const client = createApiClient(options, env);
  try {
    // What kind of file it is, its content tells.
    const applied = await client.upload<AppliedView>(`/nodes/import?${query}`, readArgumentFile(file), 'text/plain');
    if (options.json === true) output.print(JSON.stringify(applied, null, 2));
    else {
      tellNotes(applied, shown, output);
      output.print(appliedText(applied));
    }
  } catch (error) {
    throw error instanceof InvalidInput ? new InvalidFile(shown, error) : error;
  }
}

function textOf(file: string): string {
  return readArgumentFile(file).toString('utf8');
}
