import { HostRefused } from '../../domain/errors.ts';
import { formatIpv4, type Ipv4, type Ipv4Subnet } from '../../domain/ipv4.ts';
import type { Lease } from '../../domain/lease.ts';
import type {
  Clock,
  EventSink,
  LeaseDirectory,
  Network,
  NodeDirectory,
  StreamNetwork,
  Timer,
} from '../../domain/ports.ts';
import type { Settings, UpstreamSettings } from '../../domain/settings.ts';
import { Turns } from '../../domain/turns.ts';
import { AnswerCache } from './answer-cache.ts';
import { clientNetworks, isInside } from './client-networks.ts';
import { ClientTable } from './client-table.ts';
import { DatagramAnswers } from './datagram-answers.ts';
import { DnsEvents } from './dns-events.ts';
import { countAnswer, newTally } from './dns-tally.ts';
import { Forwarder } from './forward/forwarder.ts';
import { Upstreams } from './forward/upstreams.ts';
import { LeaseNames } from './lease-names.ts';
import { Listeners, type Place } from './listeners.ts';
import { OwnZones } from './own-zones.ts';
import { Responder, type Response } from './responder.ts';
import { ResponseRate } from './response-rate.ts';

export interface DnsServiceParts {
  readonly settings: Settings;
  readonly network: Network;
  readonly streams: StreamNetwork;
  readonly clock: Clock;
  readonly nodes: NodeDirectory;
  /** Another number after each change of a node; it only grows. */
  readonly nodesRevision: () => number;
  readonly leases: LeaseDirectory;
  readonly events: EventSink;
  /** Whom this host asks itself (/etc/resolv.conf), where the configuration names nobody. */
  readonly hostNameServers: () => readonly Ipv4[];
  /** Networks of the interface's own addresses. */
  readonly onLink: (interfaceName: string) => readonly Ipv4Subnet[];
}

export interface DnsService {
  /** @throws HostRefused when one of its sockets can't be opened; then none is. */
  start(): Promise<void>;
  /** @throws HostRefused; then the settings from before are in force. */
  reload(settings: Settings): Promise<void>;
  stop(): Promise<void>;
  /** The interface came, went or changed: its sockets are opened anew. One that is not there is an event. */
  interfaceChanged(name: string): Promise<void>;
  /** A lease was taken over; `before` is what its address had. */
  leaseApplied(lease: Lease, before: Lease | undefined): void;
  statistics(): Record<string, number>;
}

/** How often what nobody tells of is looked at: leases that ended, another /etc/resolv.conf. */
const SWEEP_MS = 60_000;

/** DNS (RFC 1034, 1035, 6891, 7766) on each interface with `dns: true`: our own zones, and the rest from upstreams. */
export function createDnsService(parts: DnsServiceParts): DnsService {
  return new Dns(parts);
}

class Dns implements DnsService {
  readonly #parts: DnsServiceParts;
  readonly #tally = newTally();
  readonly #events: DnsEvents;
  readonly #leaseNames: LeaseNames;
  readonly #own: OwnZones;
  readonly #cache: AnswerCache;
  readonly #clients: ClientTable;
  readonly #upstreams: Upstreams;
  readonly #forwarder: Forwarder;
  readonly #responder: Responder;
  readonly #listeners: Listeners;
  readonly #networks = new Map<string, readonly Ipv4Subnet[]>();
  readonly #turns = new Turns();
  #settings: Settings;
  #reserved: ReadonlySet<Ipv4> = new Set();
  #sweep: Timer | undefined;
  #stopped = false;
  /** As they were asked last. */
  #upstreamNames: string | undefined;

