import { ByteReader } from '../byte-reader.ts';
import { formatAddress, parseAddress, prefixMask } from '../ipv4-text.ts';
import { hex, hexBytes, utf8Bytes, utf8Text } from '../text.ts';
import { type ClasslessRoute, decodeClasslessRoutes, encodeClasslessRoutes } from './classless-routes.ts';
import { decodeDomainSearch, encodeDomainSearch } from './domain-search.ts';
import type { OptionType } from './option-table.ts';

/** A route as people write it: `{ to: 10.0.0.0/8, via: 10.77.0.1 }`. */
export interface RouteText {
  readonly to: string;
  readonly via: string;
}

/** What a value is in podboot.yaml, by its type. Addresses are dotted quads, bytes are lower-case hex. */
export type OptionValue = string | number | boolean | readonly string[] | readonly RouteText[];

/** A value in the configuration that its option can't have. The message says what is expected, with an example. */
export class InvalidOptionValue extends Error {
  readonly expected: string;
  /** Place within the value: `[1]`, `[0].via`; empty for the value itself. */
  readonly at: string;

  constructor(expected: string, got: unknown, at = '') {
    super(`expected ${expected}, got ${describe(got)}`);
    this.name = 'InvalidOptionValue';
    this.expected = expected;
    this.at = at;
  }
}

const IPV4 = 'an IPv4 address such as 10.77.0.1';
const RANGES = {
  uint8: [0, 0xff],
  uint16: [0, 0xffff],
  uint32: [0, 0xffffffff],
  int32: [-0x80000000, 0x7fffffff],
} as const;
const WIDTHS = { uint8: 1, uint16: 2, uint32: 4, int32: 4 } as const;

/** @throws InvalidOptionValue */
export function encodeOptionValue(type: OptionType, value: unknown): Uint8Array {
  switch (type) {
    case 'ipv4':
      return addressBytes([value], () => '');
    case 'ipv4-list':
      return addressBytes(
        list(value, 'a list of IPv4 addresses such as [10.77.0.1, 10.77.0.2]'),
        (index) => `[${index}]`,
      );
    case 'string':
      return textBytes(value);
    case 'uint8':
    case 'uint16':
    case 'uint32':
    case 'int32':
      return numberBytes(type, value);
    case 'boolean':
      if (typeof value !== 'boolean') throw new InvalidOptionValue('true or false', value);
      return Uint8Array.of(value ? 1 : 0);
    case 'hex':
      return hexValue(value);
    case 'domain-list':
      return domainBytes(value);
    case 'classless-routes':
      return routeBytes(value);
  }
}

/**
 * The bytes as a person would write them; encodeOptionValue gives the same bytes again, save those after a string's
 * NUL and other spellings of the same list.
 *
 * @throws MalformedPacket
 */
export function decodeOptionValue(type: OptionType, bytes: Uint8Array): OptionValue {
  const reader = new ByteReader(bytes, `DHCP option value (${type})`);
  switch (type) {
    case 'ipv4':
      return exact(reader, formatAddress(reader.uint32('address')));
    case 'ipv4-list': {
      if (bytes.length === 0) reader.fail('has no address');
      const addresses: string[] = [];
      while (reader.remaining > 0) addresses.push(formatAddress(reader.uint32('address')));
      return addresses;
    }
    case 'string':
      return readText(bytes, reader);
    case 'uint8':
      return exact(reader, reader.uint8('number'));
    case 'uint16':
      return exact(reader, reader.uint16('number'));
    case 'uint32':
      return exact(reader, reader.uint32('number'));
    case 'int32':
      return exact(reader, reader.uint32('number') | 0);
    case 'boolean': {
      const byte = reader.uint8('boolean');
      if (byte > 1) reader.fail(`a boolean is ${byte}`, 0);
      return exact(reader, byte === 1);
    }
    case 'hex':
      return hex(bytes);
    case 'domain-list':
      return decodeDomainSearch(bytes);
    case 'classless-routes':
      return decodeClasslessRoutes(bytes).map(routeText);
  }
}

function list(value: unknown, expected: string): readonly unknown[] {
  if (!Array.isArray(value) || value.length === 0) throw new InvalidOptionValue(expected, value);
  return value;
}

