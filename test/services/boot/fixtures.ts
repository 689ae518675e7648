import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import type { BootClient, Firmware } from '../../../src/domain/client.ts';
import type { BootEvent } from '../../../src/domain/events.ts';
import { parseIpv4 } from '../../../src/domain/ipv4.ts';
import { type Lease, macKey } from '../../../src/domain/lease.ts';
import { type MacAddress, parseMac } from '../../../src/domain/mac.ts';
import type { Node, NodeBoot, NodeInterface, NodePort } from '../../../src/domain/node.ts';
import type { EventSink, LeaseDirectory, NodeDirectory } from '../../../src/domain/ports.ts';
import type { BootSettings, ProfileSettings, Settings } from '../../../src/domain/settings.ts';
import type { ProgramManifest } from '../../../src/services/boot/boot-programs.ts';
import { PLAIN_DNS } from '../../harness/dns-settings.ts';
import { lifecycleSettings } from '../../harness/lifecycle-settings.ts';

export const SERVER = address('10.77.0.1');
export const MAC = mac('52:54:00:77:00:01');
export const KEY = macKey(MAC);

export function address(text: string): number {
  const parsed = parseIpv4(text);
  if (parsed === undefined) throw new Error(`no address: ${text}`);
  return parsed;
}

export function mac(text: string): MacAddress {
  const parsed = parseMac(text);
  if (parsed === undefined) throw new Error(`no MAC address: ${text}`);
  return parsed;
}

export const RESCUE: ProfileSettings = {
  name: 'rescue',
  kind: 'live',
  kernel: 'debian/linux',
  initrds: ['debian/initrd.gz'],
  arguments: 'console=ttyS0,115200',
};

export function bootSettings(change: Partial<BootSettings> = {}): BootSettings {
  return { profiles: new Map([['rescue', RESCUE]]), programs: {}, loader: 'auto', diskMethods: {}, ...change };
}

export function settings(change: Partial<Settings> = {}): Settings {
  return {
    dataDir: '/nonexistent/data',
    assetsDir: '/nonexistent/assets',
    interfaces: [{ name: 'prov', address: SERVER, dhcp: 'authoritative', tftp: true, http: true, dns: false }],
    dhcp: {
      port: 67,
      proxyPort: 4011,
      subnets: [],
      reservations: [],
      groups: new Map(),
      customOptions: [],
      options: new Map(),
      offerHoldMs: 60_000,
      quarantineMs: 3_600_000,
      bootp: 'reservations',
      probeIntervalMs: 0,
    },
    tftp: { port: 69, maxTransfers: 1000, maxTransfersPerClient: 1000, maxBlockBytes: 1468, maxWindowBlocks: 64 },
    http: { port: 80, maxConnections: 256, maxConnectionsPerClient: 256 },
    dns: PLAIN_DNS,
    boot: bootSettings(),
    api: { listen: [] },
    lifecycle: lifecycleSettings(),
    log: { level: 'info', format: 'auto' },
    ...change,
  };
}

/** Listens on the loopback, at a free port. */
export function loopbackSettings(assetsDir: string, change: Partial<Settings> = {}): Settings {
  return settings({
    assetsDir,
    interfaces: [{ name: 'lo', address: address('127.0.0.1'), dhcp: 'off', tftp: false, http: true, dns: false }],
    http: { port: 0, maxConnections: 256, maxConnectionsPerClient: 256 },
    dns: PLAIN_DNS,
    ...change,
  });
}

export function node(boot: Partial<NodeBoot> = {}, change: Partial<Node> = {}): Node {
  return {
    id: 'n1',
    name: 'dgx01',
    interfaces: [{ name: 'eno1', role: 'boot', mac: MAC }],
    labels: {},
    roles: [],
    options: {},
    boot: { profile: 'rescue', loader: 'auto', ...boot },
    version: 1,
    createdAt: 0,
    updatedAt: 0,
    ...change,
  };
}

export function port(boot: Partial<NodeBoot> = {}, change: Partial<NodeInterface> = {}): NodePort {
  const nic: NodeInterface = { name: 'eno1', role: 'boot', mac: MAC, ...change };
  return { node: node(boot, { interfaces: [nic] }), interface: nic };
}

export function client(stage: BootClient['stage'], firmware?: Firmware): BootClient {
  return firmware === undefined ? { stage } : { stage, firmware };
}

/** A directory of fixed nodes. */
export class FixedNodes implements NodeDirectory {
  nodes: Node[];

