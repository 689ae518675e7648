import type { Command } from 'commander';
import type { LeaseView } from '../api/schemas/lease.ts';
import type { StatusView } from '../api/schemas/status.ts';
import type { TimelineEntryView } from '../api/schemas/timeline.ts';
import { PodbootError, type Problem } from '../domain/errors.ts';
import { parseMac } from '../domain/mac.ts';
import { createApiClient, withApi } from './api-client.ts';
import type { ApiEnvironment, ApiOptions } from './api-environment.ts';
import { entryLine } from './event-text.ts';
import { formatProblem } from './failure.ts';
import { fields, printable, table } from './table.ts';

/** `podboot status`, `reload`, `leases`, `timeline`. */
export function registerDaemonCommands(program: Command, { output, env }: ApiEnvironment): void {
  const ours = (name: string, description: string) =>
    withApi(program.command(name).description(description)).option('--json', 'print it for programs');
  const show = (options: ApiOptions, value: unknown, text: () => string) =>
    output.print(options.json === true ? JSON.stringify(value, null, 2) : text());

  ours('status', 'how the daemon is').action(async (options: ApiOptions) => {
    const { body } = await createApiClient(options, env).call<StatusView>('GET', '/status');
    show(options, body, () => statusText(body));
  });

  ours('reload', 'let the daemon read its configuration again').action(async (options: ApiOptions) => {
    const { body } = await createApiClient(options, env).call<{ warnings?: Problem[] }>('POST', '/reload');
    for (const warning of body.warnings ?? [])
      output.tell(printable(formatProblem({ ...warning, message: `warning: ${warning.message}` })));
    show(options, body, () => 'the new configuration is in force');
  });

  ours('leases', 'who has which address')
    .option('--state <state>', 'bound, released or declined only')
    .option('--node <node>', 'of one node: name, id or MAC address')
    .option('--mac <mac>', 'of one MAC address')
    .option('--subnet <subnet>', 'in one network: 10.77.0.0/24')
    .action(async (options: ApiOptions & Readonly<Record<string, string>>) => {
      const query = new URLSearchParams();
      for (const name of ['state', 'node', 'mac', 'subnet']) {
        if (options[name] !== undefined) query.set(name, options[name]);
      }
      const leases = await createApiClient(options, env).list<LeaseView>('/leases', query);
      show(options, leases, () => leaseTable(leases));
    });

  ours('timeline', 'the recent steps of a node, of a machine that is not enrolled (by MAC address), or of the daemon')
    .argument('[node]', 'name, id or MAC address; without it, the daemon’s own')
    .action(async (node: string | undefined, options: ApiOptions) => {
      const entries = await timelineOf(node, options, env);
      show(options, entries, () => (entries.length === 0 ? 'nothing yet' : entries.map(entryLine).join('\n')));
    });
}

async function timelineOf(
  node: string | undefined,
  options: ApiOptions,
  env: NodeJS.ProcessEnv,
): Promise<TimelineEntryView[]> {
  const client = createApiClient(options, env);
  if (node === undefined) return client.list('/timeline');
  try {
    return await client.list(`/nodes/${encodeURIComponent(node)}/timeline`);
  } catch (error) {
    const mac = parseMac(node);
    if (mac === undefined || !(error instanceof PodbootError) || error.code !== 'not-found') throw error;
    return client.list('/timeline', { mac });
  }
}

function leaseTable(leases: readonly LeaseView[]): string {
  return table(
    ['address', 'state', 'holder', 'node', 'hostname', 'until'],
    leases.map((lease) => [
      lease.address,
      lease.state,
      lease.key.replace(/^mac:/, ''),
      lease.node ?? lease.reservation,
      lease.hostname,
      lease.expiresAt ?? 'for ever',
    ]),
  );
}

function statusText(status: StatusView): string {
  const seconds = status.uptimeSeconds;
  const uptime = `${Math.floor(seconds / 86_400)} d ${Math.floor(seconds / 3_600) % 24} h ${Math.floor(seconds / 60) % 60} min`;
  const counts = (record: Readonly<Record<string, number>>) =>
    Object.entries(record)
      .filter(([, count]) => count > 0)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ');
  return fields([
    ['version', status.version],
    ['running', `${uptime}, since ${status.startedAt}`],
    ...status.interfaces.map(({ name, address, dhcp }) => ['interface', `${name} ${address} (${dhcp})`] as const),
    ['nodes', String(status.nodes)],
    ['leases', counts(status.leases) || 'none'],
    ['memory', `${Math.round(status.residentBytes / 1_000_000)} MB`],
    ...Object.entries(status.counters).map(([service, record]) => [service, counts(record)] as const),
  ]);
}
