import {
  broadcastAddress,
  formatIpv4,
  formatSubnet,
  type Ipv4,
  type Ipv4Range,
  type Ipv4Subnet,
  netmask,
  parseIpv4,
  parseSubnet,
} from '../domain/ipv4.ts';
import { isUnicastMac, type MacAddress, parseMac } from '../domain/mac.ts';
import type { ListenAddress } from '../domain/settings.ts';
import { type Misfit, type Notation, ok, type Parsed } from './notation.ts';

const LOOKS_LIKE_IPV4 = /^[0-9]+(\.[0-9]+){3}$/;

/** Why a dotted quad is none: 10.77.0.300, 010.77.0.1. */
function quadMisfit(text: string): Misfit {
  const parts = text.split('.');
  if (parts.some((part) => Number(part) > 255)) return { reason: 'a part is over 255' };
  const plain = parts.map(Number).join('.');
  return { reason: 'leading zeros mean octal to some programs', mend: `Write ${plain}.` };
}

/** Any address that one machine can have: no network of its own, no multicast. */
export const ipv4Notation: Notation<Ipv4> = {
  title: 'an IPv4 address',
  example: '10.77.0.1',
  pattern: '^ *[0-9]{1,3}(\\.[0-9]{1,3}){3} *$',
  parse(text) {
    const subnet = /^([0-9.]+)\/[0-9]+$/.exec(text)?.[1];
    if (subnet !== undefined && parseIpv4(subnet) !== undefined) {
      return { reason: 'the prefix length does not belong here', mend: `Write ${subnet}.` };
    }
    if (!LOOKS_LIKE_IPV4.test(text)) return undefined;
    const address = parseIpv4(text);
    if (address === undefined) return quadMisfit(text);
    if (address === 0) return { reason: '0.0.0.0 is no address of a machine' };
    if (address >= 0xf0000000) return { reason: 'addresses from 240.0.0.0 on are reserved' };
    if (address >= 0xe0000000) return { reason: 'it is a multicast address' };
    return ok(address);
  },
};

export const subnetNotation: Notation<Ipv4Subnet> = {
  title: 'a subnet',
  example: '10.77.0.0/24',
  pattern: '^ *[0-9]{1,3}(\\.[0-9]{1,3}){3}/[0-9]{1,2} *$',
  parse(text) {
    const [address = '', length, ...more] = text.split('/');
    if (more.length > 0 || !LOOKS_LIKE_IPV4.test(address)) return undefined;
    const network = parseIpv4(address);
    if (network === undefined) return quadMisfit(address);
    if (length === undefined) {
      return { reason: 'the prefix length is missing', mend: `Write ${address}/24 if its mask is 255.255.255.0.` };
    }
    const mask = parseIpv4(length);
    if (mask !== undefined) {
      const prefixLength = Math.clz32(~mask);
      if (netmask(prefixLength) !== mask) return { reason: `${length} is no netmask` };
      return { reason: 'it has a netmask', mend: `Write ${address}/${prefixLength}.` };
    }
    if (!/^[0-9]{1,2}$/.test(length) || Number(length) > 32) return { reason: 'a prefix length is 0 to 32' };
    const prefixLength = Number(length);
    const subnet = parseSubnet(`${address}/${prefixLength}`);
    if (subnet !== undefined) return ok(subnet);
    const meant = formatSubnet({ network: (network & netmask(prefixLength)) >>> 0, prefixLength });
    return { reason: `that is an address inside ${meant}`, mend: `Write ${meant}.` };
  },
};

/** `a-b`, spaces allowed, or a CIDR block with all of its addresses. */
export const poolNotation: Notation<Ipv4Range> = {
  title: 'a range of addresses',
  example: '10.77.0.100-10.77.0.199',
  pattern: '^ *[0-9]{1,3}(\\.[0-9]{1,3}){3} *(- *[0-9]{1,3}(\\.[0-9]{1,3}){3}|/ *[0-9]{1,2}) *$',
  parse(text) {
    if (text.includes('/')) return blockOf(text);
    const [from = '', to = '', ...more] = text.split(/\s*[-–]\s*/);
    if (more.length > 0 || !LOOKS_LIKE_IPV4.test(from)) return undefined;
    const first = parseIpv4(from);
    if (first === undefined) return quadMisfit(from);
    if (to === '') return { reason: 'it has no end', mend: `Write ${from}-${from} for the one address.` };
    if (/^[0-9]{1,3}$/.test(to)) {
      return { reason: 'its end is cut short', mend: `Write ${from}-${from.split('.').slice(0, 3).join('.')}.${to}.` };
    }
    if (!LOOKS_LIKE_IPV4.test(to)) return undefined;
    const last = parseIpv4(to);
    if (last === undefined) return quadMisfit(to);
    if (first > last) return { reason: 'its end comes before its start', mend: `Write ${to}-${from}.` };
    return ok({ first, last });
  },
};

