import type { Duplex } from 'node:stream';
import { Packet } from 'dns2';
import { checkConfig } from '../../../src/config/load.ts';
import type { BootEvent } from '../../../src/domain/events.ts';
import { type Ipv4, type Ipv4Subnet, parseIpv4, parseSubnet } from '../../../src/domain/ipv4.ts';
import { type Lease, macKey } from '../../../src/domain/lease.ts';
import { type MacAddress, parseMac } from '../../../src/domain/mac.ts';
import type { Node, NodeInterface } from '../../../src/domain/node.ts';
import type { Endpoint, EventSink } from '../../../src/domain/ports.ts';
import type { Settings } from '../../../src/domain/settings.ts';
import { NodeIndex } from '../../../src/lifecycle/node-index.ts';
import { LeaseTable } from '../../../src/services/dhcp/lease-table.ts';
import { createDnsService, type DnsService } from '../../../src/services/dns/dns-service.ts';
import { framed, StreamMessages } from '../../../src/services/dns/stream-messages.ts';
import { FakeClock, settle } from '../../harness/clock.ts';
import { FakeNetwork, type FakeSocket } from '../../harness/network.ts';
import { FakeStreams } from '../../harness/streams.ts';

export const SERVER = '10.77.0.1';
export const DOMAIN = 'pod1.example.com';
export const CLIENT = '10.77.0.50';
/** On none of our networks; its packets come through eno2 all the same. */
export const STRANGER = '198.51.100.7';
export const UPSTREAM = '192.0.2.53';
export const SECOND_UPSTREAM = '192.0.2.54';

/** podboot.yaml of the pod; `dns` is the section's own lines. */
export function configuration(dns = 'upstreams: []', more = ''): string {
  return `site: { domain: ${DOMAIN} }
interfaces:
  eno2: { address: ${SERVER}, dhcp: authoritative, dns: true }
  eno3: { address: 10.78.0.1, dhcp: authoritative }
subnets:
  10.77.0.0/24: { interface: eno2, pools: [10.77.0.100-10.77.0.199] }
  10.78.0.0/20: { interface: eno3, pools: [10.78.1.0-10.78.1.255] }
  10.79.0.0/26: { interface: eno2, relays: [10.79.0.1], pools: [10.79.0.10-10.79.0.20] }
reservations:
  - { name: switch1, mac: "52:54:00:aa:00:01", address: 10.77.0.10 }
${more}
dns:
  ${dns}
`;
}

export function settingsOf(yaml: string): Settings {
  const { settings, problems } = checkConfig(yaml);
  if (settings === undefined) throw new Error(JSON.stringify(problems));
  return settings;
}