  constructor(parts: DnsServiceParts) {
    const { clock, leases, settings, network, streams } = parts;
    this.#parts = parts;
    this.#settings = settings;
    this.#events = new DnsEvents(parts.events);
    this.#leaseNames = new LeaseNames(leases, clock, (address) => this.#isFixed(address));
    this.#own = new OwnZones(settings, { ...parts, leaseNames: this.#leaseNames }, clock);
    const now = () => clock.monotonic();
    this.#cache = new AnswerCache(now);
    this.#clients = new ClientTable(clock, leases);
    this.#upstreams = new Upstreams(clock);
    this.#forwarder = this.#newForwarder();
    this.#responder = this.#newResponder();
    const answers = new DatagramAnswers({
      ...{ tally: this.#tally, events: this.#events, clients: this.#clients, cache: this.#cache },
      ...{ rate: new ResponseRate(now), responder: this.#responder, refresh: () => this.#refresh() },
      networksOf: (name) => this.#networksOf(name),
    });
    this.#listeners = new Listeners({
      ...{ network, streams, clock },
      handlers: {
        onDatagram: (place, socket, data, from) => {
          if (!this.#stopped) answers.receive(place, socket, data, from);
        },
        onError: ({ interfaceName }, error) => this.#events.socketError(interfaceName, error),
        respond: (place, bytes, from) => this.#respondByTcp(place, bytes, from),
      },
    });
  }

  start(): Promise<void> {
    return this.#turns.take(async () => {
      await this.#listeners.replace(this.#settings);
      this.#takeUp(this.#settings);
      this.#sweep = this.#parts.clock.setTimeout(() => this.#sweepUp(), SWEEP_MS);
    });
  }

  reload(settings: Settings): Promise<void> {
    return this.#turns.take(async () => {
      if (this.#stopped) return;
      await this.#listeners.replace(settings);
      this.#takeUp(settings);
    });
  }

  stop(): Promise<void> {
    this.#stopped = true;
    return this.#turns.take(async () => {
      this.#sweep?.cancel();
      this.#forwarder.stop();
      this.#listeners.close();
    });
  }

  interfaceChanged(name: string): Promise<void> {
    return this.#turns.take(async () => {
      if (this.#stopped) return;
      this.#forgetNetworks();
      try {
        await this.#listeners.reopen(name);
      } catch (error) {
        if (!(error instanceof HostRefused)) throw error;
        this.#events.interfaceLost(name, error);
      }
    });
  }

  leaseApplied(lease: Lease, before: Lease | undefined): void {
    this.#leaseNames.applied(lease, before);
  }

  statistics(): Record<string, number> {
    return {
      ...this.#tally,
      ...this.#forwarder.tally,
      keptAnswers: this.#cache.size,
      keptForwarded: this.#forwarder.cached,
      inFlight: this.#forwarder.inFlight,
      upstreams: this.#upstreams.all.length,
      listening: this.#listeners.size,
      tcpConnections: this.#listeners.connections,
      tcpRefused: this.#listeners.refusedConnections,
    };
  }

  #newForwarder(): Forwarder {
    const { network, streams, clock } = this.#parts;
    return new Forwarder({
      ...{ network, streams, clock, upstreams: this.#upstreams },
      onForeign: () => {
        this.#tally.foreign += 1;
      },
      onSilent: ({ label }, why) => this.#events.upstreamSilent(label, why),
      onLoop: (name, client) => this.#events.loop(name, client),
      onBusy: (client) => this.#events.busy(client),
      onFailed: (name, type) => this.#events.failed(name, type),
    });
  }

  #newResponder(): Responder {
    return new Responder({
      own: this.#own,
      forwarder: this.#forwarder,
      hasUpstreams: () => this.#upstreams.all.length > 0,
      now: () => this.#parts.clock.monotonic(),
      onRefused: (client, name) => this.#events.refused(client.address, name),
      onMalformed: (client, error) => {
        this.#tally.malformed += 1;
        this.#events.malformed(client.address, error.message);
      },
    });
  }

  #takeUp(settings: Settings): void {
    this.#settings = settings;
    this.#reserved = new Set(settings.dhcp.reservations.map(({ address }) => address));
    this.#own.replace(settings);
    this.#forgetNetworks();
    this.#replaceUpstreams();
    this.#cache.clear();
  }

  #replaceUpstreams(): void {
    const { dns, interfaces } = this.#settings;
    const own = new Set(interfaces.filter((each) => each.dns).map(({ address }) => address));
    const fromHost = () => this.#parts.hostNameServers().map((address) => ({ address, port: 53 }));
    const named: readonly UpstreamSettings[] = dns.upstreams ?? fromHost();
    const others = named.filter(({ address, port }) => port !== dns.port || !own.has(address));
    this.#upstreams.replace(others, ({ address, port }) => formatIpv4(address) + (port === 53 ? '' : `:${port}`));
    const names = this.#upstreams.all.map(({ label }) => label).join(' ');
    if (names === this.#upstreamNames) return;
    this.#upstreamNames = names;
    this.#forwarder.forget();
    // Whether others can be asked stands in our own answers too (RA).
    this.#cache.clear();
    if (others.length === 0 && dns.upstreams === undefined && own.size > 0) this.#events.noUpstream();
  }

  #sweepUp(): void {
    this.#leaseNames.sweep();
    if (this.#settings.dns.upstreams === undefined) this.#replaceUpstreams();
    this.#sweep = this.#parts.clock.setTimeout(() => this.#sweepUp(), SWEEP_MS);
  }

  #refresh(): void {
    if (this.#own.hasChanged()) this.#cache.clear();
  }

  #respondByTcp(place: Place, bytes: Uint8Array, from: Ipv4): Response | undefined | Promise<Response | undefined> {
    this.#tally.tcpQuestions += 1;
    this.#refresh();
    const mayRecurse = isInside(from, this.#networksOf(place.interfaceName));
    const asked = { address: from, mayRecurse, transport: 'tcp', via: place.address } as const;
    const response = this.#responder.respond(bytes, asked);
    const count = (done: Response | undefined) => {
      if (done !== undefined) countAnswer(this.#tally, done.bytes);
      return done;
    };
    return response instanceof Promise ? response.then(count) : count(response);
  }

  #isFixed(address: Ipv4): boolean {
    return this.#reserved.has(address) || this.#parts.nodes.byAddress(address) !== undefined;
  }

  #networksOf(interfaceName: string): readonly Ipv4Subnet[] {
    let networks = this.#networks.get(interfaceName);
    if (networks === undefined) {
      networks = clientNetworks(this.#settings, interfaceName, this.#parts.onLink(interfaceName));
      this.#networks.set(interfaceName, networks);
    }
    return networks;
  }

  #forgetNetworks(): void {
    this.#networks.clear();
    this.#clients.forget();
  }
}
