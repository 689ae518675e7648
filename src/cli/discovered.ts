import type { Command } from 'commander';
import type { AdoptBody, DiscoveredView, RuleOutcomeView, RulesView } from '../api/schemas/discovered.ts';
import type { NodeView } from '../api/schemas/node.ts';
import { InvalidInput } from '../domain/errors.ts';
import { createApiClient, withApi } from './api-client.ts';
import { type ApiEnvironment, type ApiOptions, REAL_ENVIRONMENT } from './api-environment.ts';
import { discoveredFields, discoveredTable, outcomeTable, ruleTable } from './discovered-words.ts';
import { nodeFields } from './node-fields.ts';
import { collectPair } from './node-options.ts';
import { printable } from './table.ts';

interface ListOptions extends ApiOptions {
  readonly kind?: string;
  readonly vendor?: string;
  readonly subnet?: string;
  readonly seenWithin?: string;
}

interface AdoptOptions extends ApiOptions {
  readonly node?: string;
  readonly interface?: string;
  readonly role?: string;
  readonly address?: string;
  readonly rack?: string;
  readonly position?: string;
  readonly roles?: string;
  readonly group?: string;
  readonly profile?: string;
  readonly label?: readonly (readonly [string, string])[];
  readonly bySwitchPort?: boolean;
}

/** `podboot discovered`: machines that asked and are no nodes. */
export function registerDiscovered(program: Command, environment: ApiEnvironment = REAL_ENVIRONMENT): void {
  const { output, env } = environment;
  const ours = (command: Command) => withApi(command).option('--json', 'print it for programs');
  const show = (options: ApiOptions, value: unknown, text: () => string) =>
    output.print(options.json === true ? JSON.stringify(value, null, 2) : text());

  const discovered = program
    .command('discovered')
    .description('machines that asked and are no nodes; with a subcommand, show, adopt or forget them');
  const list = async (_: unknown, command: Command) => {
    const options: ListOptions = command.optsWithGlobals();
    const found = await createApiClient(options, env).list<DiscoveredView>('/discovered', queryOf(options));
    show(options, found, () =>
      found.length === 0 ? 'no machine that is not enrolled has asked' : discoveredTable(found),
    );
  };
  withFilters(ours(discovered)).action(list);
  withFilters(ours(discovered.command('list').description('all, the last one that asked first'))).action(list);

  ours(
    discovered.command('show').description('one machine: all that is known of it').argument('<machine>', MACHINE),
  ).action(async (machine: string, _: unknown, command: Command) => {
    const options: ApiOptions = command.optsWithGlobals();
    const { body } = await createApiClient(options, env).call<DiscoveredView>('GET', pathOf(machine));
    show(options, body, () => discoveredFields(body));
  });

  withAdoption(ours(discovered.command('adopt').description('make a machine a node, or an interface of one')))
    .argument('<machine>', MACHINE)
    .argument('[name]', 'of the new node')
    .action(async (machine: string, name: string | undefined, _: unknown, command: Command) => {
      const options: AdoptOptions = command.optsWithGlobals();
      const body = adoptBody(name, options);
      const { body: node } = await createApiClient(options, env).call<NodeView>(
        'POST',
        `${pathOf(machine)}/adopt`,
        body,
      );
      show(options, node, () => `${printable(machine)} is ${asWhat(node, body)} now\n${nodeFields(node)}`);
    });

  ours(
    discovered
      .command('forget')
      .description('take a machine from the list; it comes back when it asks again')
      .argument('<machine>', MACHINE),
  ).action(async (machine: string, _: unknown, command: Command) => {
    const options: ApiOptions = command.optsWithGlobals();
    await createApiClient(options, env).call('DELETE', pathOf(machine));
    show(options, { forgotten: machine }, () => `${printable(machine)} is forgotten`);
  });

  ours(discovered.command('rules').description('the rules of podboot.yaml that adopt machines'))
    .option('--dry-run', 'with what they would do now')
    .option('--apply', 'let them do it')
    .action(async (_: unknown, command: Command) => {
      const options: ApiOptions & { dryRun?: boolean; apply?: boolean } = command.optsWithGlobals();
      await rules(options, environment);
    });
}

