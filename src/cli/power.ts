import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import type { ForecastView, JobBody, JobDetailView, PowerListView, PowerView } from '../api/schemas/power.ts';
import { InvalidInput } from '../domain/errors.ts';
import { PERSON_ACTIONS } from '../domain/power.ts';
import { createApiClient, withApi } from './api-client.ts';
import { type ApiEnvironment, type ApiOptions, REAL_ENVIRONMENT } from './api-environment.ts';
import { followJob, hasTrouble, reportText } from './job-progress.ts';
import { personOf } from './person.ts';
import { isSelection, type Selection, selectionQuery, withSelection } from './selection.ts';
import { table } from './table.ts';

interface PowerOptions extends ApiOptions, Selection {
  readonly by?: string;
  readonly reason?: string;
  readonly stagger?: string;
  readonly at?: string;
  readonly every?: string;
  readonly window?: string;
  readonly timeZone?: string;
  readonly dryRun?: boolean;
  readonly wait?: boolean;
  readonly evenInMaintenance?: boolean;
  readonly known?: boolean;
}

const WORDS: Readonly<Record<(typeof PERSON_ACTIONS)[number], string>> = {
  on: 'switch nodes on',
  off: 'switch nodes off, at once',
  soft: 'ask the systems of nodes to shut down',
  cycle: 'switch nodes off and on; those that are off, on',
  reset: 'reset nodes that are on',
  'network-boot': 'start nodes from the network, this once, and see them ask for an address',
  'disk-first': 'put the disk first in the boot order of nodes',
};

/** `podboot power on|off|soft|cycle|reset|network-boot|disk-first|status`. */
export function registerPower(program: Command, environment: ApiEnvironment = REAL_ENVIRONMENT): void {
  const { output, env } = environment;
  const power = program.command('power').description('whether machines are on, by their BMCs');
  const ours = (name: string, description: string) =>
    withSelection(withApi(power.command(name).description(description)))
      .argument('[nodes]', 'a name, or several: dgx[01-32],login*')
      .option('--json', 'print it for programs');

  ours('status', 'whether nodes are on')
    .option('--known', 'what is known already; no BMC is asked')
    .action(async (named: string | undefined, options: PowerOptions) => {
      const query = selectionQuery(named ?? (options.where === undefined ? '*' : undefined), options);
      if (options.known !== true) query.set('fresh', 'true');
      const { body } = await createApiClient(options, env).call<PowerListView>('GET', `/power?${query}`);
      output.print(options.json === true ? JSON.stringify(body, null, 2) : statusText(body.items));
      if (body.items.some(({ trouble }) => trouble !== undefined)) output.exitWith(1);
    });

  for (const action of PERSON_ACTIONS) {
    ours(action, WORDS[action])
      .option('--by <name>', 'who does it (else the user who runs this)')
      .option('--reason <text>', 'why, for the timeline')
      .option('--stagger <n/time>', 'against inrush: 8/10s, at most eight of a rack in ten seconds; 8/10s/all of all')
      .option('--at <time>', 'not before: 2026-03-14T02:00:00+01:00')
      .option('--every <pattern>', 'again and again, as cron has it: "0 2 * * 6"')
      .option('--window <pattern/time>', 'begin nodes only then: "0 2 * * 6/3h", three hours from Saturday two o’clock')
      .option('--time-zone <zone>', 'of --every and --window: Europe/Berlin')
      .option('--dry-run', 'only say what would happen to each')
      .option('--no-wait', 'order it, and do not wait for its end')
      .option('--even-in-maintenance', 'also where the one node that is named is in maintenance')
      .action(async (named: string | undefined, options: PowerOptions) => {
        const api = createApiClient(options, env);
        const isOne = options.evenInMaintenance === true;
        if (isOne && (named === undefined || isSelection(named, options)))
          throw new InvalidInput('--even-in-maintenance is for one node, named by itself', []);
        const body = jobBody(action, options, env);
        const query = selectionQuery(named, options);
        if (options.dryRun === true) query.set('dryRun', 'true');
        if (isOne) {
          const { by, reason } = body;
          const order = { action, by, ...(reason === undefined ? {} : { reason }), evenInMaintenance: true };
          const path = `/nodes/${encodeURIComponent(named as string)}/power`;
          const { body: job } = await api.call<JobDetailView>('POST', path, order);
          return finish(job.id, options);
        }
        const { body: answer } = await api.call<ForecastView>('POST', `/jobs?${query}`, body);
        if (answer.job === undefined || options.wait === false || isForLater(options)) {
          output.print(options.json === true ? JSON.stringify(answer, null, 2) : forecastText(answer));
          return;
        }
        await finish(answer.job.id, options);
      });
  }

  async function finish(id: string, options: PowerOptions): Promise<void> {
    const job = await followJob(createApiClient(options, env), id, output, (ms) => pause(ms));
    output.print(options.json === true ? JSON.stringify(job, null, 2) : reportText(job));
    if (hasTrouble(job)) output.exitWith(1);
  }
}

