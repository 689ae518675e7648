import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import type { RunView } from '../api/schemas/run.ts';
import type { SecretsView, ServiceListView, ServiceView, UpdatePlanView } from '../api/schemas/service.ts';
import { InvalidInput } from '../domain/errors.ts';
import { type ApiClient, createApiClient, withApi } from './api-client.ts';
import { type ApiEnvironment, type ApiOptions, REAL_ENVIRONMENT } from './api-environment.ts';
import type { Output } from './output.ts';
import { personOf } from './person.ts';
import { fields, printable, table } from './table.ts';

interface ServiceOptions extends ApiOptions {
  readonly by?: string;
  readonly wait?: boolean;
  readonly to?: string;
  readonly yes?: boolean;
}

const LOOK_MS = 1_000;

/** `podboot services list|links|status|deploy|secrets`, and `podboot update plan|run`. */
export function registerServices(program: Command, environment: ApiEnvironment = REAL_ENVIRONMENT): void {
  const { output, env } = environment;
  const show = (options: ApiOptions, value: unknown, text: () => string) =>
    output.print(options.json === true ? JSON.stringify(value, null, 2) : text());
  const ours = (parent: Command, name: string, description: string) =>
    withApi(parent.command(name).description(description))
      .argument('<cluster>', 'name of a cluster of podboot.yaml')
      .option('--json', 'print it for programs');
  const services = program.command('services').description('services of a cluster, from the catalogue');

  ours(services, 'list', 'the catalogue, and what of it is deployed')
    .option('--probe', 'ask the pages of those that are deployed')
    .action(async (cluster: string, options: ServiceOptions & { probe?: boolean }) => {
      const path = `${pathOf(cluster)}${options.probe === true ? '?probe=true' : ''}`;
      const { body } = await createApiClient(options, env).call<ServiceListView>('GET', path);
      show(options, body.items, () => listText(body.items));
    });

  ours(services, 'links', 'the pages of what is deployed, and whether they answer').action(
    async (cluster: string, options: ServiceOptions) => {
      const { body } = await createApiClient(options, env).call<ServiceListView>(
        'GET',
        `${pathOf(cluster)}?probe=true`,
      );
      const there = body.items.filter(({ state }) => state === 'deployed');
      show(
        options,
        there.flatMap(({ links }) => links),
        () => linksText(there),
      );
      if (there.some(isDown)) output.exitWith(1);
    },
  );

  ours(services, 'status', 'one service: its state, its pages, and what stands against it')
    .argument('<service>')
    .action(async (cluster: string, service: string, options: ServiceOptions) => {
      const { body } = await createApiClient(options, env).call<ServiceView>('GET', pathOf(cluster, service));
      show(options, body, () => statusText(body));
      if (body.state !== 'deployed' || isDown(body)) output.exitWith(1);
    });

  ours(services, 'deploy', 'deploy a service, or bring it up to what the checkout has')
    .argument('<service>')
    .option('--by <name>', 'who does it (else the user who runs this)')
    .option('--no-wait', 'begin it, and do not wait for its end')
    .action(async (cluster: string, service: string, options: ServiceOptions) => {
      const api = createApiClient(options, env);
      const path = `${pathOf(cluster, service)}/deploy`;
      const { body } = await api.call<RunView>('POST', path, { by: personOf(options.by, env) });
      const run = options.wait === false ? body : await followRun(api, body, output);
      show(options, run, () => runText(run));
      if (run.state !== 'running' && run.state !== 'succeeded') return output.exitWith(1);
      if (run.state !== 'succeeded' || options.json === true) return;
      const { body: view } = await api.call<ServiceView>('GET', pathOf(cluster, service));
      output.print(afterwardsText(cluster, view));
    });

  ours(services, 'secrets', 'what a service’s run told in secret: once, then it is nowhere any more')
    .argument('<service>')
    .option('--by <name>', 'who sees it (else the user who runs this)')
    .action(async (cluster: string, service: string, options: ServiceOptions) => {
      const path = `${pathOf(cluster, service)}/reveal`;
      const by = personOf(options.by, env);
      const { body } = await createApiClient(options, env).call<SecretsView>('POST', path, { by });
      show(options, body.items, () => fields(body.items.map(({ name, value }) => [name, value])));
      output.tell('This was shown once: keep it where you keep passwords.');
    });

  const update = program.command('update').description('updates of a cluster to the versions that it is pinned to');
  ours(update, 'plan', 'what an update would do; nothing is begun').action(
    async (cluster: string, options: ServiceOptions) => {
      const { body } = await createApiClient(options, env).call<UpdatePlanView>('GET', updatePath(cluster));
      show(options, body, () => updateText(body));
      if (body.obstacles.length > 0) output.exitWith(1);
    },
  );
  ours(update, 'run', 'update it: the control plane first, then workers in batches')
    .option('--to <version>', 'the version of the plan that you looked at')
    .option('--by <name>', 'who does it (else the user who runs this)')
    .option('--no-wait', 'begin it, and do not wait for its end')
    .action(async (cluster: string, options: ServiceOptions) => {
      const api = createApiClient(options, env);
      if (options.to === undefined) {
        const { body } = await api.call<UpdatePlanView>('GET', updatePath(cluster));
        output.print(updateText(body));
        throw new InvalidInput(
          'nothing was begun: --to is missing',
          [],
          body.to === undefined
            ? 'Mend what stands against it first.'
            : `podboot update run ${cluster} --to ${body.to}`,
        );
      }
      const order = { to: options.to, by: personOf(options.by, env) };
      const { body } = await api.call<RunView>('POST', updatePath(cluster), order);
      const run = options.wait === false ? body : await followRun(api, body, output);
      show(options, run, () => runText(run));
      if (run.state !== 'running' && run.state !== 'succeeded') output.exitWith(1);
    });
}

