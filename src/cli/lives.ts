import type { Command } from 'commander';
import type { ActionBody, ActionView, BulkActionView, DiagnosisView, GrantView } from '../api/schemas/life.ts';
import { InvalidInput } from '../domain/errors.ts';
import { createApiClient, withApi } from './api-client.ts';
import { type ApiEnvironment, type ApiOptions, REAL_ENVIRONMENT } from './api-environment.ts';
import { secondsOf } from './length-of-time.ts';
import { personOf } from './person.ts';
import { isSelection, type Selection, selectionQuery, withSelection } from './selection.ts';
import { fields, printable, table } from './table.ts';

interface ActionOptions extends ApiOptions, Selection {
  readonly by?: string;
  readonly reason?: string;
  readonly profile?: string;
  readonly expires?: string;
  readonly evenInMaintenance?: boolean;
  readonly dryRun?: boolean;
  readonly state?: string;
  readonly leave?: boolean;
}

/** `podboot install`, `grants`, `revoke`, `maintenance`, `retire`, `reinstate`, `ready`, `clear-fault`, `diagnose`. */
export function registerLives(program: Command, environment: ApiEnvironment = REAL_ENVIRONMENT): void {
  const { output, env } = environment;
  const ours = (command: Command) => withApi(command).option('--json', 'print it for programs');
  const show = (options: ApiOptions, value: unknown, text: () => string) =>
    output.print(options.json === true ? JSON.stringify(value, null, 2) : text());

  const action = (name: string, description: string) =>
    withSelection(ours(program.command(name).description(description)))
      .argument('[nodes]', 'a name, id or MAC address, or several: dgx[01-32],login*')
      .option('--state <state>', 'only nodes in this state')
      .option('--by <name>', 'who does it (else the user who runs this)')
      .option('--reason <text>', 'why, for the timeline')
      .option('--dry-run', 'only say what would happen to each');
  const run = async (kind: string, named: string | undefined, options: ActionOptions) => {
    const body = bodyOf(options, env);
    const isMany = isSelection(named, options) || options.state !== undefined || options.dryRun === true;
    const api = createApiClient(options, env);
    if (!isMany && named !== undefined) {
      const path = `/nodes/${encodeURIComponent(named)}/actions/${kind}`;
      const done = await api.call<ActionView>('POST', path, body);
      show(options, done.body, () => printable(done.body.text));
      return;
    }
    if (options.evenInMaintenance === true)
      throw new InvalidInput('--even-in-maintenance is for one node, named by itself', []);
    const query = selectionQuery(named, options);
    if (options.state !== undefined) query.set('state', options.state);
    if (options.dryRun === true) query.set('dryRun', 'true');
    const { body: answer } = await api.call<BulkActionView>('POST', `/actions/${kind}?${query}`, body);
    show(options, answer, () => outcomeText(answer));
    if (answer.items.some(({ outcome }) => outcome === 'refused')) output.exitWith(1);
  };

  action('install', 'arm nodes for an installation and start them')
    .requiredOption('--profile <name>', 'what is installed: a profile of podboot.yaml')
    .option('--expires <time>', 'how long the grant waits for its node: 90m, 8h, 2d')
    .option('--even-in-maintenance', 'also where the node is in maintenance')
    .action((named: string | undefined, options: ActionOptions) => run('install', named, options));
  action('revoke', 'take a boot grant back, or give an installation up').action(
    (named: string | undefined, options: ActionOptions) => run('revoke', named, options),
  );
  action('maintenance', 'leave nodes alone: nothing powers, arms or hands them over')
    .option('--leave', 'the end of it: back to the state before')
    .action((named: string | undefined, options: ActionOptions) =>
      run(options.leave === true ? 'leave-maintenance' : 'maintenance', named, options),
    );
  action('retire', 'take nodes out of service: addresses and grants go, record and history stay').action(
    (named: string | undefined, options: ActionOptions) => run('retire', named, options),
  );
  action('reinstate', 'take retired nodes back').action((named: string | undefined, options: ActionOptions) =>
    run('reinstate', named, options),
  );
  action('ready', 'say that nodes are ready').action((named: string | undefined, options: ActionOptions) =>
    run('ready', named, options),
  );
  action('clear-fault', 'a fault was seen to').action((named: string | undefined, options: ActionOptions) =>
    run('clear-fault', named, options),
  );

  ours(program.command('grants').description('boot grants: who may be installed, once, and by whom'))
    .argument('[node]', 'of this node alone, also those that ended')
    .option('--state <state>', 'armed, claimed, spent, revoked or expired only; armed and claimed unless told')
    .action(async (node: string | undefined, options: ActionOptions) => {
      const grants = await grantsOf(node, options, env);
      show(options, grants, () => (grants.length === 0 ? 'no grant' : grantTable(grants)));
    });

  ours(program.command('diagnose').description('why a node is where it is, and what to do next'))
    .argument('<node>', 'name, id or MAC address')
    .action(async (node: string, options: ApiOptions) => {
      const path = `/nodes/${encodeURIComponent(node)}/diagnosis`;
      const { body } = await createApiClient(options, env).call<DiagnosisView>('GET', path);
      show(options, body, () => diagnosisText(body));
    });
}

