import type { Command } from 'commander';
import { createApiClient, withApi } from './api-client.ts';
import { type ApiEnvironment, type ApiOptions, REAL_ENVIRONMENT } from './api-environment.ts';

/** `podboot ssh forget`. */
export function registerSsh(program: Command, { output, env }: ApiEnvironment = REAL_ENVIRONMENT): void {
  const ssh = program.command('ssh').description('SSH host keys that podboot keeps of nodes and bastions');
  withApi(ssh.command('forget').description('the next contact with a host is the first one again'))
    .argument('<host>', 'name of a node, or bastion-HOST as an error names it')
    .action(async (host: string, options: ApiOptions) => {
      await createApiClient(options, env).call('DELETE', `/ssh-host-keys/${encodeURIComponent(host)}`);
      output.print(`the SSH host keys of ${host} are forgotten`);
    });
}
