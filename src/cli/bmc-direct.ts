import type { Command } from 'commander';
import type { RawView } from '../api/schemas/power.ts';
import { InvalidInput } from '../domain/errors.ts';
import { createApiClient, withApi } from './api-client.ts';
import type { ApiEnvironment, ApiOptions } from './api-environment.ts';
import { personOf } from './person.ts';
import { printable } from './table.ts';

interface RawOptions extends ApiOptions {
  readonly by?: string;
  readonly reason?: string;
}

/** The longest that a field of a request holds. */
const MAX_LIGHT_SECONDS = 255;

/** `podboot bmc raw|identify`: what goes to one BMC at once, and is no job. */
export function registerBmcDirect(bmc: Command, { output, env }: ApiEnvironment): void {
  withApi(bmc.command('raw').description('send a BMC an IPMI command as it stands, once'))
    .argument('<node>')
    .argument('<bytes...>', 'network function, command, data, as ipmitool has them: 0x00 0x08 0x03 0x08')
    .option('--by <name>', 'who does it (else the user who runs this); it is in the timeline, as are the bytes')
    .option('--reason <text>', 'why, for the timeline')
    .option('--json', 'print it for programs')
    .action(async (node: string, words: readonly string[], options: RawOptions) => {
      const [netFn, command, ...data] = words.map(byteOf);
      if (command === undefined)
        throw new InvalidInput('a raw command has a network function and a command at least', []);
      const { reason } = options;
      const body = { by: personOf(options.by, env), ...(reason === undefined ? {} : { reason }), netFn, command, data };
      const path = `/nodes/${encodeURIComponent(node)}/bmc/raw`;
      const { body: answer } = await createApiClient(options, env).call<RawView>('POST', path, body);
      output.print(options.json === true ? JSON.stringify(answer, null, 2) : rawAnswerText(answer));
      if (answer.completionCode !== 0) output.exitWith(1);
    });

  withApi(bmc.command('identify').description('let the light of a machine show where it stands'))
    .argument('<node>')
    .option('--seconds <n>', `for how long, ${MAX_LIGHT_SECONDS} at most; 0: off`, '60')
    .action(async (node: string, options: ApiOptions & { readonly seconds: string }) => {
      const seconds = Number(options.seconds);
      if (!Number.isInteger(seconds) || seconds < 0 || seconds > MAX_LIGHT_SECONDS)
        throw new InvalidInput(`--seconds is a whole number from 0 to ${MAX_LIGHT_SECONDS}`, []);
      const path = `/nodes/${encodeURIComponent(node)}/identify`;
      await createApiClient(options, env).call('POST', path, { seconds });
      output.print(
        printable(seconds === 0 ? `the light of ${node} is off` : `${node} shows its light for ${seconds} s`),
      );
    });
}

/** @throws InvalidInput */
function byteOf(word: string): number {
  const byte = /^(?:0x[0-9a-fA-F]{1,2}|[0-9]{1,3})$/.test(word) ? Number(word) : Number.NaN;
  if (byte <= 0xff) return byte;
  throw new InvalidInput(`“${printable(word)}” is no byte`, [], 'Write 0x00 to 0xff, or 0 to 255.');
}

function rawAnswerText({ completionCode, text, data }: RawView): string {
  if (completionCode !== 0) return printable(text);
  return data === '' ? 'done; nothing follows' : data.replace(/..(?=.)/g, '$& ');
}