function pathOf(cluster: string, service?: string): string {
  const path = `/clusters/${encodeURIComponent(cluster)}/services`;
  return service === undefined ? path : `${path}/${encodeURIComponent(service)}`;
}

function updatePath(cluster: string): string {
  return `/clusters/${encodeURIComponent(cluster)}/update`;
}

/** Draws its progress until it has ended; Ctrl-C leaves the run as it is. */
async function followRun(api: ApiClient, begun: RunView, output: Output): Promise<RunView> {
  let run = begun;
  while (run.state === 'running') {
    const { task, tasksDone = 0, tasksSeen = 0 } = run.progress ?? {};
    const where =
      task === undefined ? (run.steps.at(-1)?.name ?? '') : `task ${tasksDone} of at least ${tasksSeen}: ${task}`;
    output.draw?.(printable(`${run.id}  ${where}`).slice(0, 100));
    await pause(LOOK_MS);
    run = (await api.call<RunView>('GET', `/runs/${encodeURIComponent(run.id)}`)).body;
  }
  output.draw?.('');
  return run;
}

function runText({ id, action, service, state, reason }: RunView): string {
  const what = service === undefined ? action : service;
  if (state === 'running') return `${what} is under way: podboot runs log ${id}`;
  if (state === 'succeeded') return `${what}: ${id} has succeeded`;
  return printable(`${what}: ${id} is ${state}: ${reason ?? 'it does not say why'} → podboot runs log ${id}`);
}

function listText(items: readonly ServiceView[]): string {
  const rows = items.map((item) => [
    item.name,
    item.state,
    item.origin === 'operator' ? 'own' : 'podboot',
    item.needs.join(','),
    item.links
      .map(({ url, probe }) => `${url ?? '?'}${probe === undefined ? '' : probe.isUp ? ' (up)' : ` (${probe.found})`}`)
      .join(' '),
    item.obstacles[0] === undefined || item.state === 'deployed'
      ? item.title
      : `${item.obstacles[0].message} → ${item.obstacles[0].mend}`,
  ]);
  return table(['service', 'state', 'entry', 'needs', 'links', 'what'], rows);
}

function linksText(items: readonly ServiceView[]): string {
  const rows = items.flatMap(({ name, links }) =>
    links.map((link) => [
      name,
      link.name,
      link.url,
      link.probe === undefined ? 'not asked' : link.probe.isUp ? 'up' : 'down',
      link.probe === undefined
        ? undefined
        : `${link.probe.found}${link.probe.mend === undefined ? '' : ` → ${link.probe.mend}`}`,
    ]),
  );
  return rows.length === 0
    ? 'nothing with a page is deployed'
    : table(['service', 'page', 'url', 'state', 'seen'], rows);
}

function statusText(view: ServiceView): string {
  const head = fields([
    ['service', `${view.name}: ${view.title}`],
    ['', view.summary],
    ['state', view.state],
    ['reason', view.reason],
    ['deployed', view.deployedAt],
    ['run', view.run],
    ['needs', view.needs.join(', ')],
    ['runs', view.runs.join('; ')],
    ['log', view.log],
    ['secrets', view.secrets.length === 0 ? undefined : `${view.secrets.join(', ')}: not shown yet`],
    ['notes', view.notes],
  ]);
  const obstacles = view.obstacles.map(({ message, mend }) => printable(`against it: ${message} → ${mend}`));
  const links = view.links.length === 0 ? [] : [linksText([view])];
  return [head, ...obstacles, ...links].join('\n');
}

function afterwardsText(cluster: string, view: ServiceView): string {
  const secrets =
    view.secrets.length === 0
      ? []
      : [`it told ${view.secrets.join(', ')}, which is shown once: podboot services secrets ${cluster} ${view.name}`];
  return [...(view.links.length === 0 ? [] : [linksText([view])]), ...secrets.map(printable)].join('\n');
}

function isDown({ links }: ServiceView): boolean {
  return links.some(({ probe }) => probe?.isUp === false);
}

function updateText({ cluster, from, to, checkout, steps, leftOut, isUpToDate, obstacles }: UpdatePlanView): string {
  const versions = from.map(
    ({ version, nodes }) => `${version} on ${nodes.length === 1 ? nodes[0] : `${nodes.length} nodes`}`,
  );
  const head = fields([
    ['cluster', cluster],
    ['runs', versions.length === 0 ? 'no version that could be read' : versions.join(', ')],
    ['pinned', to ?? 'can’t be told'],
    [
      'checkout',
      checkout === undefined
        ? undefined
        : `${checkout.path}${checkout.commit === undefined ? '' : ` at ${checkout.commit.slice(0, 12)}`}`,
    ],
  ]);
  const rows = steps.map(({ name, nodes, atOnce }) => [
    name,
    String(nodes.length),
    atOnce,
    nodes.slice(0, 8).join(','),
  ]);
  const against = obstacles.map(({ host, message, mend }) =>
    printable(`against it: ${host === undefined ? '' : `${host}: `}${message} → ${mend}`),
  );
  const without = leftOut.map(({ host, because }) => printable(`without ${host}: ${because}`));
  const work = isUpToDate ? ['nothing to do: every node has it'] : [table(['step', 'nodes', 'at once', 'which'], rows)];
  return [head, ...(steps.length === 0 ? [] : work), ...without, ...against].join('\n');
}
