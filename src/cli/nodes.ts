import type { Command } from 'commander';
import type { AppliedView } from '../api/schemas/enrolment.ts';
import type { NodeView } from '../api/schemas/node.ts';
import { createApiClient, withApi } from './api-client.ts';
import { type ApiEnvironment, type ApiOptions, REAL_ENVIRONMENT } from './api-environment.ts';
import { appliedText } from './applied-text.ts';
import { registerDaemonCommands } from './daemon-commands.ts';
import { registerEnrol } from './enrol.ts';
import { nodeFields } from './node-fields.ts';
import { registerNodeOperations } from './node-operations.ts';
import { collectWord, type NodeOptions, nodePatch, withNodeOptions } from './node-options.ts';
import { isSelection, type Selection, selectionQuery, withSelection } from './selection.ts';
import { table } from './table.ts';

/** Everything that speaks to the daemon: `podboot nodes`, `enrol`, `status`, `reload`, `leases`, `timeline`. */
export function registerNodes(program: Command, environment: ApiEnvironment = REAL_ENVIRONMENT): void {
  const { output, env } = environment;
  const client = (options: ApiOptions) => createApiClient(options, env);
  const show = (options: ApiOptions, value: unknown, text: () => string) =>
    output.print(options.json === true ? JSON.stringify(value, null, 2) : text());
  const ours = (command: Command) => withApi(command).option('--json', 'print it for programs');

  const nodes = withSelection(
    ours(program.command('nodes').description('list the nodes; with a subcommand, show or change one')),
  ).argument('[nodes]', 'those that are named: dgx[01-32],login*');
  nodes.action(async (named: string | undefined, options: ApiOptions & Selection) => {
    const query = selectionQuery(named, options);
    const found = await client(options).list<NodeView>('/nodes', query);
    const none = query.size === 0 ? 'No node is enrolled yet: podboot enrol NAME --mac MAC' : 'No node is like that.';
    show(options, found, () => (found.length === 0 ? none : nodeTable(found)));
  });

  ours(nodes.command('show').description('one node, by name, id or MAC address').argument('<node>')).action(
    async (name: string, _: unknown, command: Command) => {
      const options: ApiOptions = command.optsWithGlobals();
      const { body } = await client(options).node(name);
      show(options, body, () => nodeFields(body));
    },
  );

  const set = withSelection(
    ours(nodes.command('set'))
      .description('change a node, or many at once; an empty value removes: --rack ""')
      .argument('[nodes]', 'a node; or many of them, as dgx[01-32],login*'),
  )
    .option('--dry-run', 'of many: say what would change, and change nothing')
    .option('--rename <name>', 'another name')
    .option('--remove-interface <name>', 'take an interface away; may be repeated', collectWord);
  withNodeOptions(set).action(async (named: string | undefined, _: unknown, command: Command) => {
    const options: ApiOptions & NodeOptions & Selection & { dryRun?: boolean } = command.optsWithGlobals();
    const api = client(options);
    if (isSelection(named, options) || options.dryRun === true) {
      const query = selectionQuery(named, options);
      if (options.dryRun === true) query.set('dryRun', 'true');
      const { body } = await api.call<AppliedView>('PATCH', `/nodes?${query}`, nodePatch(undefined, options));
      show(options, body, () => appliedText(body));
      return;
    }
    const { body: before, etag } = await api.node(named ?? '');
    const { body } = await api.call<NodeView>('PATCH', `/nodes/${before.id}`, nodePatch(before, options), etag);
    show(options, body, () =>
      body.version === before.version
        ? `${body.name} is like that already`
        : `${body.name} is changed\n${nodeFields(body)}`,
    );
  });

  ours(nodes.command('remove').description('forget a node').argument('<node>')).action(
    async (name: string, _: unknown, command: Command) => {
      const options: ApiOptions = command.optsWithGlobals();
      const api = client(options);
      const { body, etag } = await api.node(name);
      await api.call('DELETE', `/nodes/${body.id}`, undefined, etag);
      show(options, body, () => `${body.name} is removed`);
    },
  );

  registerNodeOperations(nodes, environment);
  registerEnrol(program, environment);
  registerDaemonCommands(program, environment);
}

function nodeTable(nodes: readonly NodeView[]): string {
  return table(
    ['name', 'state', 'profile', 'address', 'mac', 'rack', 'group'],
    nodes.map((node) => {
      const first = node.interfaces.find(({ role }) => role === 'boot') ?? node.interfaces[0];
      const state = node.fault === undefined ? node.state : `${node.state ?? ''}!`;
      const hardware = first?.mac ?? first?.clientId;
      return [node.name, state, node.boot.profile, first?.address, hardware, node.rack, node.group];
    }),
  );
}
