import type { Problem } from '../domain/errors.ts';
import { parseIpv4 } from '../domain/ipv4.ts';
import { parseMac } from '../domain/mac.ts';
import type {
  BmcDriverName,
  DiskMethod,
  InterfaceRole,
  LoaderChoice,
  Node,
  NodeBmc,
  NodeBoot,
  NodeInterface,
  OptionValue,
  SwitchPort,
} from '../domain/node.ts';

export const INTERFACE_ROLES: readonly InterfaceRole[] = ['boot', 'bmc', 'infiniband', 'other'];
export const LOADERS: readonly LoaderChoice[] = ['auto', 'ipxe', 'grub'];
export const DISK_METHODS: readonly DiskMethod[] = [
  'no-boot-file',
  'ipxe-exit',
  'ipxe-sanboot',
  'grub-exit',
  'grub-chainload',
];

/** An interface as an operator enrols it; MAC and address in text, any notation of `parseMac`. */
export interface InterfaceInput {
  readonly name: string;
  /** `boot` unless told. */
  readonly role?: InterfaceRole;
  readonly mac?: string;
  readonly clientId?: string;
  readonly switchPort?: SwitchPort;
  /** Dotted quad. */
  readonly address?: string;
}

/** A node as an operator enrols it. Case and separators of names and identifiers are put in order when it is read. */
export interface NodeInput {
  readonly name: string;
  readonly interfaces: readonly InterfaceInput[];
  readonly uuid?: string;
  readonly serialNumber?: string;
  readonly rack?: string;
  readonly position?: string;
  /** None unless told. */
  readonly roles?: readonly string[];
  readonly group?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly options?: Readonly<Record<string, OptionValue>>;
  /** Profile `local` and loader `auto` unless told. */
  readonly boot?: { readonly profile?: string; readonly loader?: LoaderChoice; readonly diskMethod?: DiskMethod };
  readonly install?: Node['install'];
  /** Driver `auto` unless told. */
  readonly bmc?: BmcInput;
}

export type BmcInput = Omit<NodeBmc, 'driver'> & { readonly driver?: BmcDriverName };
export type BmcPatch = { readonly [Key in keyof BmcInput]?: BmcInput[Key] | null };

/**
 * What changes, as a JSON merge patch (RFC 7396): a key that is absent stays as it is, also inside of `boot`, `bmc`, `labels`
 * and `options`; null takes an optional one away; lists are replaced whole, and so is `install`, in which null has a
 * meaning of its own.
 */
export interface NodePatch {
  readonly name?: string;
  readonly interfaces?: readonly InterfaceInput[];
  readonly uuid?: string | null;
  readonly serialNumber?: string | null;
  readonly rack?: string | null;
  readonly position?: string | null;
  readonly roles?: readonly string[];
  readonly group?: string | null;
  readonly labels?: Readonly<Record<string, string | null>>;
  readonly options?: Readonly<Record<string, OptionValue | null>>;
  readonly boot?: {
    readonly profile?: string;
    readonly loader?: LoaderChoice;
    readonly diskMethod?: DiskMethod | null;
  };
  readonly install?: Node['install'] | null;
  readonly bmc?: BmcPatch | null;
}

/** What the registry adds to an input. */
export type NodeIdentity = Pick<Node, 'id' | 'version' | 'createdAt' | 'updatedAt'>;

/** A node as far as it could be read. */
export interface NodeReading {
  readonly node: Node;
  /** What could not be read: it is absent from `node`. */
  readonly problems: readonly Problem[];
  /** Indexes of the interfaces of which something could not be read. */
  readonly unreadable: ReadonlySet<number>;
}

export function readNode(input: NodeInput, identity: NodeIdentity): NodeReading {
  const { interfaces, problems, unreadable } = readInterfaces(toldInterfaces(input));
  const { name, uuid, serialNumber, rack, position, roles, group, labels, options, boot, install, bmc } = input;
  return {
    node: assemble(
      { name, interfaces, uuid, serialNumber, rack, position, roles, group, labels, options, boot, install, bmc },
      identity,
    ),
    problems,
    unreadable,
  };
}

