import { request } from 'node:http';
import type { Command } from 'commander';
import { type ApiTarget, apiAddress, readTarget, withApi } from './api-client.ts';
import { type Output, processOutput } from './output.ts';

/** A probe that waits longer is told the same by whoever waits for it. */
const TIMEOUT_MS = 3_000;

/**
 * `podboot health`: for HEALTHCHECK of containers and for scripts. Exit code 0 or 1, no token: it asks what the daemon
 * tells everybody on its host.
 */
export function registerHealth(
  program: Command,
  output: Output = processOutput,
  env: NodeJS.ProcessEnv = process.env,
): void {
  withApi(program.command('health').description('ends with 0 if the daemon on this host serves, else with 1'))
    .option('--alive', 'ask no more than whether it lives')
    .action(async (options: { readonly api?: string; readonly alive?: boolean }) => {
      const target = readTarget(apiAddress(options, env));
      const answer = await probe(target, options.alive === true ? '/healthz' : '/readyz');
      output.print(answer);
      output.exitWith(answer === 'ok' ? 0 : 1);
    });
}

/** `ok`, `not ok`, or why there was no answer. */
function probe(target: ApiTarget, path: string): Promise<string> {
  return new Promise((resolve) => {
    const outgoing = request({ ...target, path, timeout: TIMEOUT_MS, agent: false }, (incoming) => {
      incoming.resume();
      resolve(
        incoming.statusCode === 200 ? 'ok' : incoming.statusCode === 503 ? 'not ok' : `status ${incoming.statusCode}`,
      );
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${TIMEOUT_MS / 1_000} s`)));
    outgoing.on('error', (error) => resolve(`not ok: ${error.message}`));
    outgoing.end();
  });
}
