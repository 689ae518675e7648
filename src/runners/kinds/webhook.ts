import { accessSync, constants, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Obstacle, RunPlan } from '../../domain/hand-off.ts';
import { formatIpv4 } from '../../domain/ipv4.ts';
import type { RunnerModule } from '../runner.ts';
import { chosenHosts } from './chosen-hosts.ts';
import { textOption } from './option-values.ts';
import type { WebhookOrder } from './webhook-client.ts';

const CLIENT = fileURLToPath(new URL('./webhook-client.ts', import.meta.url));

/**
 * Tells another system of the nodes and reads from its answer what became of each. The request is a process of its own like
 * every other run, so that a restart of podboot neither loses the answer nor asks twice.
 */
export const webhookRunner: RunnerModule = {
  kind: 'webhook',
  async plan(cluster, request, members): Promise<RunPlan> {
    const url = textOption(cluster.options, 'url') ?? '';
    const secretFile = textOption(cluster.options, 'secretFile');
    const caFile = textOption(cluster.options, 'caFile');
    const { hosts, obstacles } = chosenHosts(cluster, request, members);
    const order: WebhookOrder = {
      url,
      ...(secretFile === undefined ? {} : { secretFile }),
      ...(caFile === undefined ? {} : { caFile }),
      body: {
        cluster: cluster.name,
        action: request.action,
        by: request.by,
        hosts: hosts.map(({ name, address, roles }) => ({
          name,
          ...(address === undefined ? {} : { address: formatIpv4(address) }),
          roles,
        })),
      },
    };
    return {
      request,
      runner: 'webhook',
      hosts,
      steps: [
        {
          name: 'webhook',
          argv: [process.execPath, CLIENT, '{run}/webhook.json'],
          speaks: 'events',
          hosts: hosts.map(({ name }) => name),
        },
      ],
      files: [{ path: 'webhook.json', content: `${JSON.stringify(order, null, 2)}\n` }],
      obstacles: [...obstacles, ...fileObstacles(secretFile, true), ...fileObstacles(caFile, false)],
    };
  },
};

function fileObstacles(file: string | undefined, isSecret: boolean): Obstacle[] {
  if (file === undefined) return [];
  try {
    accessSync(file, constants.R_OK);
  } catch {
    const mend = `Look at its name, and let podboot's user read it: ls -l ${file}`;
    return [{ code: 'file-unreadable', message: `${file} can’t be read.`, mend }];
  }
  if (!isSecret || (statSync(file).mode & 0o077) === 0) return [];
  return [{ code: 'secret-readable', message: `${file} can be read by others.`, mend: `chmod 600 ${file}` }];
}
