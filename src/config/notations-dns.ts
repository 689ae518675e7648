import { isIPv6 } from 'node:net';
import { formatIpv4, parseIpv4 } from '../domain/ipv4.ts';
import type { UpstreamSettings } from '../domain/settings.ts';
import { type Notation, ok } from './notation.ts';
import { ipv4Notation } from './notations-network.ts';

const DNS_PORT = 53;
/** RFC 1035 section 2.3.4: 255 bytes on the wire, 253 as text. */
const NAME_LENGTH = 253;
/** Of host names, and of services, which begin with an underscore (RFC 2782, RFC 8552). */
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** A name as it was written: `isAbsolute` where it has its dot at the end, else it belongs to a zone. */
export interface WrittenName {
  /** In lower case, without the dot at the end; empty for `@`, the zone itself. */
  readonly name: string;
  readonly isAbsolute: boolean;
}

function parseName(text: string, mayBeWildcard: boolean) {
  if (text === '@') return ok<WrittenName>({ name: '', isAbsolute: false });
  const isAbsolute = text.endsWith('.');
  const name = (isAbsolute ? text.slice(0, -1) : text).toLowerCase();
  if (name.length > NAME_LENGTH) return { reason: `a name has at most ${NAME_LENGTH} characters` };
  const labels = name.split('.');
  const plain = mayBeWildcard && labels[0] === '*' ? labels.slice(1) : labels;
  if (plain.some((label) => label === '*')) return { reason: '* stands alone, as the first part of the name' };
  const wrong = plain.find((label) => !LABEL.test(label));
  if (wrong === '') return { reason: 'there is nothing between two dots' };
  if (wrong !== undefined && wrong.length > 63) return { reason: 'each part has at most 63 characters' };
  if (wrong !== undefined) return { reason: `"${wrong}" is not of letters, digits, hyphens and underscores` };
  return ok<WrittenName>({ name, isAbsolute });
}

/** Whose record it is. */
export const recordNameNotation: Notation<WrittenName> = {
  title: 'a DNS name',
  example: 'registry or _ldap._tcp',
  pattern: '^[A-Za-z0-9@*._-]+$',
  parse: (text) => parseName(text, true),
};

/** Where a record leads. */
export const targetNotation: Notation<WrittenName> = {
  title: 'a DNS name',
  example: 'ingress, or www.example.org. with a dot at the end',
  pattern: '^[A-Za-z0-9@._-]+$',
  parse: (text) => {
    if (parseIpv4(text) !== undefined) return { reason: 'that is an address', mend: 'Write a name, or use type A.' };
    return parseName(text, false);
  },
};

export const ipv6Notation: Notation<string> = {
  title: 'an IPv6 address',
  example: '2001:db8::77:1',
  pattern: '^[0-9A-Fa-f:.]+$',
  parse: (text) => (isIPv6(text) && !text.includes('%') ? ok(text.toLowerCase()) : undefined),
};

export interface WrittenService {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: WrittenName;
}

/** As in a zone file (RFC 2782). */
export const serviceNotation: Notation<WrittenService> = {
  title: 'priority, weight, port and target',
  example: '"0 5 389 ldap1"',
  pattern: '^ *[0-9]+ +[0-9]+ +[0-9]+ +[^ ]+ *$',
  parse(text) {
    const [priority, weight, port, target, ...more] = text.split(/\s+/);
    if (target === undefined || more.length > 0) return undefined;
    const numbers = [priority, weight, port].map((part) => (/^[0-9]{1,5}$/.test(part ?? '') ? Number(part) : 65_536));
    if (numbers.some((number) => number > 65_535)) return { reason: 'each number is from 0 to 65535' };
    const name = targetNotation.parse(target);
    if (name === undefined || !('value' in name)) return { ...name };
    return ok({ priority: numbers[0] ?? 0, weight: numbers[1] ?? 0, port: numbers[2] ?? 0, target: name.value });
  },
};

/** `10.1.1.53`, `10.1.1.53:5353`. */
export const upstreamNotation: Notation<UpstreamSettings> = {
  title: "a DNS server's address",
  example: '10.1.1.53 or 10.1.1.53:5353',
  pattern: '^ *[0-9]{1,3}(\\.[0-9]{1,3}){3}(:[0-9]{1,5})? *$',
  parse(text) {
    const [host = '', port, ...more] = text.split(':');
    if (more.length > 0) return { reason: 'upstream servers are asked by IPv4' };
    const parsed = ipv4Notation.parse(host);
    if (parsed === undefined || !('value' in parsed)) return parsed;
    if (port === undefined) return ok({ address: parsed.value, port: DNS_PORT });
    const number = /^[0-9]{1,5}$/.test(port) ? Number(port) : 0;
    if (number < 1 || number > 65_535) return { reason: 'a port is from 1 to 65535' };
    return ok({ address: parsed.value, port: number });
  },
};

export function formatUpstream({ address, port }: UpstreamSettings): string {
  return port === DNS_PORT ? formatIpv4(address) : `${formatIpv4(address)}:${port}`;
}