function address(value: unknown, at: string): number {
  const parsed = typeof value === 'string' ? parseAddress(value) : undefined;
  if (parsed === undefined) throw new InvalidOptionValue(IPV4, value, at);
  return parsed;
}

function addressBytes(values: readonly unknown[], place: (index: number) => string): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => {
    view.setUint32(4 * index, address(value, place(index)));
  });
  return bytes;
}

function textBytes(value: unknown): Uint8Array {
  if (typeof value !== 'string' || value === '' || value.includes('\0') || !value.isWellFormed()) {
    throw new InvalidOptionValue('a text such as "pod1" (quote it if it looks like a number), not empty', value);
  }
  return utf8Bytes(value);
}

function numberBytes(type: keyof typeof WIDTHS, value: unknown): Uint8Array {
  const [min, max] = RANGES[type];
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw new InvalidOptionValue(`a whole number from ${min} to ${max}`, value);
  }
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value >>> 0);
  return bytes.slice(4 - WIDTHS[type]);
}

function hexValue(value: unknown): Uint8Array {
  const bytes = typeof value === 'string' ? hexBytes(value) : undefined;
  if (bytes === undefined) throw new InvalidOptionValue('hex digits such as "01:0a:ff" or "010aff" in quotes', value);
  return bytes;
}

function domainBytes(value: unknown): Uint8Array {
  const expected = 'a list of domain names such as [pod1.example.com, example.com]';
  const names = list(value, expected).map((name, index) => {
    if (typeof name !== 'string') throw new InvalidOptionValue('a domain name such as example.com', name, `[${index}]`);
    try {
      encodeDomainSearch([name]);
      return name;
    } catch {
      throw new InvalidOptionValue('a domain name such as example.com, without a dot at the end', name, `[${index}]`);
    }
  });
  try {
    return encodeDomainSearch(names);
  } catch {
    throw new InvalidOptionValue(`${expected}, 128 at most`, value);
  }
}

function routeBytes(value: unknown): Uint8Array {
  const routes = list(value, 'a list of routes such as [{ to: 10.0.0.0/8, via: 10.77.0.1 }]');
  return encodeClasslessRoutes(routes.map((route, index) => parseRoute(route, `[${index}]`)));
}

function parseRoute(value: unknown, at: string): ClasslessRoute {
  const { to, via, ...others } = (typeof value === 'object' ? (value ?? {}) : {}) as Record<string, unknown>;
  if (to === undefined || via === undefined || Object.keys(others).length > 0) {
    throw new InvalidOptionValue('a route such as { to: 10.0.0.0/8, via: 10.77.0.1 }', value, at);
  }
  const [network, length, ...rest] = typeof to === 'string' ? to.split('/') : [];
  const prefixLength = /^[0-9]{1,2}$/.test(length ?? '') ? Number(length) : 33;
  const parsed = network === undefined ? undefined : parseAddress(network);
  const expected = 'a network such as 10.0.0.0/8 (0.0.0.0/0 for the default route), with zeros behind its prefix';
  if (
    parsed === undefined ||
    prefixLength > 32 ||
    rest.length > 0 ||
    (parsed & prefixMask(prefixLength)) >>> 0 !== parsed
  ) {
    throw new InvalidOptionValue(expected, to, `${at}.to`);
  }
  return { network: parsed, prefixLength, router: address(via, `${at}.via`) };
}

function routeText(route: ClasslessRoute): RouteText {
  return { to: `${formatAddress(route.network)}/${route.prefixLength}`, via: formatAddress(route.router) };
}

/** Some servers and clients end strings with a NUL, which is no part of the text (RFC 2132 section 2). */
function readText(bytes: Uint8Array, reader: ByteReader): string {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  const text = utf8Text(bytes.subarray(0, end));
  if (text === undefined) reader.fail('a text is not UTF-8', 0);
  if (text.includes('\0')) reader.fail('a text has a NUL within', bytes.indexOf(0));
  return text;
}

function exact<T>(reader: ByteReader, value: T): T {
  if (reader.remaining > 0) reader.fail(`${reader.remaining} bytes too many`);
  return value;
}

function describe(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
