import type { Command } from 'commander';
import type { ReplaceBody, ReplaceView } from '../api/schemas/enrolment.ts';
import type { NodeView } from '../api/schemas/node.ts';
import { createApiClient, withApi } from './api-client.ts';
import type { ApiEnvironment, ApiOptions } from './api-environment.ts';
import { collectPair } from './node-options.ts';
import { type Selection, selectionQuery, withSelection } from './selection.ts';

interface ReplaceOptions extends ApiOptions {
  readonly interface?: readonly (readonly [string, string])[];
  readonly board?: boolean;
  readonly machine?: boolean;
  readonly uuid?: string;
  readonly serial?: string;
  readonly reason?: string;
}

/** `podboot nodes export`, `replace` and `rename`. */
export function registerNodeOperations(nodes: Command, { output, env }: ApiEnvironment): void {
  const ours = (command: Command) => withApi(command).option('--json', 'print it for programs');

  const exported = nodes.command('export').description('all nodes as one file, which podboot enrol takes again');
  withSelection(withApi(exported))
    .argument('[nodes]', 'these alone, as dgx[01-32],login*')
    .option('--format <format>', 'json or csv', 'json')
    .action(async (named: string | undefined, _: unknown, command: Command) => {
      const options: ApiOptions & Selection & { format: string } = command.optsWithGlobals();
      const query = selectionQuery(named, options);
      query.set('format', options.format);
      const text = await createApiClient(options, env).download(`/nodes/export?${query}`);
      output.print(text.replace(/\r?\n$/, ''));
    });

  ours(nodes.command('rename').description('give a node another name').argument('<node>').argument('<name>')).action(
    async (node: string, name: string, _: unknown, command: Command) => {
      const options: ApiOptions = command.optsWithGlobals();
      const api = createApiClient(options, env);
      const { body: before, etag } = await api.node(node);
      const { body } = await api.call<NodeView>('PATCH', `/nodes/${before.id}`, { name }, etag);
      output.print(options.json === true ? JSON.stringify(body, null, 2) : `${before.name} is called ${body.name} now`);
    },
  );

  ours(
    nodes
      .command('replace')
      .description('other hardware in the same node: it stays what it is, and its boot grants end')
      .argument('<node>'),
  )
    .option('--interface <name=mac>', 'an interface with its new MAC address; may be repeated', collectPair)
    .option('--board', 'a board or tray was replaced: its UUID goes with it')
    .option('--machine', 'all of it was replaced: what is not given is not known yet')
    .option('--uuid <uuid>', 'of the new board or machine')
    .option('--serial <number>', 'of the new machine')
    .option('--reason <text>', 'for the timeline, as "RMA 4711"')
    .action(async (name: string, _: unknown, command: Command) => {
      const options: ReplaceOptions = command.optsWithGlobals();
      const api = createApiClient(options, env);
      const { body: before, etag } = await api.node(name);
      const { body } = await api.call<ReplaceView>('POST', `/nodes/${before.id}/replace`, replaceBody(options), etag);
      const text = () => [`${body.node.name}: replaced`, ...body.changes.map((change) => `  ${change}`)].join('\n');
      output.print(options.json === true ? JSON.stringify(body, null, 2) : text());
    });
}

function replaceBody(options: ReplaceOptions): ReplaceBody {
  return {
    part: options.machine === true ? 'machine' : options.board === true ? 'board' : 'interface',
    ...(options.interface === undefined ? {} : { interfaces: options.interface.map(([name, mac]) => ({ name, mac })) }),
    ...(options.uuid === undefined ? {} : { uuid: options.uuid }),
    ...(options.serial === undefined ? {} : { serialNumber: options.serial }),
    ...(options.reason === undefined ? {} : { reason: options.reason }),
  };
}