/**
 * A shipping list has serial numbers and no interface yet: the one that boots is the machine's whose serial number or UUID it
 * is.
 */
function toldInterfaces({ interfaces, serialNumber, uuid }: NodeInput): readonly InterfaceInput[] {
  const isAwaited = serialNumber !== undefined || uuid !== undefined;
  return interfaces.length === 0 && isAwaited ? [{ name: 'boot' }] : interfaces;
}

/** The node after the patch, with the version and the times that it had. */
export function readPatch(node: Node, patch: NodePatch): NodeReading {
  const { interfaces, problems, unreadable } =
    patch.interfaces === undefined
      ? { interfaces: node.interfaces, problems: [], unreadable: new Set<number>() }
      : readInterfaces(patch.interfaces);
  const parts: Parts = {
    name: patch.name ?? node.name,
    interfaces,
    uuid: merged(node.uuid, patch.uuid),
    serialNumber: merged(node.serialNumber, patch.serialNumber),
    rack: merged(node.rack, patch.rack),
    position: merged(node.position, patch.position),
    roles: patch.roles ?? node.roles,
    group: merged(node.group, patch.group),
    labels: mergedRecord(node.labels, patch.labels),
    options: mergedRecord(node.options, patch.options),
    boot: {
      profile: patch.boot?.profile ?? node.boot.profile,
      loader: patch.boot?.loader ?? node.boot.loader,
      diskMethod: merged(node.boot.diskMethod, patch.boot?.diskMethod),
    },
    install: merged(node.install, patch.install),
    bmc: mergedBmc(node.bmc, patch.bmc),
  };
  return { node: assemble(parts, node), problems, unreadable };
}

interface Parts {
  readonly name: string;
  readonly interfaces: readonly NodeInterface[];
  readonly uuid: string | undefined;
  readonly serialNumber: string | undefined;
  readonly rack: string | undefined;
  readonly position: string | undefined;
  readonly roles: readonly string[] | undefined;
  readonly group: string | undefined;
  readonly labels: Node['labels'] | undefined;
  readonly options: Node['options'] | undefined;
  readonly boot: { readonly [Key in keyof NodeBoot]?: NodeBoot[Key] | undefined } | undefined;
  readonly install: Node['install'] | undefined;
  readonly bmc: BmcPatch | undefined;
}

function assemble(parts: Parts, identity: NodeIdentity): Node {
  const diskMethod = parts.boot?.diskMethod;
  return {
    id: identity.id,
    name: parts.name.trim().toLowerCase(),
    interfaces: parts.interfaces,
    ...text('uuid', parts.uuid?.toLowerCase()),
    ...text('serialNumber', parts.serialNumber),
    ...text('rack', parts.rack),
    ...text('position', parts.position),
    roles: [...new Set((parts.roles ?? []).map((role) => role.trim()))],
    ...text('group', parts.group),
    labels: parts.labels ?? {},
    options: parts.options ?? {},
    boot: {
      profile: parts.boot?.profile ?? 'local',
      loader: parts.boot?.loader ?? 'auto',
      ...(diskMethod === undefined ? {} : { diskMethod }),
    },
    ...(parts.install === undefined ? {} : { install: parts.install }),
    ...(parts.bmc === undefined ? {} : { bmc: readBmc(parts.bmc) }),
    version: identity.version,
    createdAt: identity.createdAt,
    updatedAt: identity.updatedAt,
  };
}

