import type { Command } from 'commander';
import type { ClusterView, HandOffResultView } from '../api/schemas/run.ts';
import { expandHostlist } from '../domain/hostlist.ts';
import { createApiClient, withApi } from './api-client.ts';
import { type ApiEnvironment, type ApiOptions, REAL_ENVIRONMENT } from './api-environment.ts';
import { exportHandOff } from './hand-off-export.ts';
import { personOf } from './person.ts';
import { clustersText } from './run-text.ts';

interface ByOptions extends ApiOptions {
  readonly by?: string;
  readonly reason?: string;
}

/** `podboot hand-off`: status, retry, accept, resume, export. */
export function registerHandOff(program: Command, { output, env }: ApiEnvironment = REAL_ENVIRONMENT): void {
  const handOff = program.command('hand-off').description('finished nodes on their way into their clusters');
  const ours = (command: Command) => withApi(command).option('--json', 'print it for programs');
  const by = (command: Command) => command.option('--by <name>', 'who does it (else the user who runs this)');

  ours(
    handOff.command('status', { isDefault: true }).description('who waits for a run, and what came of the others'),
  ).action(async (options: ApiOptions) => {
    const api = createApiClient(options, env);
    const { items: clusters } = (await api.call<{ items: ClusterView[] }>('GET', '/clusters')).body;
    const { items: results } = (await api.call<{ items: HandOffResultView[] }>('GET', '/hand-off-results')).body;
    output.print(
      options.json === true ? JSON.stringify({ clusters, results }, null, 2) : clustersText(clusters, results),
    );
  });

  by(
    ours(
      handOff
        .command('retry')
        .description('hand nodes over once more, with the next run of their cluster')
        .argument('<nodes>', 'a node; or many of them, as dgx[01-32]'),
    ),
  ).action(async (nodes: string, options: ByOptions) => {
    const body = { nodes: expandHostlist(nodes), by: personOf(options.by, env) };
    const { items } = (
      await createApiClient(options, env).call<{ items: ClusterView[] }>('POST', '/hand-off-retries', body)
    ).body;
    output.print(options.json === true ? JSON.stringify(items, null, 2) : clustersText(items, []));
  });

  by(
    withApi(
      handOff
        .command('accept')
        .description('take a node as it is, whatever its runner or its acceptance found')
        .argument('<node>', 'its name'),
    ),
  )
    .option('--reason <text>', 'why')
    .action(async (node: string, options: ByOptions) => {
      const body = {
        by: personOf(options.by, env),
        ...(options.reason === undefined ? {} : { reason: options.reason }),
      };
      await createApiClient(options, env).call('POST', `/nodes/${encodeURIComponent(node)}/accept`, body);
      output.print(`${node} is ready`);
    });

  ours(
    handOff
      .command('resume')
      .description('let the hand-off of a cluster go on that stopped by itself')
      .argument('<cluster>', 'of podboot.yaml'),
  ).action(async (cluster: string, options: ApiOptions) => {
    const path = `/clusters/${encodeURIComponent(cluster)}/resume-hand-off`;
    const { body } = await createApiClient(options, env).call<ClusterView>('POST', path);
    output.print(options.json === true ? JSON.stringify(body, null, 2) : clustersText([body], []));
  });

  withApi(
    handOff
      .command('export')
      .description('write results, checks, timelines and logs of runs into a new folder, for the file of the pod')
      .argument('<folder>', 'it must be empty, or not be there')
      .argument('[nodes]', 'these alone, as dgx[01-32]; else all that were handed over'),
  ).action(async (folder: string, nodes: string | undefined, options: ApiOptions) => {
    const names = nodes === undefined ? undefined : expandHostlist(nodes);
    const written = await exportHandOff(createApiClient(options, env), folder, names);
    output.print(`${written.nodes} nodes and ${written.runs} runs are in ${folder}`);
    for (const run of written.gone) output.tell(`the run ${run} is not kept any more: there is no log of it`);
  });
}
