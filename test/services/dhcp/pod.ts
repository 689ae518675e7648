import { decodeDhcp } from '../../../src/codecs/dhcp/decode.ts';
import { encodeDhcp } from '../../../src/codecs/dhcp/encode.ts';
import { BootOp, type DhcpMessage, type DhcpOptions, MessageType } from '../../../src/codecs/dhcp/message.ts';
import { OptionCode } from '../../../src/codecs/dhcp/option-table.ts';
import type { BootInformation } from '../../../src/domain/boot.ts';
import type { SightingSink } from '../../../src/domain/discovered-machine.ts';
import type { BootEvent } from '../../../src/domain/events.ts';
import { formatIpv4, type Ipv4, parseIpv4, parseSubnet } from '../../../src/domain/ipv4.ts';
import type { Lease } from '../../../src/domain/lease.ts';
import { type MacAddress, macToBytes } from '../../../src/domain/mac.ts';
import type { Node, NodeInterface, NodePort, SwitchPort } from '../../../src/domain/node.ts';
import type { BootPolicy, NodeDirectory, SegmentingSocket, StoreChange } from '../../../src/domain/ports.ts';
import type {
  DhcpMode,
  DhcpSettings,
  InterfaceSettings,
  OptionSet,
  ReservationSettings,
  Settings,
  SubnetSettings,
} from '../../../src/domain/settings.ts';
import { createDhcpService, type DhcpService } from '../../../src/services/dhcp/dhcp-service.ts';
import { LeaseTable } from '../../../src/services/dhcp/lease-table.ts';
import { FakeClock, settle } from '../../harness/clock.ts';
import { PLAIN_DNS } from '../../harness/dns-settings.ts';
import { lifecycleSettings } from '../../harness/lifecycle-settings.ts';
import { type FakeHost, FakeNetwork } from '../../harness/network.ts';

export const SERVER = '10.77.0.1';
export const HOUR_MS = 3_600_000;

export function ip(text: string): Ipv4 {
  const address = parseIpv4(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return address;
}

export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}

export function addressBytes(...addresses: string[]): Uint8Array {
  return Uint8Array.from(addresses.flatMap((address) => address.split('.').map(Number)));
}

export interface SubnetSketch {
  readonly cidr?: string;
  readonly interfaceName?: string;
  readonly pools?: readonly (readonly [string, string])[];
  readonly relays?: readonly string[];
  readonly sharedNetwork?: string;
  readonly leaseSeconds?: number;
  readonly options?: OptionSet;
}

export function subnetOf(sketch: SubnetSketch = {}): SubnetSettings {
  const parsed = parseSubnet(sketch.cidr ?? '10.77.0.0/24');
  if (parsed === undefined) throw new Error(`${sketch.cidr} is no subnet`);
  const leaseSeconds = sketch.leaseSeconds ?? 3_600;
  return {
    ...parsed,
    interfaceName: sketch.interfaceName ?? 'eno2',
    ...(sketch.sharedNetwork !== undefined && { sharedNetwork: sketch.sharedNetwork }),
    pools: (sketch.pools ?? [['10.77.0.100', '10.77.0.199']]).map(([first, last]) => ({
      first: ip(first),
      last: ip(last),
    })),
    relays: (sketch.relays ?? []).map(ip),
    times: {
      leaseSeconds,
      renewSeconds: Math.floor(leaseSeconds / 2),
      rebindSeconds: Math.floor(leaseSeconds * 0.875),
    },
    options: sketch.options ?? new Map([[OptionCode.routers, addressBytes(SERVER)]]),
  };
}

export function dhcpSettings(dhcp: Partial<DhcpSettings> = {}): DhcpSettings {
  return {
    port: 67,
    proxyPort: 4011,
    subnets: [subnetOf()],
    reservations: [],
    groups: new Map(),
    customOptions: [],
    options: new Map([[OptionCode.domainName, bytesOf('pod1.example.com')]]),
    offerHoldMs: 60_000,
    quarantineMs: HOUR_MS,
    bootp: 'reservations',
    probeIntervalMs: 0,
    ...dhcp,
  };
}