/** @throws InvalidInput */
function bodyOf(options: ActionOptions, env: NodeJS.ProcessEnv): ActionBody {
  const { by, reason, profile, expires, evenInMaintenance } = options;
  return {
    by: personOf(by, env),
    ...(reason === undefined ? {} : { reason }),
    ...(profile === undefined ? {} : { profile }),
    ...(expires === undefined ? {} : { expiresInSeconds: secondsOf('--expires', expires) }),
    ...(evenInMaintenance === true ? { evenInMaintenance } : {}),
  };
}

async function grantsOf(
  node: string | undefined,
  options: ActionOptions,
  env: NodeJS.ProcessEnv,
): Promise<GrantView[]> {
  const api = createApiClient(options, env);
  if (node !== undefined) {
    const { body } = await api.call<{ items: GrantView[] }>('GET', `/nodes/${encodeURIComponent(node)}/grants`);
    return body.items.filter(({ state }) => options.state === undefined || state === options.state);
  }
  const states = options.state === undefined ? ['armed', 'claimed'] : [options.state];
  const lists = await Promise.all(states.map((state) => api.list<GrantView>('/grants', { state })));
  return lists.flat().sort((one, other) => one.node.localeCompare(other.node));
}

function grantTable(grants: readonly GrantView[]): string {
  return table(
    ['node', 'profile', 'state', 'armed by', 'armed at', 'until', 'session', 'ended'],
    grants.map((grant) => [
      grant.node,
      grant.profile,
      grant.attempt === 1 ? grant.state : `${grant.state} (attempt ${grant.attempt})`,
      grant.armedBy,
      grant.armedAt,
      grant.endedAt ?? grant.expiresAt,
      grant.session === undefined ? undefined : String(grant.session),
      grant.ended,
    ]),
  );
}

function outcomeText({ dryRun, items }: BulkActionView): string {
  const rows = items.map(({ node, outcome, text, mend }) => [
    node,
    outcome,
    `${text}${mend === undefined ? '' : ` → ${mend}`}`,
  ]);
  const counts = ['done', 'would', 'already', 'refused'].flatMap((outcome) => {
    const count = items.filter((item) => item.outcome === outcome).length;
    return count === 0 ? [] : [`${count} ${outcome}`];
  });
  return `${table(['node', 'outcome', 'what'], rows)}\n${counts.join(', ')}${dryRun ? '; nothing was changed' : ''}`;
}

function diagnosisText({ node, life, code, text, mend, evidence }: DiagnosisView): string {
  const state = life.step === undefined ? life.state : `${life.state} (${life.step})`;
  return [
    fields([
      ['node', node],
      ['state', `${state} since ${life.since}`],
      ['fault', life.fault === undefined ? undefined : `${life.fault.code}, since ${life.fault.at}`],
      ['diagnosis', `${text} (${code})`],
      ['next', mend],
    ]),
    ...evidence.map((entry) => printable(`  ${entry.at}  ${entry.text}`)),
  ].join('\n');
}