const MACHINE = 'its MAC address, or cid: and its client identifier';

async function rules(
  options: ApiOptions & { readonly dryRun?: boolean; readonly apply?: boolean },
  { output, env }: ApiEnvironment,
): Promise<void> {
  const api = createApiClient(options, env);
  const print = (value: unknown, text: () => string) =>
    output.print(options.json === true ? JSON.stringify(value, null, 2) : text());
  if (options.apply === true) {
    if (options.dryRun === true) throw new InvalidInput('--apply and --dry-run exclude each other', [], 'Use one.');
    const { body } = await api.call<{ items: RuleOutcomeView[] }>('POST', '/discovered/apply-rules', {});
    print(body.items, () => outcomeText(body.items, 'adopted as'));
    if (body.items.some(({ problem }) => problem !== undefined)) output.exitWith(1);
    return;
  }
  const { body } = await api.call<RulesView>('GET', '/discovered/rules');
  if (options.dryRun === true) print(body.outcomes, () => outcomeText(body.outcomes, 'would be'));
  else print(body.rules, () => (body.rules.length === 0 ? NO_RULES : ruleTable(body.rules)));
}

const NO_RULES = 'podboot.yaml has no rules (discovery.rules)';

function outcomeText(outcomes: readonly RuleOutcomeView[], heading: string): string {
  return outcomes.length === 0 ? 'no rule fits a machine that is there' : outcomeTable(outcomes, heading);
}

function withFilters(command: Command): Command {
  return command
    .option('--kind <kind>', 'machine or bmc')
    .option('--vendor <name>', 'whose maker’s name has this part')
    .option('--subnet <network>', 'with an address, or a relay, of this network')
    .option('--seen-within <seconds>', 'last seen within so many seconds');
}

function queryOf(options: ListOptions): Record<string, string> {
  const query: Record<string, string> = {};
  for (const name of ['kind', 'vendor', 'subnet', 'seenWithin'] as const) {
    if (options[name] !== undefined) query[name] = options[name];
  }
  return query;
}

function withAdoption(command: Command): Command {
  return command
    .option('--node <node>', 'instead of a new node: the one that it is an interface of')
    .option('--interface <name>', 'name of the interface; boot unless told, bmc for a BMC')
    .option('--role <role>', 'of a new interface of --node: boot, bmc, infiniband or other')
    .option('--address <ip>', 'its reserved address')
    .option('--rack <rack>', 'where it stands')
    .option('--position <position>', 'in its rack')
    .option('--roles <roles>', 'what it is for, as gpu,kube_node')
    .option('--group <group>', 'a group of podboot.yaml')
    .option('--profile <profile>', 'what it boots: a profile of podboot.yaml, or local')
    .option('--label <key=value>', 'a label; may be repeated', collectPair)
    .option('--by-switch-port', 'whoever asks at its switch port is the node from now on');
}

function adoptBody(name: string | undefined, options: AdoptOptions): AdoptBody {
  const { node, interface: interfaceName, role, address, rack, position, roles, group, profile, label } = options;
  const body = {
    name,
    node,
    interface: interfaceName,
    role,
    address,
    rack,
    position,
    roles: roles
      ?.split(',')
      .map((each) => each.trim())
      .filter((each) => each !== ''),
    group,
    profile,
    labels: label === undefined ? undefined : Object.fromEntries(label),
    bySwitchPort: options.bySwitchPort,
  };
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined)) as AdoptBody;
}

function asWhat(node: NodeView, body: AdoptBody): string {
  return body.node === undefined ? node.name : `the interface ${body.interface} of ${node.name}`;
}

function pathOf(machine: string): string {
  return `/discovered/${encodeURIComponent(machine)}`;
}