export function ip(text: string): Ipv4 {
  const address = parseIpv4(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return address;
}

export function mac(number: number): MacAddress {
  const text = `52:54:00:77:00:${number.toString(16).padStart(2, '0')}`;
  return parseMac(text) as MacAddress;
}

export class EventRecord implements EventSink {
  readonly wantsDebug = true;
  readonly events: BootEvent[] = [];

  emit(event: BootEvent): void {
    this.events.push(event);
  }

  of(type: string): BootEvent[] {
    return this.events.filter((event) => event.type === type);
  }
}

let nodeNumber = 0;

export function node(name: string, interfaces: readonly Partial<NodeInterface>[]): Node {
  nodeNumber += 1;
  return {
    id: `${name}-${nodeNumber}`,
    name,
    interfaces: interfaces.map((each, index) => ({ name: `eno${index + 1}`, role: 'boot', ...each })),
    labels: {},
    roles: [],
    options: {},
    boot: { profile: 'local', loader: 'auto' },
    version: 1,
    createdAt: 0,
    updatedAt: 0,
  };
}

export interface Asked {
  readonly type?: number;
  readonly class?: number;
  readonly id?: number;
  readonly from?: string;
  readonly edns?: Parameters<typeof Packet.Resource.EDNS>[1];
  readonly flags?: Record<string, number>;
}

/** A query as another implementation writes it. */
export function query(name: string, asked: Asked = {}): Uint8Array {
  const packet = new Packet();
  Object.assign(packet.header, { id: asked.id ?? 7, rd: 1, ...asked.flags });
  packet.questions.push(new Packet.Question(name, asked.type ?? Packet.TYPE.A, asked.class ?? Packet.CLASS.IN));
  if (asked.edns !== undefined) packet.additionals.push(Packet.Resource.EDNS([], asked.edns));
  return Uint8Array.from(packet.toBuffer());
}

export function parse(bytes: Uint8Array): Packet {
  const packet = Packet.parse(Buffer.from(bytes));
  if (packet.errors.length > 0) throw packet.errors[0];
  return packet;
}

/** `dgx01.pod1.example.com A 60 10.77.0.21`: the records of a section as a person would write them. */
export function lines(records: readonly InstanceType<typeof Packet.Resource>[]): string[] {
  return records.map((record) => {
    const data =
      record.address ??
      record.domain ??
      record.ns ??
      (record.primary === undefined ? undefined : `${record.primary} ${record.admin}`) ??
      (record.target === undefined
        ? undefined
        : `${record.priority} ${record.weight} ${record.port} ${record.target}`) ??
      String(record.data);
    return `${record.name} ${Packet.typeName(record.type)} ${record.ttl} ${data}`;
  });
}

/** The DNS service on a simulated host, with clients on its links and beyond. */
export class DnsPod {
  readonly clock = new FakeClock();
  readonly network = new FakeNetwork();
  readonly streams = new FakeStreams();
  readonly host = this.network.host('podboot', [
    { name: 'eno2', link: 'pod', address: SERVER },
    { name: 'eno3', link: 'storage', address: '10.78.0.1' },
  ]);
  readonly nodes = new NodeIndex();
  readonly leases = new LeaseTable([], this.clock);
  readonly events = new EventRecord();
  hostNameServers: readonly Ipv4[] = [];
  onLink: readonly Ipv4Subnet[] = [parseSubnet('10.77.0.0/24') as Ipv4Subnet];
  readonly service: DnsService;
  readonly #sockets = new Map<string, FakeSocket>();

  constructor(yaml = configuration()) {
    this.service = createDnsService({
      settings: settingsOf(yaml),
      network: this.host,
      streams: this.streams,
      clock: this.clock,
      nodes: this.nodes,
      nodesRevision: () => this.nodes.revision,
      leases: this.leases,
      events: this.events,
      hostNameServers: () => this.hostNameServers,
      onLink: (name) => (name === 'eno2' ? this.onLink : []),
    });
    this.leases.onApplied = (lease, before) => this.service.leaseApplied(lease, before);
  }

  static async up(yaml?: string): Promise<DnsPod> {
    const pod = new DnsPod(yaml);
    await pod.service.start();
    return pod;
  }

  /** A lease as DHCP takes it over. */
  lease(address: string, number: number, rest: Partial<Lease> & { seconds?: number } = {}): void {
    const { seconds = 3_600, ...fields } = rest;
    const now = this.clock.now();
    const lease: Lease = {
      ...{ address: ip(address), key: macKey(mac(number)), state: 'bound', mac: mac(number) },
      ...{ startsAt: now, expiresAt: now + 1000 * seconds },
      ...fields,
    };
    const isOver = lease.state === 'released';
    this.leases.apply(lease, this.clock.monotonic() + (isOver ? 0 : 1000 * seconds));
  }

  /** Sends bytes by UDP and returns what came back. */
  async exchange(bytes: Uint8Array, from = CLIENT): Promise<Uint8Array | undefined> {
    const socket = await this.#socketOf(from);
    let answer: Uint8Array | undefined;
    socket.onMessage((data) => {
      answer = data.slice();
    });
    socket.send(bytes, { address: SERVER, port: 53 });
    await settle();
    return answer;
  }

  /** Sends bytes and does not look at what comes back. */
  async throw(bytes: Uint8Array, from = CLIENT): Promise<void> {
    (await this.#socketOf(from)).send(bytes, { address: SERVER, port: 53 });
  }

  /** What comes to a client's socket next. */
  async nextAnswer(from = CLIENT): Promise<Uint8Array> {
    const socket = await this.#socketOf(from);
    return new Promise((resolve) => socket.onMessage((data) => resolve(data.slice())));
  }

  async ask(name: string, asked: Asked = {}): Promise<Packet> {
    const answer = await this.exchange(query(name, asked), asked.from);
    if (answer === undefined) throw new Error(`no answer for ${name}`);
    return parse(answer);
  }

  /** Rcode and answer section in short. */
  async answers(name: string, asked: Asked = {}): Promise<{ rcode: number; answer: string[] }> {
    const { header, answers } = await this.ask(name, asked);
    return { rcode: header.rcode, answer: lines(answers) };
  }

  /** A TCP connection of a client. */
  connect(from = CLIENT): TcpClient {
    return new TcpClient(this.streams.connectFrom({ address: from, port: 41_000 }, { address: SERVER, port: 53 }));
  }

  /** A DNS server somewhere, which says what the test wants. */
  async upstream(address: string, respond: Upstream['respond']): Promise<Upstream> {
    const upstream = new Upstream(address, respond);
    await upstream.listen(this.network, this.streams);
    return upstream;
  }

  async #socketOf(address: string): Promise<FakeSocket> {
    const known = this.#sockets.get(address);
    if (known !== undefined) return known;
    const host = this.network.host(address, [{ name: 'eno1', link: 'pod', address }]);
    const socket = (await host.openDatagram({ address, port: 0 })) as FakeSocket;
    this.#sockets.set(address, socket);
    return socket;
  }
}

export class TcpClient {
  readonly stream: Duplex;
  readonly answers: Uint8Array[] = [];
  closed = false;
  readonly #messages = new StreamMessages();

  constructor(stream: Duplex) {
    this.stream = stream;
    stream.on('data', (chunk: Uint8Array) => this.answers.push(...this.#messages.take(chunk)));
    stream.on('error', () => undefined);
    stream.on('close', () => {
      this.closed = true;
    });
    stream.on('end', () => {
      this.closed = true;
    });
  }

  send(...queries: Uint8Array[]): void {
    this.stream.write(Buffer.concat(queries.map(framed)));
  }
}

export interface HeardQuery {
  readonly bytes: Uint8Array;
  readonly packet: Packet;
  readonly from: Endpoint;
  readonly transport: 'udp' | 'tcp';
}

/** A server that answers with what `respond` returns, or not at all. */
export class Upstream {
  readonly address: string;
  readonly heard: HeardQuery[] = [];
  respond: (query: HeardQuery) => Uint8Array | readonly Uint8Array[] | undefined;
  socket: FakeSocket | undefined;

  constructor(address: string, respond: Upstream['respond']) {
    this.address = address;
    this.respond = respond;
  }

  async listen(network: FakeNetwork, streams: FakeStreams): Promise<void> {
    const host = network.host(this.address, [{ name: 'eth0', link: 'world', address: this.address }]);
    const socket = (await host.openDatagram({ address: this.address, port: 53 })) as FakeSocket;
    this.socket = socket;
    socket.onMessage((data, from) => {
      for (const answer of this.#hear(data.slice(), from, 'udp')) socket.send(answer, from);
    });
    await streams.listen(
      { what: 'DNS', interfaceName: 'eth0', address: this.address, port: 53 },
      (stream: Duplex, from) => {
        const messages = new StreamMessages();
        stream.on('error', () => undefined);
        stream.on('data', (chunk: Uint8Array) => {
          for (const data of messages.take(chunk)) {
            for (const answer of this.#hear(data, from, 'tcp')) stream.write(framed(answer));
          }
        });
      },
    );
  }

  #hear(bytes: Uint8Array, from: Endpoint, transport: 'udp' | 'tcp'): readonly Uint8Array[] {
    const heard = { bytes, packet: parse(bytes), from, transport };
    this.heard.push(heard);
    const answer = this.respond(heard) ?? [];
    return answer instanceof Uint8Array ? [answer] : answer;
  }
}

/** An answer to a query of ours, with its question as it was sent. */
export function answerTo(
  { packet }: HeardQuery,
  build: (answer: Packet, name: string) => void,
  header: Record<string, number> = {},
): Uint8Array {
  const answer = new Packet();
  Object.assign(answer.header, { id: packet.header.id, qr: 1, rd: 1, ra: 1, ...header });
  answer.questions.push(...packet.questions);
  build(answer, packet.questions[0]?.name ?? '');
  return Uint8Array.from(answer.toBuffer());
}

export function address(name: string, value: string, ttl = 300): InstanceType<typeof Packet.Resource> {
  return new Packet.Resource({ name, type: Packet.TYPE.A, class: 1, ttl, address: value });
}