function isForLater({ at, every, window }: PowerOptions): boolean {
  return at !== undefined || every !== undefined || window !== undefined;
}

/** @throws InvalidInput */
function jobBody(action: JobBody['action'], options: PowerOptions, env: NodeJS.ProcessEnv): JobBody {
  const { reason, at, every, timeZone } = options;
  return {
    action,
    by: personOf(options.by, env),
    ...(reason === undefined ? {} : { reason }),
    ...(at === undefined ? {} : { at }),
    ...(every === undefined ? {} : { every }),
    ...(every === undefined || timeZone === undefined ? {} : { timeZone }),
    ...(options.window === undefined ? {} : { window: readWindow(options.window, timeZone) }),
    ...(options.stagger === undefined ? {} : { stagger: readStagger(options.stagger) }),
  };
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600 };

function readStagger(text: string): NonNullable<JobBody['stagger']> {
  const [, nodes, amount, unit = '', by = 'rack'] =
    /^([0-9]{1,5})\/([0-9]{1,4})([smh])(?:\/(rack|all))?$/.exec(text) ?? [];
  const factor = SECONDS[unit];
  if (nodes === undefined || amount === undefined || factor === undefined)
    throw new InvalidInput(
      `--stagger ${text} can’t be read`,
      [],
      'Write 8/10s: at most eight of a rack in ten seconds.',
    );
  return { nodes: Number(nodes), perSeconds: Number(amount) * factor, by: by === 'all' ? 'all' : 'rack' };
}

function readWindow(text: string, timeZone: string | undefined): NonNullable<JobBody['window']> {
  const [, opens, amount, unit = ''] = /^(.+)\/([0-9]{1,5})([mh])$/.exec(text) ?? [];
  const factor = SECONDS[unit];
  if (opens === undefined || amount === undefined || factor === undefined)
    throw new InvalidInput(
      `--window ${text} can’t be read`,
      [],
      'Write "0 2 * * 6/3h": three hours from Saturday two o’clock.',
    );
  return { opens, minutes: (Number(amount) * factor) / 60, ...(timeZone === undefined ? {} : { timeZone }) };
}

export function statusText(items: readonly PowerView[]): string {
  const rows = items.map(({ node, driver, address, state, latencyMs, trouble, findings }) => [
    node,
    state ?? (driver === undefined ? 'by hand' : 'not asked'),
    driver,
    address,
    latencyMs === undefined ? undefined : `${latencyMs} ms`,
    [
      trouble === undefined ? undefined : `${trouble.text} → ${trouble.mend}`,
      ...findings.map(({ text, mend }) => `${text}${mend === undefined ? '' : ` → ${mend}`}`),
    ]
      .filter((part) => part !== undefined)
      .join('; '),
  ]);
  const count = (state: string) => items.filter((item) => item.state === state).length;
  return `${table(['node', 'power', 'driver', 'bmc', 'latency', 'trouble'], rows)}\n${count('on')} on, ${count('off')} off, ${items.length - count('on') - count('off')} not known`;
}

function forecastText({ dryRun, job, items }: ForecastView): string {
  const rows = items.map(({ node, outcome, text, mend }) => [
    node,
    outcome,
    `${text}${mend === undefined ? '' : ` → ${mend}`}`,
  ]);
  const would = items.filter(({ outcome }) => outcome === 'would').length;
  const what = table(['node', 'outcome', 'what'], rows);
  if (dryRun) return `${what}\n${would} would, ${items.length - would} left alone; nothing was changed`;
  return `${job?.id} is ${job?.state}: ${job?.action} for ${items.length} nodes\n  podboot jobs show ${job?.id}`;
}
