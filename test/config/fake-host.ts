import type { AssetLook } from '../../src/assets/asset-store.ts';
import type { HostFacts, HostInterface, PathKind, PortHolder } from '../../src/config/host-facts.ts';
import type { HostNetwork } from '../../src/config/host-network.ts';
import { parseIpv4 } from '../../src/domain/ipv4.ts';

export function ipv4(text: string): number {
  const address = parseIpv4(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return address;
}

/** `fakeInterface('eno2', ['10.77.0.1/24'])` is up. */
export function fakeInterface(name: string, addresses: readonly string[], up = true): HostInterface {
  return {
    name,
    up,
    loopback: name === 'lo',
    addresses: addresses.map((text) => {
      const [address = '', prefixLength] = text.split('/');
      return { address: ipv4(address), prefixLength: Number(prefixLength) };
    }),
  };
}

export interface FakeHost {
  readonly interfaces?: readonly HostInterface[];
  /** By `udp:67`. */
  readonly holders?: Readonly<Record<string, readonly PortHolder[]>>;
  readonly paths?: Readonly<Record<string, PathKind>>;
  readonly readOnly?: readonly string[];
  /** On a file system that is mounted read-only. */
  readonly mountedReadOnly?: readonly string[];
  /** Imported ones, by name. */
  readonly assets?: Readonly<Record<string, AssetLook>>;
}

/** The machine that the right configuration of mistakes.ts is for, with everything in its place. */
export const RIGHT_INTERFACES = [
  fakeInterface('lo', ['127.0.0.1/8']),
  fakeInterface('eno1', ['192.0.2.10/24']),
  fakeInterface('eno2', ['10.77.0.1/24']),
  fakeInterface('eno3', ['10.78.0.1/24']),
];

export const RIGHT_PATHS: Readonly<Record<string, PathKind>> = {
  '/': 'directory',
  '/var': 'directory',
  '/var/lib': 'directory',
  '/var/lib/podboot': 'directory',
  '/var/lib/podboot/assets': 'directory',
  '/var/lib/podboot/assets/debian/linux': 'file',
  '/var/lib/podboot/assets/debian/initrd.gz': 'file',
};

export function fakeHost({
  interfaces = RIGHT_INTERFACES,
  holders = {},
  paths = RIGHT_PATHS,
  readOnly = [],
  mountedReadOnly = [],
  assets = {},
}: FakeHost = {}): HostFacts {
  return {
    interfaces: () => interfaces,
    portHolders: (protocol, port) => holders[`${protocol}:${port}`] ?? [],
    pathKind: (path) => paths[path] ?? 'absent',
    isOnReadOnlyFileSystem: (path) => mountedReadOnly.includes(path),
    isWritable: (path) => paths[path] !== undefined && !readOnly.includes(path),
    userName: () => 'pod',
    asset: (_, name) => assets[name] ?? { troubles: [{ message: `there is no asset ${name}`, mend: 'Import it.' }] },
  };
}

export function fakeNetwork(network: Partial<HostNetwork> = {}): HostNetwork {
  return { interfaces: RIGHT_INTERFACES, defaultRoutes: [], nameServers: [], forwards: false, ...network };
}