export function podSettings(
  dhcp: Partial<DhcpSettings> = {},
  mode: DhcpMode = 'authoritative',
  interfaces?: readonly InterfaceSettings[],
): Settings {
  return {
    dataDir: '/var/lib/podboot',
    assetsDir: '/var/lib/podboot/assets',
    interfaces: interfaces ?? [{ name: 'eno2', address: ip(SERVER), dhcp: mode, tftp: true, http: true, dns: false }],
    dhcp: dhcpSettings(dhcp),
    tftp: { port: 69, maxTransfers: 10, maxTransfersPerClient: 10, maxBlockBytes: 1468, maxWindowBlocks: 64 },
    http: { port: 80, maxConnections: 16, maxConnectionsPerClient: 16 },
    dns: PLAIN_DNS,
    boot: { profiles: new Map(), programs: {}, loader: 'auto', diskMethods: {} },
    api: { listen: [] },
    lifecycle: lifecycleSettings(),
    log: { level: 'info', format: 'auto' },
  };
}

export function reservation(
  name: string,
  address: string,
  match: ReservationSettings['match'],
  options: OptionSet = new Map(),
): ReservationSettings {
  return { name, address: ip(address), match, options };
}

/** Nodes as a test enrols and removes them. */
export class FakeNodes implements NodeDirectory {
  #nodes = new Map<string, Node>();

  enrol(name: string, interfaces: readonly Partial<NodeInterface>[], rest: Partial<Node> = {}): Node {
    const node: Node = {
      id: `id-${name}`,
      name,
      interfaces: interfaces.map((each, index) => ({ name: `eno${index + 1}`, role: 'boot', ...each })),
      labels: {},
      roles: [],
      options: {},
      boot: { profile: 'local', loader: 'auto' },
      version: 1,
      createdAt: 0,
      updatedAt: 0,
      ...rest,
    };
    this.#nodes.set(node.id, node);
    return node;
  }

  remove(name: string): void {
    this.#nodes.delete(`id-${name}`);
  }

  byId(id: string): Node | undefined {
    return this.#nodes.get(id);
  }

  byName(name: string): Node | undefined {
    return this.#nodes.get(`id-${name}`);
  }

  byMac(mac: MacAddress): NodePort | undefined {
    return this.#find((each) => each.mac === mac);
  }

  byClientId(clientIdHex: string): NodePort | undefined {
    return this.#find((each) => each.clientId === clientIdHex);
  }

  byUuid(uuid: string): NodePort | undefined {
    for (const node of this.#nodes.values()) {
      if (node.uuid !== uuid) continue;
      const boot = node.interfaces.filter((each) => each.role === 'boot');
      const found = boot.find((each) => each.mac === undefined) ?? boot[0];
      if (found !== undefined) return { node, interface: found };
    }
    return undefined;
  }

  bySwitchPort(port: SwitchPort): NodePort | undefined {
    return this.#find(
      ({ switchPort }) => switchPort?.circuitId === port.circuitId && switchPort?.remoteId === port.remoteId,
    );
  }

  byAddress(address: Ipv4): NodePort | undefined {
    return this.#find((each) => each.address === address);
  }

  all(): Iterable<Node> {
    return this.#nodes.values();
  }

  #find(matches: (candidate: NodeInterface) => boolean): NodePort | undefined {
    for (const node of this.#nodes.values()) {
      for (const each of node.interfaces) if (matches(each)) return { node, interface: each };
    }
    return undefined;
  }
}

export interface PodOptions {
  readonly settings?: Settings;
  readonly nodes?: FakeNodes;
  readonly clock?: FakeClock;
  readonly leases?: readonly Lease[];
  readonly boot?: BootPolicy['bootInformation'];
  readonly wantsDebug?: boolean;
  readonly sightings?: SightingSink;
}

export const NOTHING_TO_BOOT: BootInformation = { reason: 'nothing to boot' };

/** One server with its disk, on the link `lab`; clients are plugged in beside it, or behind the relay's address. */
export class Pod {
  readonly network = new FakeNetwork();
  readonly clock: FakeClock;
  readonly nodes: FakeNodes;
  readonly host: FakeHost;
  readonly events: BootEvent[] = [];
  /** What is on the disk. */
  readonly disk = new Map<Ipv4, Lease>();
  readonly batches: number[] = [];
  leases: LeaseTable;
  service: DhcpService;
  /** Set to make the disk refuse, or wait. */
  commit: (batch: readonly StoreChange[]) => Promise<void>;
  #options: PodOptions;
  #boot: BootPolicy['bootInformation'];

