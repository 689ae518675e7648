import { randomInt } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { BmcLogView, BmcTestView, CredentialsListView, InventoryView, RotateView } from '../api/schemas/power.ts';
import { HostRefused, InvalidInput } from '../domain/errors.ts';
import { createApiClient, withApi } from './api-client.ts';
import { type ApiEnvironment, type ApiOptions, REAL_ENVIRONMENT } from './api-environment.ts';
import { registerBmcBootDevice } from './bmc-boot-device.ts';
import { registerBmcDirect } from './bmc-direct.ts';
import { selectionQuery } from './selection.ts';
import { fields, printable, table } from './table.ts';

interface SecretOptions extends ApiOptions {
  readonly user?: string;
  readonly file?: string;
  readonly keyFile?: string;
  readonly generate?: string;
  readonly continue?: boolean;
}

/** Without what looks like something else on a label; 16 are taken by every BMC. */
const ALPHABET = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const GENERATED_CHARACTERS = 16;
const AT_ONCE = 32;

/** `podboot bmc test|inventory|log|raw|identify|boot-device|credentials|rotate`. */
export function registerBmc(
  program: Command,
  { output, env }: ApiEnvironment = REAL_ENVIRONMENT,
  readSecret: (file: string | undefined) => string = secretOf,
): void {
  const bmc = program
    .command('bmc')
    .description('the BMCs of nodes: test, inventory, log, boot device, raw commands, credentials');
  const ours = (parent: Command, name: string, description: string) =>
    withApi(parent.command(name).description(description)).option('--json', 'print it for programs');
  const show = (options: ApiOptions, value: unknown, text: () => string) =>
    output.print(options.json === true ? JSON.stringify(value, null, 2) : text());

  ours(bmc, 'test', 'whether BMCs can be used, and what is in the way')
    .argument('<nodes>', 'a name, or several: dgx[01-32]')
    .action(async (named: string, options: ApiOptions) => {
      const api = createApiClient(options, env);
      const nodes = await api.list<{ name: string }>('/nodes', selectionQuery(named, {}));
      const answers: BmcTestView[] = [];
      for (let at = 0; at < nodes.length; at += AT_ONCE) {
        const some = nodes.slice(at, at + AT_ONCE);
        const bodies = some.map(({ name }) => api.call<BmcTestView>('POST', `/nodes/${name}/bmc/test`));
        for (const { body } of await Promise.all(bodies)) answers.push(body);
      }
      show(options, answers, () => findingTable(answers));
      if (answers.some(({ findings }) => findings.some(({ isTrouble }) => isTrouble))) output.exitWith(1);
    });

  ours(bmc, 'inventory', 'what a BMC says that its machine is, held against the node')
    .argument('<node>')
    .action(async (node: string, options: ApiOptions) => {
      const path = `/nodes/${encodeURIComponent(node)}/bmc/inventory`;
      const { body } = await createApiClient(options, env).call<InventoryView>('GET', path);
      show(options, body, () => inventoryText(body));
      if (body.findings.some(({ isTrouble }) => isTrouble)) output.exitWith(1);
    });

  ours(bmc, 'log', 'the event log of a BMC')
    .argument('<node>')
    .option(
      '--since <position>',
      'only entries after this one (position of --json, or id); all where the log was cleared since',
    )
    .option('--limit <n>', 'at most so many; 100 unless told')
    .action(async (node: string, options: ApiOptions & { since?: string; limit?: string }) => {
      const query = new URLSearchParams();
      if (options.since !== undefined) query.set('since', options.since);
      if (options.limit !== undefined) query.set('limit', options.limit);
      const path = `/nodes/${encodeURIComponent(node)}/bmc/log?${query}`;
      const { body } = await createApiClient(options, env).call<BmcLogView>('GET', path);
      show(options, body.items, () =>
        body.items.length === 0
          ? 'the log is empty'
          : table(
              ['id', 'at', 'severity', 'what'],
              body.items.map(({ id, at, severity, text }) => [String(id), at, severity, text]),
            ),
      );
    });

  registerBmcDirect(bmc, { output, env });
  registerBmcBootDevice(bmc, { output, env });

  const credentials = ours(bmc, 'credentials', 'sets of names and passwords; they are never shown').action(
    async (options: ApiOptions) => {
      const { body } = await createApiClient(options, env).call<CredentialsListView>('GET', '/bmc/credentials');
      show(options, body.items, () =>
        body.items.length === 0
          ? 'no credentials: podboot bmc credentials set NAME --user USER'
          : table(
              ['name', 'changed', 'state'],
              body.items.map(({ name, changedAt, isRotating }) => [
                name,
                changedAt,
                isRotating ? 'password is being changed' : undefined,
              ]),
            ),
      );
    },
  );
  ours(credentials, 'set', 'store a set; the password is read from standard input, or a file')
    .argument('<name>')
    .requiredOption('--user <user>', 'name of the BMCs’ user')
    .option('--file <path>', 'file with the password, in place of standard input')
    .option('--key-file <path>', 'file with the BMC key (Kg) in hexadecimal, for two-key login')
    .action(async (name: string, _: unknown, command: Command) => {
      const options: SecretOptions = command.optsWithGlobals();
      const password = readSecret(options.file);
      const bmcKey = options.keyFile === undefined ? undefined : readSecret(options.keyFile);
      const body = { userName: options.user, password, ...(bmcKey === undefined ? {} : { bmcKey }) };
      await createApiClient(options, env).call('PUT', `/bmc/credentials/${encodeURIComponent(name)}`, body);
      output.print(printable(`the credentials ${name} are stored, sealed`));
    });
  ours(credentials, 'remove', 'forget a set')
    .argument('<name>')
    .action(async (name: string, _: unknown, command: Command) => {
      const options: ApiOptions = command.optsWithGlobals();
      await createApiClient(options, env).call('DELETE', `/bmc/credentials/${encodeURIComponent(name)}`);
      output.print(printable(`the credentials ${name} are forgotten`));
    });

  ours(
    bmc,
    'rotate',
    'change the password of a set on all BMCs that have it; it is read from standard input, or a file',
  )
    .argument('<name>', 'of the set')
    .option('--file <path>', 'file with the new password, in place of standard input')
    .option('--generate <path>', 'make one, and leave it in this file for you alone')
    .option('--continue', 'go on with a change that has not come to its end')
    .action(async (name: string, options: SecretOptions) => {
      const password =
        options.continue === true
          ? undefined
          : options.generate === undefined
            ? readSecret(options.file)
            : generated(options.generate);
      const path = `/bmc/credentials/${encodeURIComponent(name)}/rotate`;
      const { body } = await createApiClient(options, env).call<RotateView>(
        'POST',
        path,
        password === undefined ? {} : { password },
      );
      show(options, body, () => rotateText(name, body));
      if (!body.isDone) output.exitWith(1);
    });
}

