import { readFileSync } from 'node:fs';
import { type Ipv4, parseIpv4 } from '../domain/ipv4.ts';

/** resolv.conf(5) takes three; glibc looks at no more. */
const MOST_SERVERS = 3;

/** The IPv4 name servers that this host itself asks, the preferred one first; empty where it names none. */
export function hostNameServers(path = '/etc/resolv.conf'): readonly Ipv4[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  const servers = Array.from(text.matchAll(/^[ \t]*nameserver[ \t]+(\S+)/gm), (match) => parseIpv4(match[1] ?? ''));
  return servers.filter((server) => server !== undefined).slice(0, MOST_SERVERS);
}