  constructor(...nodes: Node[]) {
    this.nodes = nodes;
  }

  byId(id: string): Node | undefined {
    return this.nodes.find((each) => each.id === id);
  }

  byName(name: string): Node | undefined {
    return this.nodes.find((each) => each.name === name);
  }

  byMac(wanted: MacAddress): NodePort | undefined {
    return this.#port((nic) => nic.mac === wanted);
  }

  byClientId(wanted: string): NodePort | undefined {
    return this.#port((nic) => nic.clientId === wanted);
  }

  byUuid(uuid: string): NodePort | undefined {
    return this.#port((nic, owner) => owner.uuid === uuid && nic.role === 'boot');
  }

  bySwitchPort(): NodePort | undefined {
    return undefined;
  }

  byAddress(wanted: number): NodePort | undefined {
    return this.#port((nic) => nic.address === wanted);
  }

  all(): Iterable<Node> {
    return this.nodes;
  }

  #port(fits: (nic: NodeInterface, owner: Node) => boolean): NodePort | undefined {
    for (const each of this.nodes) {
      const nic = each.interfaces.find((candidate) => fits(candidate, each));
      if (nic !== undefined) return { node: each, interface: nic };
    }
    return undefined;
  }
}

/** A lease table of fixed leases. */
export class FixedLeases implements LeaseDirectory {
  leases: Lease[];

  constructor(...leases: Lease[]) {
    this.leases = leases;
  }

  byAddress(wanted: number): Lease | undefined {
    return this.leases.find((lease) => lease.address === wanted);
  }

  byKey(key: string): Lease | undefined {
    return this.leases.find((lease) => lease.key === key);
  }

  all(): Iterable<Lease> {
    return this.leases;
  }
}

export function lease(at: string, key: string = KEY, change: Partial<Lease> = {}): Lease {
  return { address: address(at), key, state: 'bound', startsAt: 0, expiresAt: null, ...change };
}

export class RecordedEvents implements EventSink {
  readonly wantsDebug = true;
  readonly events: BootEvent[] = [];

  emit(event: BootEvent): void {
    this.events.push(event);
  }

  of(type: string): BootEvent[] {
    return this.events.filter((event) => event.type === type);
  }
}

/** A folder that goes away with the test; `files` are its contents by name. */
export async function temporaryFolder(test: TestContext, files: Record<string, string | Buffer> = {}): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'podboot-boot-')));
  test.after(() => rm(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}

/** Programs by the names of podboot's own manifest; their "packages" are files of a folder. */
export function manifestIn(folder: string): ProgramManifest {
  const source = (name: string, from: string) => [{ package: from, path: join(folder, name) }];
  return {
    programs: [
      program('snponly.efi', 'uefi-x64', 'ipxe', 'start', true, source('snponly.efi', 'ipxe')),
      program('undionly.kpxe', 'bios', 'ipxe', 'start', false, source('undionly.kpxe', 'ipxe')),
      program('shimx64.efi', 'uefi-x64', 'grub', 'start', false, source('shimx64.efi', 'shim-signed')),
      program('grubx64.efi', 'uefi-x64', 'grub', 'loader', false, source('grubx64.efi', 'grub-efi-amd64-signed')),
      program('bootnetaa64.efi', 'uefi-arm64', 'grub', 'start', false, source('bootnetaa64.efi', 'shim-arm')),
      program('grubaa64.efi', 'uefi-arm64', 'grub', 'loader', false, source('grubaa64.efi', 'grub-arm')),
    ],
    modules: [
      { name: 'grub/arm64-efi', firmware: 'uefi-arm64', package: 'grub-arm-bin', path: join(folder, 'arm64-efi') },
    ],
  };
}

function program(
  name: string,
  firmware: Firmware,
  loader: 'ipxe' | 'grub',
  role: 'start' | 'loader',
  overHttp: boolean,
  sources: ProgramManifest['programs'][number]['sources'],
): ProgramManifest['programs'][number] {
  return { name, firmware, loader, role, overHttp, sources };
}

/** A manifest's files, all there. */
export const PROGRAM_FILES: Record<string, string> = {
  'snponly.efi': 'snponly',
  'undionly.kpxe': 'undionly',
  'shimx64.efi': 'shim',
  'grubx64.efi': 'grub',
  'bootnetaa64.efi': 'shim arm64',
  'grubaa64.efi': 'grub arm64',
  'arm64-efi/http.mod': 'http',
};
