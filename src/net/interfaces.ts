import { readdirSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { type Ipv4, type Ipv4Subnet, netmask, parseIpv4 } from '../domain/ipv4.ts';
import { type MacAddress, parseMac } from '../domain/mac.ts';
import type { Clock } from '../domain/ports.ts';
import { loadLibc } from './libc.ts';

export interface InterfaceAddress {
  readonly address: Ipv4;
  readonly prefixLength: number;
}

/** A network interface of this host as it is now. */
export interface HostInterface {
  readonly name: string;
  /** Another one when an interface of the same name was made anew: sockets bound to the old one are deaf. */
  readonly index: number;
  /** Absent where it has no Ethernet address (a tunnel, Infiniband). */
  readonly mac?: MacAddress;
  /** Switched on (`ip link set up`). */
  readonly up: boolean;
  /** Has a carrier: a cable with something at its other end. */
  readonly running: boolean;
  readonly addresses: readonly InterfaceAddress[];
}

const SYSFS = '/sys/class/net';
const IFF_UP = 1;
const POLL_MS = 2_000;

/** In the kernel's order. Empty where the host shows none (no sysfs). */
export function readInterfaces(): readonly HostInterface[] {
  const addresses = readAddresses();
  const found: HostInterface[] = [];
  for (const name of interfaceNames()) {
    const each = readInterface(name, addresses.get(name) ?? []);
    if (each !== undefined) found.push(each);
  }
  return found.sort((a, b) => a.index - b.index);
}

/** The networks that an interface's own addresses are on; empty where it is not there. */
export function networksOf(interfaceName: string): readonly Ipv4Subnet[] {
  const found = readInterfaces().find((each) => each.name === interfaceName);
  return (found?.addresses ?? []).map(({ address, prefixLength }) => ({
    network: (address & netmask(prefixLength)) >>> 0,
    prefixLength,
  }));
}

function interfaceNames(): string[] {
  try {
    return readdirSync(SYSFS);
  } catch {
    return Object.keys(networkInterfaces());
  }
}

function readInterface(name: string, addresses: readonly InterfaceAddress[]): HostInterface | undefined {
  const index = Number(attribute(name, 'ifindex'));
  // It went away between the listing and now, or it is no interface (bonding_masters is a file there).
  if (!(index > 0)) return undefined;
  const mac = parseMac(attribute(name, 'address') ?? '');
  const interfaceState = {
    name,
    index,
    up: (Number.parseInt(attribute(name, 'flags') ?? '0', 16) & IFF_UP) !== 0,
    running: attribute(name, 'carrier') === '1',
    addresses,
  };
  return mac === undefined || mac === '00:00:00:00:00:00' ? interfaceState : { ...interfaceState, mac };
}

/** Undefined where the kernel refuses: `carrier` of an interface that is switched off is EINVAL. */
function attribute(name: string, attributeName: string): string | undefined {
  try {
    return readFileSync(`${SYSFS}/${name}/${attributeName}`, 'latin1').trim();
  } catch {
    return undefined;
  }
}

function readAddresses(): ReadonlyMap<string, readonly InterfaceAddress[]> {
  const byName = new Map<string, InterfaceAddress[]>();
  const add = (name: string, address: InterfaceAddress) => {
    const list = byName.get(name);
    if (list === undefined) byName.set(name, [address]);
    else list.push(address);
  };
  const { libc } = loadLibc();
  if (libc !== undefined) {
    for (const { interfaceName, address, netmask } of libc.interfaceAddresses()) {
      // An address with a label of its own (`eth0:1`) is listed under it.
      add(interfaceName.split(':')[0] ?? interfaceName, { address, prefixLength: prefixLengthOf(netmask) });
    }
    return byName;
  }
  // Leaves out what has no carrier at the moment.
  for (const [name, entries] of Object.entries(networkInterfaces())) {
    for (const entry of entries ?? []) {
      const address = entry.family === 'IPv4' ? parseIpv4(entry.address) : undefined;
      const netmask = parseIpv4(entry.netmask);
      if (address !== undefined && netmask !== undefined) add(name, { address, prefixLength: prefixLengthOf(netmask) });
    }
  }
  return byName;
}

function prefixLengthOf(netmask: number): number {
  return Math.clz32(~netmask);
}

/** What happened to a watched interface. `now` is undefined while it is not there. */
export type InterfaceListener = (name: string, now: HostInterface | undefined) => void;

export interface InterfaceWatch {
  stop(): void;
}

/**
 * Tells when one of the named interfaces comes, goes, is made anew, gets or loses its carrier, or changes its IPv4
 * addresses. Looks every two seconds: a netlink socket would tell sooner, but Node has none, and firmware asks for
 * longer than that.
 *
 * @param names asked at each look: a name that is new is compared with what its interface was before
 */
export function watchInterfaces(
  names: () => readonly string[],
  clock: Clock,
  onChange: InterfaceListener,
  read: () => readonly HostInterface[] = readInterfaces,
): InterfaceWatch {
  let known = look();
  let timer = clock.setTimeout(poll, POLL_MS);
  let stopped = false;

  function look(): ReadonlyMap<string, HostInterface> {
    return new Map(read().map((each) => [each.name, each]));
  }

  function poll(): void {
    const before = known;
    known = look();
    timer = clock.setTimeout(poll, POLL_MS);
    for (const name of names()) {
      if (stopped) return;
      const now = known.get(name);
      if (stateOf(before.get(name)) !== stateOf(now)) onChange(name, now);
    }
  }

  return {
    stop: () => {
      stopped = true;
      timer.cancel();
    },
  };
}

function stateOf(each: HostInterface | undefined): string {
  if (each === undefined) return 'absent';
  const addresses = each.addresses.map((one) => `${one.address}/${one.prefixLength}`).sort();
  return `${each.index} ${each.up} ${each.running} ${addresses.join(' ')}`;
}
