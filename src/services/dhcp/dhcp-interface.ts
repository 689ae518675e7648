import { formatIpv4, type Ipv4 } from '../../domain/ipv4.ts';
import type { Clock, Endpoint, EventSink, Network } from '../../domain/ports.ts';
import type { DhcpSettings, InterfaceSettings } from '../../domain/settings.ts';
import type { Counters } from './counters.ts';
import type { EngineInterface } from './dhcp-engine.ts';
import { type Door, type InterfaceSockets, openInterface } from './interface-sockets.ts';
import type { ReplyDestination } from './reply-destination.ts';
import { RogueServers } from './rogue-servers.ts';
import { SubnetIndex } from './subnet-index.ts';

const EVERYONE = '255.255.255.255';

export interface DhcpInterfaceOptions {
  readonly settings: InterfaceSettings;
  readonly dhcp: DhcpSettings;
  readonly network: Network;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly counters: Counters;
  readonly receive: (at: DhcpInterface, data: Uint8Array, from: Endpoint, door: Door) => void;
}

/** One interface that is served: its sockets, its subnets, and the watch for other servers on it. */
export class DhcpInterface implements EngineInterface {
  readonly settings: InterfaceSettings;
  readonly #options: DhcpInterfaceOptions;
  #sockets: InterfaceSockets | undefined;
  #subnets: SubnetIndex;
  #otherServers: RogueServers;
  #dhcp: DhcpSettings;
  #ours: ReadonlySet<Ipv4>;
  #deaf = false;
  #suspended = false;
  #watching = false;

  constructor(options: DhcpInterfaceOptions) {
    this.#options = options;
    this.settings = options.settings;
    this.#dhcp = options.dhcp;
    this.#ours = new Set([options.settings.address]);
    this.#subnets = new SubnetIndex(options.settings, options.dhcp.subnets);
    this.#otherServers = this.#watch();
  }

  get name(): string {
    return this.settings.name;
  }

  get subnets(): SubnetIndex {
    return this.#subnets;
  }

  get otherServers(): RogueServers {
    return this.#otherServers;
  }

  get isSuspended(): boolean {
    return this.#suspended;
  }

  /** Nothing that its sockets depend on is different. */
  serves(settings: InterfaceSettings, dhcp: DhcpSettings): boolean {
    const own = this.settings;
    return (
      own.address === settings.address &&
      own.dhcp === settings.dhcp &&
      this.#dhcp.port === dhcp.port &&
      this.#dhcp.proxyPort === dhcp.proxyPort
    );
  }

  /** @throws HostRefused */
  async open(): Promise<void> {
    const { network, receive } = this.#options;
    this.#sockets = await openInterface(this.settings, this.#dhcp, network, {
      onMessage: (data, from, door) => {
        if (!this.#deaf) receive(this, data, from, door);
      },
      onError: (error) => this.#socketFailed(error),
    });
    this.#suspended = false;
  }

  /** What the configuration says now, with the sockets as they are. */
  adopt(dhcp: DhcpSettings, ours: ReadonlySet<Ipv4>): void {
    const watchAnew = !this.#watching || this.#dhcp.probeIntervalMs !== dhcp.probeIntervalMs;
    this.#dhcp = dhcp;
    this.#ours = ours;
    this.#subnets = new SubnetIndex(this.settings, dhcp.subnets);
    if (watchAnew) this.#restartWatch();
  }

  /** It came back, or went: its sockets are bound to an interface that may not be there any more. */
  async reopen(): Promise<void> {
    if (this.#deaf) return;
    this.#sockets?.close();
    this.#sockets = undefined;
    try {
      await this.open();
      this.#restartWatch();
      this.#options.events.emit({
        type: 'dhcp.interface-up',
        level: 'info',
        subject: { interfaceName: this.name },
        text: `DHCP answers on ${this.name} (${formatIpv4(this.settings.address)}) again`,
      });
    } catch (error) {
      this.#otherServers.stop();
      this.#options.events.emit({
        type: 'dhcp.interface-down',
        level: 'error',
        subject: { interfaceName: this.name },
        text: `DHCP can't answer on ${this.name}: ${error instanceof Error ? error.message : String(error)}`,
        mend: `bring ${this.name} back with the address ${formatIpv4(this.settings.address)}; podboot notices by itself`,
      });
    }
  }

  /** Gives the port to a successor, and can be reopened. */
  suspend(): void {
    this.#suspended = true;
    this.#sockets?.close();
    this.#sockets = undefined;
  }

  /** Takes no more messages, but can still send. */
  deafen(): void {
    this.#deaf = true;
    this.#otherServers.stop();
  }

  close(): void {
    this.deafen();
    this.#sockets?.close();
    this.#sockets = undefined;
  }

  send(bytes: Uint8Array, destination: ReplyDestination, door: Door, asker: Endpoint): void {
    const sockets = this.#sockets;
    if (sockets === undefined) this.#options.counters.add('dropped.interface-down');
    else if (door === 'proxy' && destination.kind !== 'relay') sockets.proxy?.send(bytes, asker);
    else sockets.own.send(bytes, this.#endpoint(destination));
  }

  #endpoint(destination: ReplyDestination): Endpoint {
    const { port } = this.#dhcp;
    const clientPort = port + 1;
    switch (destination.kind) {
      case 'relay':
        return { address: formatIpv4(destination.address), port };
      case 'unicast':
        return { address: formatIpv4(destination.address), port: clientPort };
      case 'broadcast':
        return { address: EVERYONE, port: clientPort };
      case 'neighbour': {
        const known = this.#options.network.addNeighbour(this.name, destination.address, destination.mac);
        if (!known) this.#options.counters.add('sent.broadcast-for-unicast');
        return { address: known ? formatIpv4(destination.address) : EVERYONE, port: clientPort };
      }
    }
  }

  #restartWatch(): void {
    this.#otherServers.stop();
    this.#otherServers = this.#watch();
    this.#otherServers.start();
    this.#watching = true;
  }

  #watch(): RogueServers {
    const { network, clock, events, settings } = this.#options;
    return new RogueServers({
      at: settings,
      port: this.#dhcp.port,
      probeIntervalMs: this.#dhcp.probeIntervalMs,
      isOurs: (address) => this.#ours.has(address),
      network,
      clock,
      events,
    });
  }

  #socketFailed(error: Error): void {
    this.#options.counters.add('send.failed');
    this.#options.events.emit({
      type: 'dhcp.socket-error',
      level: 'warn',
      subject: { interfaceName: this.name },
      text: `DHCP on ${this.name}: ${error.message}`,
      mend: `look at the interface (\`ip -br address show ${this.name}\`)`,
      throttle: this.name,
    });
  }
}
