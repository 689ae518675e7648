import { hostname } from 'node:os';
import { type Ipv4, parseIpv4 } from '../domain/ipv4.ts';
import { createHostFacts, type HostInterface, readOptional } from './host-facts.ts';
import { domainNotation } from './notations.ts';
import { type DefaultRoute, parseDefaultRoutes } from './proc-net.ts';

/** What `podboot init` writes a configuration from. */
export interface HostNetwork {
  readonly interfaces: readonly HostInterface[];
  /** The preferred one first. */
  readonly defaultRoutes: readonly DefaultRoute[];
  /** Without those on the loopback, which no other machine could ask. */
  readonly nameServers: readonly Ipv4[];
  readonly domain?: string;
  /** The machine passes packets on, so it can be a router for others. */
  readonly forwards: boolean;
}

export function readHostNetwork(): HostNetwork {
  const resolver = readOptional('/etc/resolv.conf');
  // systemd-resolved puts itself at 127.0.0.53 there and the servers that it asks here.
  const upstream = readOptional('/run/systemd/resolve/resolv.conf');
  const nameServers = parseNameServers(resolver);
  const domain = domainFromHosts(readOptional('/etc/hosts'), hostname()) ?? parseSearchDomain(resolver);
  return {
    interfaces: createHostFacts().interfaces(),
    defaultRoutes: parseDefaultRoutes(readOptional('/proc/net/route')),
    nameServers: nameServers.length > 0 ? nameServers : parseNameServers(upstream),
    ...(domain === undefined ? {} : { domain }),
    forwards: readOptional('/proc/sys/net/ipv4/ip_forward').trim() === '1',
  };
}

/** IPv4 servers of resolv.conf(5), without the loopback's. */
export function parseNameServers(text: string): Ipv4[] {
  const servers = [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)].map((match) => parseIpv4(match[1] ?? ''));
  return servers.filter((server) => server !== undefined && server >>> 24 !== 127) as Ipv4[];
}

/** `domain`, or the first of `search`; `.` and made-up ones such as `local` are none. */
export function parseSearchDomain(text: string): string | undefined {
  return usableDomain(/^\s*(?:domain|search)\s+(\S+)/m.exec(text)?.[1]);
}

/** The domain that `hostname -f` finds: in the host's name itself, or in the line of /etc/hosts that has it. */
export function domainFromHosts(text: string, name: string): string | undefined {
  const dot = name.indexOf('.');
  if (dot > 0) return usableDomain(name.slice(dot + 1));
  for (const line of text.split('\n')) {
    const [, ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (!names.includes(name)) continue;
    const full = names.find((candidate) => candidate.startsWith(`${name}.`));
    if (full !== undefined) return usableDomain(full.slice(name.length + 1));
  }
  return undefined;
}

function usableDomain(text: string | undefined): string | undefined {
  if (text === undefined || /^(\.|local|localdomain|lan)$/i.test(text)) return undefined;
  const parsed = domainNotation.parse(text);
  return parsed !== undefined && 'value' in parsed ? parsed.value : undefined;
}