function secretOf(file: string | undefined): string {
  if (file === undefined && process.stdin.isTTY)
    throw new InvalidInput('there is no password on standard input', [], 'Pipe it in, or name a file with --file.');
  const secret = readFileSync(file ?? 0, 'utf8').replace(/\r?\n$/, '');
  if (secret === '') throw new InvalidInput('the password is empty', [], 'Pipe it in, or name a file with --file.');
  return secret;
}

/** @throws HostRefused where the file is there already */
function generated(path: string): string {
  const password = Array.from({ length: GENERATED_CHARACTERS }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
  try {
    writeFileSync(path, `${password}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new HostRefused(`${path} can’t be written: ${code}`, 'Name a file that is not there yet.', error);
  }
  return password;
}

function findingTable(answers: readonly BmcTestView[]): string {
  const rows = answers.flatMap(({ node, findings }) =>
    findings.map(({ code, text, mend }) => [node, code, `${text}${mend === undefined ? '' : ` → ${mend}`}`]),
  );
  const sound = answers.filter(({ findings }) => !findings.some(({ isTrouble }) => isTrouble)).length;
  return `${table(['node', 'finding', 'what'], rows)}\n${sound} of ${answers.length} are in order`;
}

function inventoryText({ node, macs, findings, ...rest }: InventoryView): string {
  return [
    fields([
      ['node', node],
      ['manufacturer', rest.manufacturer],
      ['product', rest.product],
      ['serial', rest.serialNumber],
      ['uuid', rest.uuid],
      ['BMC MAC', rest.bmcMac],
      ['firmware', rest.bmcFirmware],
      ['MACs', macs?.join(' ')],
      ['inlet', rest.inletCelsius === undefined ? undefined : `${rest.inletCelsius} °C`],
      ['draws', rest.powerWatts === undefined ? undefined : `${rest.powerWatts} W`],
      ['last restart', rest.lastRestart],
    ]),
    ...findings.map(({ text, mend }) => printable(`! ${text}${mend === undefined ? '' : ` → ${mend}`}`)),
  ].join('\n');
}

function rotateText(name: string, { isDone, items }: RotateView): string {
  const failed = items.filter(({ outcome }) => outcome === 'failed');
  const rows = failed.map(({ node, text, mend }) => [node, `${text}${mend === undefined ? '' : ` → ${mend}`}`]);
  const sum = `${items.length - failed.length} of ${items.length} BMCs have the new password`;
  if (isDone) return `${sum}; the old one is forgotten`;
  return `${table(['node', 'what'], rows)}\n${sum}; both are tried until all have it: podboot bmc rotate ${name} --continue`;
}