  constructor(options: PodOptions = {}) {
    this.#options = options;
    this.clock = options.clock ?? new FakeClock();
    this.nodes = options.nodes ?? new FakeNodes();
    this.#boot = options.boot ?? (() => NOTHING_TO_BOOT);
    this.host = this.network.host('server', [{ name: 'eno2', link: 'lab', address: SERVER }]);
    for (const lease of options.leases ?? []) this.disk.set(lease.address, lease);
    this.commit = async (batch) => this.write(batch);
    this.leases = new LeaseTable(this.disk.values(), this.clock);
    this.service = this.#service(options.settings ?? podSettings());
  }

  static async up(options: PodOptions = {}): Promise<Pod> {
    const pod = new Pod(options);
    await pod.service.start();
    return pod;
  }

  /** kill -9, then a start from what is on the disk. */
  async crash(settings = this.#options.settings ?? podSettings()): Promise<void> {
    for (const socket of [...this.host.sockets]) socket.close();
    this.commit = async () => {
      throw new Error('the old process is dead');
    };
    await settle();
    this.commit = async (batch) => this.write(batch);
    this.leases = new LeaseTable(this.disk.values(), this.clock);
    this.service = this.#service(settings);
    await this.service.start();
  }

  write(batch: readonly StoreChange[]): void {
    this.batches.push(batch.length);
    for (const change of batch) {
      if ('put' in change && change.put === 'lease') this.disk.set(change.lease.address, change.lease);
    }
  }

  eventsOf(type: string): BootEvent[] {
    return this.events.filter((event) => event.type === type);
  }

