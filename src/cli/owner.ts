import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import type {
  OwnerAnswersView,
  OwnerBody,
  OwnerChangesView,
  OwnerChangeView,
  OwnerListView,
} from '../api/schemas/owner.ts';
import { InvalidInput } from '../domain/errors.ts';
import { OWNERS, type Owner } from '../domain/schedulers.ts';
import { type ApiClient, createApiClient, withApi } from './api-client.ts';
import { type ApiEnvironment, type ApiOptions, REAL_ENVIRONMENT } from './api-environment.ts';
import { secondsOf } from './length-of-time.ts';
import type { Output } from './output.ts';
import { personOf } from './person.ts';
import { type Selection, selectionQuery, withSelection } from './selection.ts';
import { printable, table } from './table.ts';

interface OwnerOptions extends ApiOptions, Selection {
  readonly by?: string;
  readonly force?: boolean;
  readonly wait?: string;
  readonly detach?: boolean;
  readonly dryRun?: boolean;
}

const LOOK_MS = 2_000;

/** `podboot owner dgx[01-08] k8s|slurm|none|show`. */
export function registerOwner(program: Command, { output, env }: ApiEnvironment = REAL_ENVIRONMENT): void {
  withSelection(withApi(program.command('owner').description('who may use a node: Kubernetes, Slurm or nobody')))
    .argument('<nodes>', 'a name, or several: dgx[01-32],login*')
    .argument('[owner]', 'k8s, slurm or none: give it to them; show: as both see it', 'show')
    .option('--by <name>', 'who does it (else the user who runs this)')
    .option('--force', 'end what runs there; give it even where the new owner does not see it well')
    .option('--wait <time>', 'how long what runs there may take to end, before it is put back: 30m, 8h, 2d', '1h')
    .option('--detach', 'do not wait for it; “show” says how it goes')
    .option('--dry-run', 'only say what would happen to each')
    .option('--json', 'print it for programs')
    .action(async (nodes: string, to: string, options: OwnerOptions) => {
      const api = createApiClient(options, env);
      const query = selectionQuery(nodes, options);
      if (to === 'show') {
        const { body } = await api.call<OwnerListView>('GET', `/owners?${query}`);
        output.print(options.json === true ? JSON.stringify(body.items, null, 2) : ownersText(body));
        if (body.items.some(({ owner }) => owner === 'both')) output.exitWith(1);
        return;
      }
      const answers = await ask(api, query, bodyOf(to, options, env), options.dryRun === true);
      const started = answers.items.filter(({ outcome }) => outcome === 'started').map(({ node }) => node);
      const follows = options.detach !== true && options.dryRun !== true && started.length > 0;
      const changes = follows ? await follow(api, started, output) : [];
      if (options.json === true) output.print(JSON.stringify({ answers: answers.items, changes }, null, 2));
      else output.print(answersText(answers, changes));
      const isBad =
        answers.items.some(({ outcome }) => outcome === 'refused') ||
        changes.some(({ stage, trouble }) => stage !== 'done' || trouble !== undefined);
      if (isBad) output.exitWith(1);
    });
}

/** @throws InvalidInput */
function bodyOf(to: string, { by, force, wait = '1h' }: OwnerOptions, env: NodeJS.ProcessEnv): OwnerBody {
  if (!isOwner(to)) throw new InvalidInput(`${to} is no owner`, [], 'Write k8s, slurm, none or show.');
  return { to, by: personOf(by, env), waitSeconds: secondsOf('--wait', wait), ...(force === true ? { force } : {}) };
}

function isOwner(word: string): word is Owner {
  return (OWNERS as readonly string[]).includes(word);
}

async function ask(
  api: ApiClient,
  query: URLSearchParams,
  body: OwnerBody,
  dryRun: boolean,
): Promise<OwnerAnswersView> {
  if (dryRun) query.set('dryRun', 'true');
  return (await api.call<OwnerAnswersView>('POST', `/owners?${query}`, body)).body;
}

type NamedChange = OwnerChangeView & { readonly node: string };

/** Until all have ended; Ctrl-C leaves them going on. */
async function follow(api: ApiClient, names: readonly string[], output: Output): Promise<readonly NamedChange[]> {
  const query = new URLSearchParams({ name: names.join(',') });
  for (;;) {
    const { items } = (await api.call<OwnerChangesView>('GET', `/owner-changes?${query}`)).body;
    const underWay = items.filter(({ endedAt }) => endedAt === undefined);
    output.draw?.(underWay.length === 0 ? '' : progressText(underWay, names.length));
    if (underWay.length === 0) return items;
    await pause(LOOK_MS);
  }
}

function progressText(underWay: readonly NamedChange[], all: number): string {
  const [first] = underWay;
  const waits = first?.waitsFor === undefined ? '' : `, waits for ${first.waitsFor.slice(0, 3).join(', ')}`;
  return printable(`${all - underWay.length} of ${all}  (${first?.node}: ${first?.stage}${waits})`);
}

function ownersText({ items }: OwnerListView): string {
  return table(
    ['node', 'owner', 'Kubernetes', 'Slurm', 'on its way'],
    items.map(({ node, owner, schedulers, change }) => {
      const said = (name: string) => {
        const one = schedulers.find((each) => each.name === name);
        if (one === undefined) return undefined;
        const label = one.label === undefined ? '' : ` [scheduler=${one.label}]`;
        return one.trouble ?? (one.state === undefined ? 'not there' : `${one.state}${label}`);
      };
      return [node, owner, said('k8s'), said('slurm'), change === undefined ? undefined : changeText(change)];
    }),
  );
}

function changeText({ from, to, stage, endedAt, waitsFor, trouble, mend }: OwnerChangeView): string | undefined {
  if (endedAt !== undefined && stage === 'done' && trouble === undefined) return undefined;
  const waits = waitsFor === undefined ? '' : `, waits for ${waitsFor.slice(0, 3).join(', ')}`;
  const bad = trouble === undefined ? '' : `: ${trouble}${mend === undefined ? '' : ` → ${mend}`}`;
  return `${from} → ${to}: ${stage}${waits}${bad}`;
}

function answersText({ items }: OwnerAnswersView, changes: readonly NamedChange[]): string {
  const rows = items.map(({ node, outcome, text, mend }) => {
    const change = changes.find((each) => each.node === node);
    const next = change?.mend ?? mend;
    const said = change === undefined ? text : (change.trouble ?? `from ${change.from} to ${change.to}`);
    return [node, change?.stage ?? outcome, next === undefined ? said : `${said} → ${next}`];
  });
  return table(['node', 'outcome', 'what'], rows);
}