function readInterfaces(inputs: readonly InterfaceInput[]) {
  const problems: Problem[] = [];
  const unreadable = new Set<number>();
  const interfaces = inputs.map((input, index): NodeInterface => {
    const mac = input.mac === undefined ? undefined : parseMac(input.mac);
    const address = input.address === undefined ? undefined : parseIpv4(input.address.trim());
    const refuse = (key: string, message: string, mend: string) => {
      unreadable.add(index);
      problems.push({ path: `interfaces[${index}].${key}`, message, mend });
    };
    if (input.mac !== undefined && mac === undefined) {
      refuse('mac', `“${shown(input.mac)}” is no MAC address.`, 'Write six bytes, as in 52:54:00:77:00:01.');
    }
    if (input.address !== undefined && address === undefined) {
      refuse('address', `“${shown(input.address)}” is no IPv4 address.`, 'Write a dotted quad, as in 10.77.0.100.');
    }
    return {
      name: input.name.trim(),
      role: input.role ?? 'boot',
      ...(mac === undefined ? {} : { mac }),
      ...(input.clientId === undefined ? {} : { clientId: canonicalHex(input.clientId) }),
      ...(input.switchPort === undefined ? {} : { switchPort: canonicalPort(input.switchPort) }),
      ...(address === undefined ? {} : { address }),
    };
  });
  return { interfaces, problems, unreadable };
}

function canonicalPort(port: SwitchPort): SwitchPort {
  return {
    ...(port.circuitId === undefined ? {} : { circuitId: canonicalPortId(port.circuitId) }),
    ...(port.remoteId === undefined ? {} : { remoteId: canonicalPortId(port.remoteId) }),
  };
}

/** As podboot.yaml has it: bytes in hexadecimal, or `text:Ethernet1/7` for what most switches send. */
function canonicalPortId(written: string): string {
  const marked = /^text:(.+)$/s.exec(written.trim())?.[1];
  return marked === undefined ? canonicalHex(written) : Buffer.from(marked, 'utf8').toString('hex');
}

/** `01:52:54:00`, `01-52-54-00` and `0x01525400`, as dhcpd.conf, switches and tcpdump write them. */
function canonicalHex(hex: string): string {
  const plain = hex.trim().toLowerCase().replace(/^0x/, '');
  return /^[0-9a-f]{2}(?:([:-])[0-9a-f]{2}(?:\1[0-9a-f]{2})*)?$/.test(plain) ? plain.replaceAll(/[:-]/g, '') : plain;
}

function mergedBmc(before: NodeBmc | undefined, patch: BmcPatch | null | undefined): BmcPatch | undefined {
  return patch === null ? undefined : patch === undefined ? before : { ...before, ...patch };
}

/** Fingerprints are written with and without colons, in either case. */
function readBmc(input: BmcPatch): NodeBmc {
  const { driver, host, port, credentials, fingerprint, command, cipherSuite, wakeOnLan } = input;
  return {
    driver: driver ?? 'auto',
    ...(host == null ? {} : { host: host.trim() }),
    ...(port == null ? {} : { port }),
    ...(credentials == null ? {} : { credentials: credentials.trim() }),
    ...(fingerprint == null ? {} : { fingerprint: fingerprint.replaceAll(/[:\s]/g, '').toLowerCase() }),
    ...(command == null ? {} : { command }),
    ...(cipherSuite == null ? {} : { cipherSuite }),
    ...(wakeOnLan == null ? {} : { wakeOnLan }),
  };
}

function merged<T>(before: T | undefined, patch: T | null | undefined): T | undefined {
  return patch === undefined ? before : (patch ?? undefined);
}

function mergedRecord<T>(
  before: Readonly<Record<string, T>>,
  patch: Readonly<Record<string, T | null>> | undefined,
): Readonly<Record<string, T>> {
  const entries = new Map(Object.entries(before));
  for (const [name, value] of Object.entries(patch ?? {})) {
    if (value === null) entries.delete(name);
    else entries.set(name, value);
  }
  return Object.fromEntries(entries);
}

function text<K extends string>(key: K, value: string | undefined): Partial<Record<K, string>> {
  return value === undefined ? {} : ({ [key]: value.trim() } as Record<K, string>);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it finds
export const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** What a stranger may have written, short and on one line. */
export function shown(value: string): string {
  const clean = value.replaceAll(new RegExp(UNPRINTABLE, 'g'), '�');
  return clean.length > 64 ? `${clean.slice(0, 63)}…` : clean;
}