  #service(settings: Settings): DhcpService {
    return createDhcpService({
      settings,
      network: this.host,
      clock: this.clock,
      nodes: this.nodes,
      leases: this.leases,
      policy: { bootInformation: (...asked) => this.#boot(...asked) },
      commit: (batch) => this.commit(batch),
      events: { wantsDebug: this.#options.wantsDebug ?? true, emit: (event) => void this.events.push(event) },
      ...(this.#options.sightings !== undefined && { sightings: this.#options.sightings }),
    });
  }
}

export interface MessageSketch {
  readonly type?: MessageType;
  readonly mac?: string;
  readonly flags?: number;
  readonly ciaddr?: string;
  readonly giaddr?: string;
  readonly requested?: string;
  readonly serverId?: string;
  readonly clientId?: Uint8Array;
  readonly list?: readonly number[];
  readonly htype?: number;
  readonly hlen?: number;
  readonly options?: Iterable<readonly [number, Uint8Array]>;
}

let nextXid = 1;

export function message(sketch: MessageSketch): DhcpMessage {
  const options: DhcpOptions = new Map();
  if (sketch.type !== undefined) options.set(OptionCode.messageType, Uint8Array.of(sketch.type));
  if (sketch.requested !== undefined) options.set(OptionCode.requestedAddress, addressBytes(sketch.requested));
  if (sketch.serverId !== undefined) options.set(OptionCode.serverIdentifier, addressBytes(sketch.serverId));
  if (sketch.clientId !== undefined) options.set(OptionCode.clientIdentifier, sketch.clientId);
  if (sketch.list !== undefined) options.set(OptionCode.parameterRequestList, Uint8Array.from(sketch.list));
  for (const [code, value] of sketch.options ?? []) options.set(code, value);
  const hlen = sketch.hlen ?? 6;
  const mac = macToBytes((sketch.mac ?? '52:54:00:77:00:01') as MacAddress);
  return {
    op: BootOp.BOOTREQUEST,
    htype: sketch.htype ?? 1,
    hlen,
    hops: 0,
    xid: nextXid++,
    secs: 0,
    flags: sketch.flags ?? 0x8000,
    ciaddr: ip(sketch.ciaddr ?? '0.0.0.0'),
    yiaddr: 0,
    siaddr: 0,
    giaddr: ip(sketch.giaddr ?? '0.0.0.0'),
    chaddr: mac.subarray(0, hlen),
    sname: '',
    file: '',
    options,
  };
}

/** An answer as a client or a relay heard it. */
export interface Heard {
  readonly message: DhcpMessage;
  readonly to: string;
  readonly port: number;
}

/** A client on the link, or (with `relay`) a relay that passes its clients' messages on. */
export class Client {
  readonly heard: Heard[] = [];
  readonly #pod: Pod;
  readonly #socket: SegmentingSocket;
  readonly #relay: string | undefined;

  private constructor(pod: Pod, socket: SegmentingSocket, relay: string | undefined) {
    this.#pod = pod;
    this.#socket = socket;
    this.#relay = relay;
  }

  static #count = 0;

  static async plugIn(pod: Pod, options: { address?: string; relay?: string; mac?: string; link?: string } = {}) {
    Client.#count += 1;
    const { relay } = options;
    const address = relay ?? options.address;
    const host = pod.network.host(`client${Client.#count}`, [
      {
        name: 'eno1',
        link: options.link ?? (relay === undefined ? 'lab' : `behind ${relay}`),
        mac: (options.mac ?? '52:54:00:77:00:01') as MacAddress,
        ...(address !== undefined && { address }),
      },
    ]);
    const socket = await host.openDatagram({
      address: '0.0.0.0',
      port: relay === undefined ? 68 : 67,
      broadcast: true,
    });
    const client = new Client(pod, socket, relay);
    socket.onMessage((data) => {
      const sent = pod.network.sent.at(-1);
      client.heard.push({ message: decodeDhcp(data.slice()), to: sent?.to.address ?? '', port: sent?.to.port ?? 0 });
    });
    return client;
  }

  /** Sends it, and returns what came back to it; undefined: silence. */
  async ask(sketch: MessageSketch, to?: string): Promise<DhcpMessage | undefined> {
    const whole = this.#relay === undefined ? sketch : { giaddr: this.#relay, ...sketch };
    return this.send(message(whole), to);
  }

  async send(sent: DhcpMessage, to?: string): Promise<DhcpMessage | undefined> {
    const before = this.heard.length;
    const target = to ?? (this.#relay === undefined ? '255.255.255.255' : SERVER);
    this.#socket.send(encodeDhcp(sent, { maxMessageBytes: 1500 }), { address: target, port: 67 });
    await settle();
    return this.heard.slice(before).find((each) => each.message.xid === sent.xid)?.message;
  }

  /** DISCOVER, then REQUEST for what was offered: the address, or undefined. */
  async boot(sketch: MessageSketch = {}): Promise<string | undefined> {
    const offer = await this.ask({ ...sketch, type: MessageType.DISCOVER });
    if (offer === undefined) return undefined;
    const ack = await this.ask({
      ...sketch,
      type: MessageType.REQUEST,
      requested: formatIpv4(offer.yiaddr),
      serverId: formatIpv4(addressOption(offer, OptionCode.serverIdentifier)),
    });
    return ack !== undefined && typeOf(ack) === MessageType.ACK ? formatIpv4(ack.yiaddr) : undefined;
  }

  /** What the server last sent since then, whether or not this client's host has the address that it went to. */
  lastAnswer(sentBefore: number): DhcpMessage | undefined {
    const answer = this.#pod.network.sent.slice(sentBefore).findLast((each) => each.from.address === SERVER);
    return answer === undefined ? undefined : decodeDhcp(answer.data);
  }
}

export function typeOf(answer: DhcpMessage | undefined): number | undefined {
  return answer?.options.get(OptionCode.messageType)?.[0];
}

export function addressOption(answer: DhcpMessage, code: number): Ipv4 {
  const value = answer.options.get(code);
  if (value === undefined || value.length !== 4) throw new Error(`option ${code} is no address`);
  return Buffer.from(value).readUInt32BE(0);
}

export function numberOption(answer: DhcpMessage | undefined, code: number): number | undefined {
  const value = answer?.options.get(code);
  return value === undefined ? undefined : Number.parseInt(Buffer.from(value).toString('hex'), 16);
}

export function textOption(answer: DhcpMessage | undefined, code: number): string | undefined {
  const value = answer?.options.get(code);
  return value === undefined ? undefined : Buffer.from(value).toString('latin1');
}

/** iPXE as it comes: client identifier 01 and MAC, user class bare. */
export function ipxeOptions(): [number, Uint8Array][] {
  return [
    [OptionCode.userClass, bytesOf('iPXE')],
    [OptionCode.vendorClass, bytesOf('PXEClient:Arch:00007:UNDI:003010')],
    [OptionCode.clientArchitecture, Uint8Array.of(0, 7)],
  ];
}

export function pxeOptions(architecture = 7): [number, Uint8Array][] {
  const digits = String(architecture).padStart(5, '0');
  return [
    [OptionCode.vendorClass, bytesOf(`PXEClient:Arch:${digits}:UNDI:003000`)],
    [OptionCode.clientArchitecture, Uint8Array.of(0, architecture)],
  ];
}
