import { decodeSubOptions, encodeSubOptions, readSubOption } from './sub-options.ts';

/** Names of iPXE's feature bytes (its src/include/ipxe/features.h), as its banner writes them but in lower case. */
const FEATURES: readonly (readonly [code: number, name: string])[] = [
  [0x10, 'pxeext'],
  [0x11, 'iscsi'],
  [0x12, 'aoe'],
  [0x13, 'http'],
  [0x14, 'https'],
  [0x15, 'tftp'],
  [0x16, 'ftp'],
  [0x17, 'dns'],
  [0x18, 'bzimage'],
  [0x19, 'multiboot'],
  [0x1a, 'slam'],
  [0x1b, 'srp'],
  [0x20, 'nbi'],
  [0x21, 'pxe'],
  [0x22, 'elf'],
  [0x23, 'comboot'],
  [0x24, 'efi'],
  [0x25, 'fcoe'],
  [0x26, 'vlan'],
  [0x27, 'menu'],
  [0x28, 'sdi'],
  [0x29, 'nfs'],
];
const featureName = new Map(FEATURES);
const featureCode = new Map(FEATURES.map(([code, name]) => [name, code]));

/** Option 175: iPXE's own options, in both directions. */
export interface IpxeOptions {
  /** What the build can do: `http`, `https`, `efi`, …; https is absent in Debian's. In the order of their codes. */
  readonly features: readonly string[];
  /** `1.0.0`. */
  readonly version?: string;
  /** To iPXE: take the boot file of this answer, wait for no proxyDHCP server. */
  readonly noProxyDhcp?: boolean;
  /** All others by code. */
  readonly others: ReadonlyMap<number, Uint8Array>;
}

const FORMAT = { reading: 'DHCP option 175', padAndEnd: true };
const NO_PROXY_DHCP = 0xb0;
const VERSION = 0xeb;

/** @throws MalformedPacket */
export function decodeIpxeOptions(bytes: Uint8Array): IpxeOptions {
  const all = decodeSubOptions(bytes, FORMAT);
  const others = new Map<number, Uint8Array>();
  const codes: number[] = [];
  let version: string | undefined;
  let noProxyDhcp: boolean | undefined;
  for (const [code, value] of all) {
    if (featureName.has(code) && value.length === 1 && value[0] === 1) codes.push(code);
    else if (code === VERSION) version = readVersion(value);
    else if (code === NO_PROXY_DHCP)
      noProxyDhcp = readSubOption(value, 'no-pxedhcp', (reader) => reader.uint8('flag')) !== 0;
    else others.set(code, value);
  }
  return {
    features: codes.sort((a, b) => a - b).map((code) => featureName.get(code)!),
    ...(version !== undefined && { version }),
    ...(noProxyDhcp !== undefined && { noProxyDhcp }),
    others,
  };
}

/** @throws RangeError for a feature without a code, or a version that is not three numbers */
export function encodeIpxeOptions({ features, version, noProxyDhcp, others }: IpxeOptions): Uint8Array {
  const all = new Map(others);
  for (const name of features) {
    const code = featureCode.get(name);
    if (code === undefined) throw new RangeError(`iPXE has no feature ${JSON.stringify(name)}`);
    all.set(code, Uint8Array.of(1));
  }
  if (version !== undefined) all.set(VERSION, versionBytes(version));
  if (noProxyDhcp !== undefined) all.set(NO_PROXY_DHCP, Uint8Array.of(noProxyDhcp ? 1 : 0));
  return encodeSubOptions(all, FORMAT);
}

function readVersion(value: Uint8Array): string {
  return readSubOption(value, 'iPXE version', (reader) =>
    [reader.uint8('major'), reader.uint8('minor'), reader.uint8('patch')].join('.'),
  );
}

function versionBytes(version: string): Uint8Array {
  const parts = /^([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})$/.exec(version)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) {
    throw new RangeError(`${JSON.stringify(version)} is no iPXE version such as 1.21.1`);
  }
  return Uint8Array.from(parts);
}
