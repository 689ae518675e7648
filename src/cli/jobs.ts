import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import type { JobDetailView, JobView } from '../api/schemas/power.ts';
import { createApiClient, withApi } from './api-client.ts';
import { type ApiEnvironment, type ApiOptions, REAL_ENVIRONMENT } from './api-environment.ts';
import { followJob, hasTrouble, reportText } from './job-progress.ts';
import { personOf } from './person.ts';
import { table } from './table.ts';

/** `podboot jobs`, and its show, follow, pause, resume and cancel. */
export function registerJobs(program: Command, { output, env }: ApiEnvironment = REAL_ENVIRONMENT): void {
  const jobs = withApi(program.command('jobs').description('what was asked of the power of nodes'))
    .option('--json', 'print it for programs')
    .action(async (options: ApiOptions) => {
      const items = await createApiClient(options, env).list<JobView>('/jobs');
      output.print(options.json === true ? JSON.stringify(items, null, 2) : jobTable(items));
    });
  const each = (name: string, description: string) =>
    withApi(jobs.command(name).description(description))
      .argument('<job>', 'its id')
      .option('--json', 'print it for programs');
  const show = (job: JobDetailView, options: ApiOptions, text: (job: JobDetailView) => string) =>
    output.print(options.json === true ? JSON.stringify(job, null, 2) : text(job));

  each('show', 'a job, with each of its nodes').action(async (id: string, _: unknown, command: Command) => {
    const options: ApiOptions = command.optsWithGlobals();
    const { body } = await createApiClient(options, env).call<JobDetailView>('GET', pathOf(id));
    show(body, options, detailText);
  });
  each('follow', 'its progress, until it has ended').action(async (id: string, _: unknown, command: Command) => {
    const options: ApiOptions = command.optsWithGlobals();
    const job = await followJob(createApiClient(options, env), id, output, (ms) => pause(ms));
    show(job, options, reportText);
    if (hasTrouble(job)) output.exitWith(1);
  });
  each('pause', 'begin no more nodes').action((id: string, _: unknown, command: Command) =>
    change(id, 'pause', command),
  );
  each('resume', 'go on').action((id: string, _: unknown, command: Command) => change(id, 'resume', command));
  each('cancel', 'end it; no machine is left half-way')
    .option('--by <name>', 'who does it (else the user who runs this)')
    .action((id: string, _: unknown, command: Command) => {
      const { by }: { readonly by?: string } = command.optsWithGlobals();
      return change(id, 'cancel', command, { by: personOf(by, env) });
    });

  async function change(id: string, what: string, command: Command, body?: object): Promise<void> {
    const options: ApiOptions = command.optsWithGlobals();
    const { body: job } = await createApiClient(options, env).call<JobDetailView>(
      'POST',
      `${pathOf(id)}/${what}`,
      body,
    );
    show(job, options, reportText);
  }
}

function pathOf(id: string): string {
  return `/jobs/${encodeURIComponent(id)}`;
}

function jobTable(items: readonly JobView[]): string {
  if (items.length === 0) return 'no job';
  return table(
    ['job', 'action', 'state', 'nodes', 'done', 'failed', 'by', 'created', 'when'],
    items.map(({ id, action, state, counts, by, createdAt, startAt, every, window }) => [
      id,
      action,
      state,
      String(counts.nodes),
      String(counts.done),
      String(counts.failed + counts.unsure),
      by,
      createdAt,
      [every, startAt, window].filter((part) => part !== undefined).join('; '),
    ]),
  );
}

function detailText(job: JobDetailView): string {
  const rows = job.steps.map(({ node, stage, at, text, mend }) => [
    node,
    stage,
    at,
    `${text ?? ''}${mend === undefined ? '' : ` → ${mend}`}`,
  ]);
  return `${jobTable([job])}\n\n${table(['node', 'stage', 'since', 'what'], rows)}`;
}
