import { type Command, InvalidArgumentError } from 'commander';
import type { NodeBody, NodePatchBody, NodeView } from '../api/schemas/node.ts';
import { InvalidInput } from '../domain/errors.ts';
import type { DiskMethod, InterfaceRole, LoaderChoice, OptionValue } from '../domain/node.ts';
import { BMC_HELP, type BmcWords, bmcBody, readBmcWords } from './bmc-words.ts';

/** One `--interface name=bmc,role=bmc,mac=…`: key to value, an empty value removes. */
export type InterfaceWords = ReadonlyMap<string, string>;

/** The options of `podboot enrol` and `podboot nodes set`, as commander gives them. */
export interface NodeOptions {
  readonly mac?: string;
  readonly address?: string;
  readonly clientId?: string;
  readonly interface?: readonly InterfaceWords[];
  readonly removeInterface?: readonly string[];
  readonly rename?: string;
  readonly uuid?: string;
  readonly serial?: string;
  readonly rack?: string;
  readonly position?: string;
  readonly role?: readonly string[];
  readonly group?: string;
  readonly label?: readonly (readonly [string, string])[];
  readonly option?: readonly (readonly [string, string])[];
  readonly profile?: string;
  readonly loader?: string;
  readonly diskMethod?: string;
  readonly bmc?: BmcWords;
}

type InterfaceBody = NodeBody['interfaces'][number];

const INTERFACE_KEYS = ['name', 'role', 'mac', 'address', 'clientId', 'circuitId', 'remoteId'];
const DEFAULT_INTERFACE = 'boot';

export function withNodeOptions(command: Command): Command {
  return command
    .option('--mac <mac>', 'MAC address of the interface that boots')
    .option('--address <ip>', 'its reserved address')
    .option('--client-id <hex>', 'its DHCP client identifier, where it has no MAC address (Infiniband)')
    .option(
      '--interface <keys>',
      `another interface, as name=bmc,role=bmc,mac=MAC,address=IP (keys: ${INTERFACE_KEYS.join(', ')}; roles: boot, bmc, infiniband, other); may be repeated`,
      collectInterface,
    )
    .option('--uuid <uuid>', 'SMBIOS UUID')
    .option('--serial <number>', 'serial number')
    .option('--rack <rack>', 'where it stands')
    .option('--position <position>', 'in its rack, as U12')
    .option(
      '--role <role>',
      'what it is for, as kube_node; may be repeated; they replace those that it has',
      collectWord,
    )
    .option('--group <group>', 'a group of podboot.yaml')
    .option('--label <key=value>', 'a label; may be repeated', collectPair)
    .option('--option <name=value>', 'a DHCP option, as interfaceMtu=9000; may be repeated', collectPair)
    .option('--profile <profile>', 'what it boots: a profile of podboot.yaml, or local')
    .option('--loader <loader>', 'auto, ipxe or grub')
    .option('--disk-method <method>', 'how it is sent to its disk')
    .option('--bmc <keys>', BMC_HELP, readBmcWords);
}

export function nodeBody(name: string, options: NodeOptions): NodeBody {
  const boot = bootOf(options);
  return {
    name,
    interfaces: changedInterfaces([], options),
    ...(options.uuid === undefined ? {} : { uuid: options.uuid }),
    ...(options.serial === undefined ? {} : { serialNumber: options.serial }),
    ...(options.rack === undefined ? {} : { rack: options.rack }),
    ...(options.position === undefined ? {} : { position: options.position }),
    ...(options.role === undefined ? {} : { roles: options.role }),
    ...(options.group === undefined ? {} : { group: options.group }),
    ...(options.label === undefined ? {} : { labels: Object.fromEntries(options.label) }),
    ...(options.option === undefined
      ? {}
      : { options: Object.fromEntries(options.option.map(([key, value]) => [key, optionValue(value)])) }),
    ...(boot === undefined ? {} : { boot }),
    ...(options.bmc === undefined ? {} : { bmc: bmcBody(options.bmc) }),
  } as NodeBody;
}

/**
 * What to change of `node`; an empty value (`--rack ''`, `--label row=`) removes.
 *
 * @param node undefined: of many, which have no interface and no identity in common
 */
export function nodePatch(node: NodeView | undefined, options: NodeOptions): NodePatchBody {
  const orNull = (value: string) => (value === '' ? null : value);
  const boot = bootOf(options);
  const changesInterfaces = [
    options.mac,
    options.address,
    options.clientId,
    options.interface,
    options.removeInterface,
  ].some((value) => value !== undefined);
  const isOneNodes =
    changesInterfaces || [options.rename, options.uuid, options.serial].some((value) => value !== undefined);
  if (node === undefined && isOneNodes) {
    const mend = 'Name one node; or import a table of them: podboot enrol FILE.';
    throw new InvalidInput('a name, an interface, a UUID and a serial number are one node’s own', [], mend);
  }
  const before = (node?.interfaces ?? []) as InterfaceBody[];
  const patch = {
    ...(options.rename === undefined ? {} : { name: options.rename }),
    ...(changesInterfaces ? { interfaces: changedInterfaces(before, options) } : {}),
    ...(options.uuid === undefined ? {} : { uuid: orNull(options.uuid) }),
    ...(options.serial === undefined ? {} : { serialNumber: orNull(options.serial) }),
    ...(options.rack === undefined ? {} : { rack: orNull(options.rack) }),
    ...(options.position === undefined ? {} : { position: orNull(options.position) }),
    ...(options.role === undefined ? {} : { roles: options.role.filter((role) => role !== '') }),
    ...(options.group === undefined ? {} : { group: orNull(options.group) }),
    ...(options.label === undefined
      ? {}
      : { labels: Object.fromEntries(options.label.map(([key, value]) => [key, orNull(value)])) }),
    ...(options.option === undefined
      ? {}
      : {
          options: Object.fromEntries(
            options.option.map(([key, value]) => [key, value === '' ? null : optionValue(value)]),
          ),
        }),
    ...(boot === undefined ? {} : { boot }),
    ...(options.bmc === undefined ? {} : { bmc: bmcBody(options.bmc) }),
  };
  if (Object.keys(patch).length === 0) {
    throw new InvalidInput('nothing to change', [], 'podboot nodes set --help lists what can be set.');
  }
  return patch as NodePatchBody;
}

