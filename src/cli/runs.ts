import type { Command } from 'commander';
import type { RunPlanView, RunView } from '../api/schemas/run.ts';
import { expandHostlist } from '../domain/hostlist.ts';
import { createApiClient, withApi } from './api-client.ts';
import { type ApiEnvironment, type ApiOptions, REAL_ENVIRONMENT } from './api-environment.ts';
import { personOf } from './person.ts';
import { followLog, readLog } from './run-log.ts';
import { planText, runTable, runText } from './run-text.ts';

interface StartOptions extends ApiOptions {
  readonly action: string;
  readonly nodes?: string;
  readonly ungraceful?: boolean;
  readonly by?: string;
  readonly dryRun?: boolean;
  readonly follow?: boolean;
}

/** `podboot runs`: list, show, log, start, stop, resume. */
export function registerRuns(program: Command, { output, env }: ApiEnvironment = REAL_ENVIRONMENT): void {
  const runs = program.command('runs').description('runs of Kubespray, Slurm, playbooks and programs');
  const ours = (command: Command) => withApi(command).option('--json', 'print it for programs');
  const by = (command: Command) => command.option('--by <name>', 'who does it (else the user who runs this)');
  const client = (options: ApiOptions) => createApiClient(options, env);
  const show = (run: RunView, options: ApiOptions) =>
    output.print(options.json === true ? JSON.stringify(run, null, 2) : runText(run));

  ours(runs.command('list', { isDefault: true }).description('all that are kept, the newest first')).action(
    async (options: ApiOptions) => {
      const items = await client(options).list<RunView>('/runs');
      output.print(options.json === true ? JSON.stringify(items, null, 2) : runTable(items));
    },
  );

  ours(runs.command('show').description('one run, with each of its nodes').argument('<run>', 'its id')).action(
    async (id: string, options: ApiOptions) => {
      show((await client(options).call<RunView>('GET', pathOf(id))).body, options);
    },
  );

  withApi(runs.command('log').description('what a run said').argument('<run>', 'its id'))
    .option('-f, --follow', 'go on until it has ended')
    .action(async (id: string, options: ApiOptions & { readonly follow?: boolean }) => {
      const api = client(options);
      if (options.follow === true) await followLog(api, id, output);
      else await readLog(api, id, output);
    });

  by(ours(runs.command('start').description('begin a run').argument('<cluster>', 'of podboot.yaml')))
    .option('--action <what>', 'deploy, add-worker, add-control-plane, remove or upgrade', 'deploy')
    .option('--nodes <nodes>', 'limits it to these: dgx[01-32]')
    .option('--ungraceful', 'remove also nodes that do not answer')
    .option('--dry-run', 'show what would be done, and what stands against it')
    .option('-f, --follow', 'show its log until it has ended')
    .action(async (cluster: string, options: StartOptions) => {
      const body = {
        cluster,
        action: options.action,
        ...(options.nodes === undefined ? {} : { nodes: expandHostlist(options.nodes) }),
        ...(options.ungraceful === true ? { ungraceful: true } : {}),
        by: personOf(options.by, env),
      };
      const api = client(options);
      if (options.dryRun === true) {
        const { body: plan } = await api.call<RunPlanView>('POST', '/run-plans', body);
        output.print(options.json === true ? JSON.stringify(plan, null, 2) : planText(plan));
        if (plan.obstacles.length > 0) output.exitWith(1);
        return;
      }
      const { body: run } = await api.call<RunView>('POST', '/runs', body);
      if (options.follow === true) {
        await followLog(api, run.id, output);
        const { body: ended } = await api.call<RunView>('GET', pathOf(run.id));
        show(ended, options);
        if (ended.state !== 'succeeded') output.exitWith(1);
      } else show(run, options);
    });

  by(
    ours(
      runs.command('stop').description('stop a run: it is asked, then told, then killed').argument('<run>', 'its id'),
    ),
  ).action(async (id: string, options: ApiOptions & { readonly by?: string }) => {
    const body = { by: personOf(options.by, env) };
    show((await client(options).call<RunView>('POST', `${pathOf(id)}/stop`, body)).body, options);
  });

  by(
    ours(
      runs
        .command('resume')
        .description('begin it again for the nodes that it did not bring to their end')
        .argument('<run>', 'its id'),
    ),
  )
    .option('--confirm-inventory', 'also with another inventory than it was begun with')
    .action(async (id: string, options: ApiOptions & { readonly by?: string; readonly confirmInventory?: boolean }) => {
      const body = { by: personOf(options.by, env), confirmInventory: options.confirmInventory === true };
      show((await client(options).call<RunView>('POST', `${pathOf(id)}/resume`, body)).body, options);
    });
}

function pathOf(id: string): string {
  return `/runs/${encodeURIComponent(id)}`;
}
