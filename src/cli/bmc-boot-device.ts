import { type Command, Option } from 'commander';
import type { Static } from 'typebox';
import type { BootDeviceBody, BootDeviceView } from '../api/schemas/power.ts';
import { InvalidInput } from '../domain/errors.ts';
import { createApiClient, withApi } from './api-client.ts';
import type { ApiEnvironment, ApiOptions } from './api-environment.ts';
import { personOf } from './person.ts';
import { printable } from './table.ts';

type Body = Static<typeof BootDeviceBody>;
type View = Static<typeof BootDeviceView>;

interface BootDeviceOptions extends ApiOptions {
  readonly once?: boolean;
  readonly persistent?: boolean;
  readonly efi?: boolean;
  readonly bios?: boolean;
  readonly by?: string;
  readonly reason?: string;
}

/** As ipmitool's `chassis bootdev` has them, where it does. */
const DEVICES: ReadonlyMap<string, Body['device']> = new Map([
  ['pxe', 'network'],
  ['http', 'network-http'],
  ['disk', 'disk'],
  ['none', 'none'],
]);
const WORDS = [...DEVICES.keys()].join('|');

/** `podboot bmc boot-device NODE [pxe|http|disk|none]`: a machine's next boot, or all of them. It starts nothing. */
export function registerBmcBootDevice(bmc: Command, { output, env }: ApiEnvironment): void {
  withApi(bmc.command('boot-device').description('what a machine boots from next, or for ever: show it, or set it'))
    .argument('<node>')
    .argument('[device]', `${WORDS}; none takes away what was set; nothing: show it`)
    .addOption(new Option('--once', 'for the next boot (unless told otherwise)').conflicts('persistent'))
    .option('--persistent', 'for every boot')
    .addOption(new Option('--efi', 'by UEFI (else as the node’s label firmware says, or UEFI)').conflicts('bios'))
    .option('--bios', 'by BIOS')
    .option('--by <name>', 'who does it (else the user who runs this); it is in the timeline')
    .option('--reason <text>', 'why, for the timeline')
    .option('--json', 'print it for programs')
    .action(async (node: string, word: string | undefined, options: BootDeviceOptions) => {
      const body = word === undefined ? undefined : bodyOf(word, options, env);
      const path = `/nodes/${encodeURIComponent(node)}/boot-device`;
      const api = createApiClient(options, env);
      const { body: found } = await (body === undefined
        ? api.call<View>('GET', path)
        : api.call<View>('PUT', path, body));
      output.print(options.json === true ? JSON.stringify(found, null, 2) : printable(`${node}: ${textOf(found)}`));
      if (body === undefined || isAsWanted(found, body)) return;
      output.tell(printable(`the BMC of ${node} took “${wantedText(body)}” and reads otherwise: look at its firmware`));
      output.exitWith(1);
    });
}

/** @throws InvalidInput */
function bodyOf(word: string, options: BootDeviceOptions, env: NodeJS.ProcessEnv): Body {
  const device = DEVICES.get(word);
  if (device === undefined) throw new InvalidInput(`“${printable(word)}” is no boot device`, [], `Write ${WORDS}.`);
  const { persistent = false, efi, bios, by, reason } = options;
  return {
    device,
    persistent,
    ...(efi === true || bios === true ? { uefi: bios !== true } : {}),
    by: personOf(by, env),
    ...(reason === undefined ? {} : { reason }),
  };
}

function isAsWanted(found: View, { device, persistent, uefi = found.uefi }: Body): boolean {
  if (device === 'none') return found.device === 'none';
  return found.device === device && found.persistent === persistent && found.uefi === uefi;
}

function textOf({ device, persistent, uefi }: View): string {
  if (device === 'none') return 'none set: it boots as its firmware is set up';
  return `${device} (${persistent ? 'for ever' : 'once'}, ${uefi ? 'UEFI' : 'BIOS'})`;
}

function wantedText({ device, persistent, uefi }: Body): string {
  if (device === 'none') return device;
  const firmware = uefi === undefined ? [] : [uefi ? 'UEFI' : 'BIOS'];
  return [device, persistent ? 'for ever' : 'once', ...firmware].join(', ');
}