function bootOf({ profile, loader, diskMethod }: NodeOptions) {
  if (profile === undefined && loader === undefined && diskMethod === undefined) return undefined;
  return {
    ...(profile === undefined ? {} : { profile }),
    ...(loader === undefined ? {} : { loader: loader as LoaderChoice }),
    ...(diskMethod === undefined ? {} : { diskMethod: diskMethod === '' ? null : (diskMethod as DiskMethod) }),
  };
}

function changedInterfaces(before: readonly InterfaceBody[], options: NodeOptions): InterfaceBody[] {
  const interfaces = new Map(before.map((each) => [each.name, each]));
  for (const name of options.removeInterface ?? []) {
    if (!interfaces.delete(name)) {
      throw new InvalidInput(`there is no interface ${name}`, [], `There are: ${[...interfaces.keys()].join(', ')}.`);
    }
  }
  for (const words of options.interface ?? []) {
    const name = words.get('name') ?? '';
    interfaces.set(name, changedInterface(interfaces.get(name) ?? { name }, words));
  }
  const short = new Map(
    Object.entries({ mac: options.mac, address: options.address, clientId: options.clientId }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  );
  if (short.size > 0) {
    const target = shortTarget(before, interfaces);
    interfaces.set(target.name, changedInterface(target, short));
  }
  return [...interfaces.values()];
}

/** Which interface `--mac` and `--address` mean: the one that boots. */
function shortTarget(before: readonly InterfaceBody[], interfaces: ReadonlyMap<string, InterfaceBody>): InterfaceBody {
  const booting = before.filter(({ name, role }) => (role ?? 'boot') === 'boot' && interfaces.has(name));
  if (booting.length > 1) {
    const names = booting.map(({ name }) => name).join(', ');
    throw new InvalidInput(
      `which interface? ${names} boot`,
      [],
      'Say it with --interface name=NAME,mac=MAC,address=IP.',
    );
  }
  const name = booting[0]?.name ?? DEFAULT_INTERFACE;
  return interfaces.get(name) ?? { name };
}

function changedInterface(before: InterfaceBody, words: InterfaceWords): InterfaceBody {
  const value = (key: string, old: string | undefined) => (words.has(key) ? words.get(key) || undefined : old);
  const role = value('role', before.role);
  const mac = value('mac', before.mac);
  const address = value('address', before.address);
  const clientId = value('clientId', before.clientId);
  const circuitId = value('circuitId', before.switchPort?.circuitId);
  const remoteId = value('remoteId', before.switchPort?.remoteId);
  const switchPort = {
    ...(circuitId === undefined ? {} : { circuitId }),
    ...(remoteId === undefined ? {} : { remoteId }),
  };
  return {
    name: before.name,
    ...(role === undefined ? {} : { role: role as InterfaceRole }),
    ...(mac === undefined ? {} : { mac }),
    ...(clientId === undefined ? {} : { clientId }),
    ...(Object.keys(switchPort).length === 0 ? {} : { switchPort }),
    ...(address === undefined ? {} : { address }),
  };
}

/** `9000`, `true` and `["a"]` are what JSON says they are; `10.0.0.1,10.0.0.2` is a list; the rest is text. */
function optionValue(text: string): OptionValue {
  try {
    const value: unknown = JSON.parse(text);
    if (value !== null && (typeof value !== 'object' || Array.isArray(value))) return value as OptionValue;
  } catch {
    // Text, as most values are.
  }
  return text.includes(',') ? text.split(',').map((part) => part.trim()) : text;
}

export function collectWord(word: string, before: readonly string[] = []): readonly string[] {
  return [...before, word];
}

export function collectPair(word: string, before: readonly (readonly [string, string])[] = []) {
  const at = word.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Write it as key=value.');
  return [...before, [word.slice(0, at), word.slice(at + 1)] as const];
}

function collectInterface(words: string, before: readonly InterfaceWords[] = []): InterfaceWords[] {
  const pairs = words
    .split(',')
    .reduce<readonly (readonly [string, string])[]>((all, word) => collectPair(word, all), []);
  const unknown = pairs.find(([key]) => !INTERFACE_KEYS.includes(key));
  if (unknown !== undefined)
    throw new InvalidArgumentError(`There is no key ${unknown[0]}; there are ${INTERFACE_KEYS.join(', ')}.`);
  const parsed = new Map(pairs);
  if ((parsed.get('name') ?? '') === '') throw new InvalidArgumentError('It needs a name, as in name=eno1,mac=MAC.');
  return [...before, parsed];
}
