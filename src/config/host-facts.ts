import { accessSync, constants, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { networkInterfaces, userInfo } from 'node:os';
import { type AssetLook, lookAt } from '../assets/asset-store.ts';
import { type Ipv4, parseIpv4 } from '../domain/ipv4.ts';
import { parseSockets, type SocketEntry } from './proc-net.ts';

/** What a configuration is checked against on the machine that it is for. Synchronous, read-only, opens no socket. */
export interface HostFacts {
  interfaces(): readonly HostInterface[];
  /** Sockets that hear at the port; for TCP only those that listen. */
  portHolders(protocol: 'udp' | 'tcp', port: number): readonly PortHolder[];
  pathKind(path: string): PathKind;
  /** Nobody can write there, root neither. */
  isOnReadOnlyFileSystem(path: string): boolean;
  /** By the user that asks. A path that is not there is not writable. */
  isWritable(path: string): boolean;
  userName(): string;
  /** An imported asset, as far as a look at its files tells. */
  asset(assetsDir: string, name: string): AssetLook;
}

export type PathKind = 'file' | 'directory' | 'other' | 'absent';

export interface HostInterface {
  readonly name: string;
  readonly up: boolean;
  readonly loopback: boolean;
  readonly addresses: readonly HostAddress[];
}

export interface HostAddress {
  readonly address: Ipv4;
  readonly prefixLength: number;
}

export interface PortHolder {
  /** As bound: `0.0.0.0`, `::`, `127.0.0.1`. */
  readonly host: string;
  /** Absent where the user may not see whose it is. */
  readonly process?: HolderProcess;
}

export interface HolderProcess {
  readonly id: number;
  readonly name: string;
  /** It is podboot itself: a configuration may be checked while it runs. */
  readonly isPodboot: boolean;
}

export function createHostFacts(): HostFacts {
  return {
    interfaces: readInterfaces,
    portHolders: (protocol, port) => {
      const families = [readOptional(`/proc/net/${protocol}`), readOptional(`/proc/net/${protocol}6`)];
      const sockets = families.flatMap((text) => parseSockets(text, protocol)).filter((socket) => socket.port === port);
      return sockets.length === 0 ? [] : withProcesses(sockets);
    },
    pathKind,
    isOnReadOnlyFileSystem: (path) => accessError(path, constants.W_OK) === 'EROFS',
    isWritable: (path) => isAccessible(path, constants.W_OK | constants.X_OK),
    userName: () => {
      try {
        return userInfo().username;
      } catch {
        return `user ${process.getuid?.() ?? ''}`;
      }
    },
    asset: lookAt,
  };
}

/** /sys knows also those without an address, which Node does not list. */
function readInterfaces(): HostInterface[] {
  const withAddresses = networkInterfaces();
  const names = new Set([...listDirectory('/sys/class/net'), ...Object.keys(withAddresses)]);
  return [...names].sort().flatMap((name) => {
    const flags = Number(readOptional(`/sys/class/net/${name}/flags`).trim() || Number.NaN);
    // Files such as bonding_masters stand among the interfaces.
    if (Number.isNaN(flags) && withAddresses[name] === undefined) return [];
    const addresses = (withAddresses[name] ?? []).flatMap(({ family, address, cidr }) => {
      const parsed = family === 'IPv4' ? parseIpv4(address) : undefined;
      return parsed === undefined ? [] : [{ address: parsed, prefixLength: Number(cidr?.split('/')[1] ?? 32) }];
    });
    return [{ name, up: (flags & 1) !== 0, loopback: (flags & 8) !== 0, addresses }];
  });
}

function withProcesses(sockets: readonly SocketEntry[]): PortHolder[] {
  const owners = ownersOf(new Set(sockets.map((socket) => socket.inode)));
  return sockets.map(({ host, inode }) => {
    const owner = owners.get(inode);
    return owner === undefined ? { host } : { host, process: owner };
  });
}

/** Looks through /proc for the processes that hold the sockets; those of other users are not seen without root. */
function ownersOf(inodes: ReadonlySet<string>): Map<string, HolderProcess> {
  const owners = new Map<string, HolderProcess>();
  for (const id of listDirectory('/proc')) {
    if (!/^[0-9]+$/.test(id)) continue;
    for (const descriptor of listDirectory(`/proc/${id}/fd`)) {
      const inode = /^socket:\[([0-9]+)\]$/.exec(readLink(`/proc/${id}/fd/${descriptor}`))?.[1];
      if (inode !== undefined && inodes.has(inode)) owners.set(inode, describeProcess(Number(id)));
    }
    if (owners.size === inodes.size) break;
  }
  return owners;
}

function describeProcess(id: number): HolderProcess {
  const words = readOptional(`/proc/${id}/cmdline`).split('\0');
  const isPodboot = id === process.pid || words.some((word) => /(^|\/)podboot(\.[jt]s)?$/.test(word));
  return { id, name: readOptional(`/proc/${id}/comm`).trim() || 'a process', isPodboot };
}

function pathKind(path: string): PathKind {
  try {
    const status = statSync(path);
    return status.isFile() ? 'file' : status.isDirectory() ? 'directory' : 'other';
  } catch {
    return 'absent';
  }
}

function isAccessible(path: string, mode: number): boolean {
  return accessError(path, mode) === undefined;
}

function accessError(path: string, mode: number): string | undefined {
  try {
    accessSync(path, mode);
    return undefined;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN';
  }
}

/** What is not there, or not for this user, tells nothing. */
export function readOptional(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function listDirectory(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