function blockOf(text: string): Parsed<Ipv4Range> | undefined {
  const parsed = subnetNotation.parse(text.replace(/\s+/g, ''));
  if (parsed === undefined || !('value' in parsed)) return parsed;
  return ok({ first: parsed.value.network, last: broadcastAddress(parsed.value) });
}

export const macNotation: Notation<MacAddress> = {
  title: 'a MAC address',
  example: '52:54:00:77:00:01',
  pattern: '^ *[0-9A-Fa-f]{2}([:. -]?[0-9A-Fa-f]{2}){5} *$',
  parse(text) {
    const mac = parseMac(text);
    if (mac !== undefined) {
      if (isUnicastMac(mac)) return ok(mac);
      return { reason: 'that is a group address, or all zeros: no interface has it' };
    }
    const parts = text.split(/[:-]/);
    if (parts.length === 6 && parts.every((part) => /^[0-9a-fA-F]{1,2}$/.test(part))) {
      const padded = parts.map((part) => part.padStart(2, '0').toLowerCase()).join(':');
      return { reason: 'each part has two digits', mend: `Write "${padded}".` };
    }
    if (/^([0-9a-fA-F]{2}[:-]){7,}[0-9a-fA-F]{2}$/.test(text)) {
      return {
        reason: 'it has more than six bytes, as Infiniband does',
        mend: 'Name an Infiniband interface by its `clientId` (RFC 4390).',
      };
    }
    return undefined;
  },
};

const INTERFACE_NAME = /^[^/\s:]{1,15}$/;

export const interfaceNameNotation: Notation<string> = {
  title: 'a network interface of this machine',
  example: 'eno2',
  pattern: '^[^/\\s]{1,15}$',
  parse(text) {
    if (text.length > 15) return { reason: "Linux's interface names have at most 15 characters" };
    return INTERFACE_NAME.test(text) && text !== '.' && text !== '..' ? ok(text) : undefined;
  },
};

/** Linux's sun_path holds 108 bytes with the final zero. */
const SOCKET_PATH_BYTES = 107;

/** `127.0.0.1:8067`, `[::1]:8067`, `unix:/run/podboot/api.sock`. */
export const listenNotation: Notation<ListenAddress> = {
  title: 'an address to listen at',
  example: '127.0.0.1:8067',
  pattern: '^(unix:/.+|[^:\\s]+:[0-9]{1,5}|\\[[0-9A-Fa-f:.]+\\]:[0-9]{1,5})$',
  parse(text) {
    if (text.startsWith('unix:')) return socketPath(text.slice('unix:'.length));
    if (text.startsWith('/')) return { reason: 'a socket path is marked as one', mend: `Write unix:${text}.` };
    if (/^[0-9]+$/.test(text)) return { reason: 'the host is missing', mend: `Write 127.0.0.1:${text}.` };
    const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]\s]+)):([0-9]+)$/.exec(text);
    if (match === null) return listenMisfit(text);
    const host = match[1] ?? match[2] ?? '';
    const port = Number(match[3]);
    if (port > 65535) return { reason: 'a port is at most 65535' };
    if (match[2] !== undefined && /^[0-9.]+$/.test(host) && parseIpv4(host) === undefined) return quadMisfit(host);
    if (match[1] !== undefined && !isIpv6(host)) return { reason: `${host} is no IPv6 address` };
    if (match[2] === undefined || parseIpv4(host) !== undefined) return ok({ host, port });
    if (host === 'localhost')
      return { reason: 'which localhost is up to the resolver', mend: `Write 127.0.0.1:${port}.` };
    return {
      reason: 'a name is not looked up',
      mend: 'Write the IP address of this machine that the name stands for.',
    };
  },
};

function listenMisfit(text: string): Misfit | undefined {
  if (parseIpv4(text) !== undefined) return { reason: 'the port is missing', mend: `Write ${text}:8067.` };
  const address = text.replace(/:[0-9]+$/, '');
  if (text !== address && isIpv6(address)) {
    return { reason: 'an IPv6 address stands in brackets', mend: `Write [${address}]${text.slice(address.length)}.` };
  }
  return undefined;
}

function isIpv6(text: string): boolean {
  return text.includes(':') && URL.canParse(`http://[${text}]/`);
}

function socketPath(path: string): Parsed<ListenAddress> | undefined {
  if (!path.startsWith('/'))
    return { reason: 'the path of a socket is absolute', mend: 'Write unix:/run/podboot/api.sock.' };
  if (Buffer.byteLength(path) > SOCKET_PATH_BYTES) {
    return { reason: `the path of a socket has at most ${SOCKET_PATH_BYTES} bytes` };
  }
  return ok({ socketPath: path });
}

/** For messages: `10.77.0.100-10.77.0.199`. */
export function formatRange(range: Ipv4Range): string {
  return `${formatIpv4(range.first)}-${formatIpv4(range.last)}`;
}

export function rangeSize(range: Ipv4Range): number {
  return range.last - range.first + 1;
}
