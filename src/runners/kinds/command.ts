import type { Obstacle, RunHost, RunPlan, RunRequest } from '../../domain/hand-off.ts';
import { formatIpv4 } from '../../domain/ipv4.ts';
import type { RunnerModule } from '../runner.ts';
import { chosenHosts } from './chosen-hosts.ts';
import { isStrings } from './option-values.ts';

/**
 * Any program, run on podboot's own host once for each run. `{hosts}` in a word stands for the names of its nodes with commas
 * between, `{action}` for what the run is for; `{run}/hosts.json` has names, addresses and roles. Its exit code is the result
 * of all of its nodes, or with `results: events` it writes the result of each itself.
 */
export const commandRunner: RunnerModule = {
  kind: 'command',
  async plan(cluster, request, members): Promise<RunPlan> {
    const { argv = [], cwd, results } = cluster.options;
    const { hosts, obstacles } = chosenHosts(cluster, request, members);
    const words = isStrings(argv) ? argv : [];
    const missing: Obstacle[] =
      words.length > 0
        ? []
        : [
            {
              code: 'no-argv',
              message: `The cluster ${cluster.name} has no program to run.`,
              mend: `Write clusters.${cluster.name}.argv in podboot.yaml, for example [/usr/local/bin/join, "{hosts}"].`,
            },
          ];
    return {
      request,
      runner: 'command',
      hosts,
      steps: [
        {
          name: 'command',
          argv: words.map((word) => filled(word, request, hosts)),
          ...(typeof cwd === 'string' ? { cwd } : {}),
          speaks: results === 'events' ? 'events' : 'plain',
          hosts: hosts.map(({ name }) => name),
        },
      ],
      files: [{ path: 'hosts.json', content: `${JSON.stringify(hostsView(hosts), null, 2)}\n` }],
      obstacles: [...obstacles, ...missing],
    };
  },
};

function filled(word: string, request: RunRequest, hosts: readonly RunHost[]): string {
  return word
    .replaceAll('{hosts}', hosts.map(({ name }) => name).join(','))
    .replaceAll('{action}', request.action)
    .replaceAll('{cluster}', request.cluster);
}

function hostsView(hosts: readonly RunHost[]) {
  return hosts.map(({ name, address, roles }) => ({
    name,
    ...(address === undefined ? {} : { address: formatIpv4(address) }),
    roles,
  }));
}
