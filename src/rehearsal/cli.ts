import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(value))
    throw new InvalidArgumentError('A whole number is wanted.');
  return value;
}

function pace(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value <= 1)) throw new InvalidArgumentError('From 0 (no waits) to 1 (as slow as real firmware).');
  return value;
}

export interface RehearseOptions {
  readonly nodes: number;
  readonly once?: boolean;
  readonly port: number;
  readonly pace: number;
  readonly loopback?: boolean;
}

/** Options that `podboot rehearse` and `podboot start` share. */
export function addRehearsalOptions(command: Command): Command {
  return command
    .option('--nodes <count>', 'simulated nodes, of all kinds of firmware', wholeNumber, 7)
    .option('--once', 'end when the nodes are through, with exit code 1 if one did not end as it should')
    .option('--port <port>', 'first TCP port on 127.0.0.1 to try for the API', wholeNumber, 8067)
    .option('--pace <factor>', 'how much of the time that real firmware waits is waited, 0 to 1', pace, 0.2)
    .option('--loopback', 'stay on the loopback interface, also as root');
}

export async function runRehearsal(options: RehearseOptions): Promise<void> {
  const { rehearse } = await import('./rehearse.ts');
  process.exitCode = await rehearse({
    nodes: options.nodes,
    daemonCommand: [process.execPath, ...process.execArgv, MAIN],
    once: options.once === true,
    apiPort: options.port,
    pace: options.pace,
    network: options.loopback === true ? 'loopback' : 'auto',
  });
}

/** `podboot rehearse`. */
export function registerRehearse(program: Command): void {
  addRehearsalOptions(
    program.command('rehearse').description('boot simulated nodes from the daemon on a private network, and watch'),
  ).action(runRehearsal);
}
