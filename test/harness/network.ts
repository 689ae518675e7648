import { HostRefused } from '../../src/domain/errors.ts';
import { broadcastAddress, formatIpv4, type Ipv4, parseIpv4 } from '../../src/domain/ipv4.ts';
import { type MacAddress, macFromBytes } from '../../src/domain/mac.ts';
import type { DatagramOptions, Endpoint, Network, SegmentingSocket } from '../../src/domain/ports.ts';

export interface FakeInterface {
  readonly name: string;
  /** Interfaces with the same link hear each other's broadcasts. */
  readonly link: string;
  /** Dotted quad; absent: no address yet (a client before its lease). */
  readonly address?: string;
  /** For 10.0.0.255 and the like; 24 unless told. */
  readonly prefixLength?: number;
  readonly mac?: MacAddress;
}

/** A datagram that went over a link, in the order of sending. */
export interface SentDatagram {
  readonly link: string;
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly data: Uint8Array;
}

const EVERYONE = '255.255.255.255';
const FIRST_FREE_PORT = 49_152;
/** `sent` is for assertions: a benchmark that sends millions must not grow without end. */
const REMEMBERED_DATAGRAMS = 10_000;

/**
 * Links and hosts in memory. Datagrams arrive in a later microtask, as they would from a socket; `settle()` of clock.ts
 * waits for them. Broadcasts are heard by the whole link and by the sender's own sockets, as Linux has it. A unicast
 * goes to the host with that address anywhere (routers are taken for granted), or to the neighbour that the sender
 * taught its kernel.
 */
export class FakeNetwork {
  readonly hosts: FakeHost[] = [];
  readonly sent: SentDatagram[] = [];
  /** A datagram for which it says true is lost. */
  lose: (datagram: SentDatagram) => boolean = () => false;

  host(name: string, interfaces: readonly FakeInterface[]): FakeHost {
    const host = new FakeHost(name, interfaces, this);
    this.hosts.push(host);
    return host;
  }

  /** @internal */
  carry(sender: FakeHost, from: FakeInterface, datagram: SentDatagram): void {
    if (this.sent.length < REMEMBERED_DATAGRAMS) this.sent.push(datagram);
    if (this.lose(datagram)) return;
    queueMicrotask(() => {
      const { to } = datagram;
      const neighbour = sender.neighbours.get(`${from.name} ${to.address}`);
      for (const host of this.hosts) {
        for (const candidate of host.interfaces) {
          if (isBroadcast(candidate, to.address)) {
            if (candidate.link === datagram.link) host.hear(candidate, datagram, true);
          } else if (candidate.address === to.address) {
            host.hear(candidate, datagram, false);
          } else if (neighbour !== undefined && candidate.mac === neighbour && candidate.link === datagram.link) {
            host.hear(candidate, datagram, false);
          }
        }
      }
    });
  }
}

function isBroadcast(candidate: FakeInterface, address: string): boolean {
  if (address === EVERYONE) return true;
  const own = candidate.address === undefined ? undefined : parseIpv4(candidate.address);
  if (own === undefined) return false;
  const prefixLength = candidate.prefixLength ?? 24;
  return prefixLength < 31 && address === formatIpv4(broadcastAddress({ network: own, prefixLength }));
}

export class FakeHost implements Network {
  readonly name: string;
  interfaces: readonly FakeInterface[];
  /** `interface address` to MAC, as taught by addNeighbour. */
  readonly neighbours = new Map<string, MacAddress>();
  readonly sockets = new Set<FakeSocket>();
  /** False: addNeighbour is refused, as without CAP_NET_ADMIN. */
  canAddNeighbours = true;
  #network: FakeNetwork;
  #nextPort = FIRST_FREE_PORT;

  constructor(name: string, interfaces: readonly FakeInterface[], network: FakeNetwork) {
    this.name = name;
    this.interfaces = interfaces;
    this.#network = network;
  }

  /** An interface gets an address, loses it, or (with the whole list) comes and goes. */
  setAddress(interfaceName: string, address: string | undefined): void {
    this.interfaces = this.interfaces.map((each) => {
      if (each.name !== interfaceName) return each;
      const { address: _old, ...rest } = each;
      return address === undefined ? rest : { ...rest, address };
    });
  }

  async openDatagram(options: DatagramOptions): Promise<SegmentingSocket> {
    const { interfaceName, address } = options;
    if (interfaceName !== undefined && !this.interfaces.some((each) => each.name === interfaceName)) {
      throw new HostRefused(`interface ${interfaceName} is not there`, `plug ${interfaceName} in`);
    }
    const owned = this.interfaces.some((each) => each.address === address || isBroadcast(each, address));
    if (address !== '0.0.0.0' && !owned) {
      throw new HostRefused(`address ${address} is not on this host`, `give an interface the address ${address}`);
    }
    const port = options.port === 0 ? this.#freePort() : options.port;
    for (const other of this.sockets) {
      const sameInterface =
        interfaceName === undefined ||
        other.options.interfaceName === undefined ||
        other.options.interfaceName === interfaceName;
      const sameAddress = address === '0.0.0.0' || other.local.address === '0.0.0.0' || other.local.address === address;
      const shared = options.reuseAddress === true && other.options.reuseAddress === true;
      if (other.local.port === port && sameInterface && sameAddress && !shared) {
        throw new HostRefused(`port ${port} of ${address} is in use`, `stop the other server on port ${port}`);
      }
    }
    const socket = new FakeSocket(this, { ...options, port });
    this.sockets.add(socket);
    return socket;
  }

  addNeighbour(interfaceName: string, address: Ipv4, mac: Uint8Array): boolean {
    if (!this.canAddNeighbours) return false;
    this.neighbours.set(`${interfaceName} ${formatIpv4(address)}`, macFromBytes(mac));
    return true;
  }

  /** @internal */
  transmit(socket: FakeSocket, data: Uint8Array, to: Endpoint): Error | null {
    const via = this.#route(socket);
    if (via === undefined) return new Error(`send ENODEV ${to.address}:${to.port}`);
    const source = socket.local.address === '0.0.0.0' ? (via.address ?? '0.0.0.0') : socket.local.address;
    const from = { address: source, port: socket.local.port };
    this.#network.carry(this, via, { link: via.link, from, to, data: data.slice() });
    return null;
  }

  /** @internal Every socket hears a broadcast; the best fitting one hears a unicast. */
  hear(at: FakeInterface, datagram: SentDatagram, broadcast: boolean): void {
    let best: FakeSocket | undefined;
    for (const socket of [...this.sockets]) {
      const { interfaceName } = socket.options;
      if (socket.local.port !== datagram.to.port) continue;
      if (interfaceName !== undefined && interfaceName !== at.name) continue;
      if (socket.local.address !== '0.0.0.0' && socket.local.address !== datagram.to.address) continue;
      if (broadcast) socket.receive(datagram);
      else if (best === undefined || socket.fit >= best.fit) best = socket;
    }
    best?.receive(datagram);
  }

  #route(socket: FakeSocket): FakeInterface | undefined {
    const { interfaceName } = socket.options;
    return this.interfaces.find((each) =>
      interfaceName === undefined
        ? socket.local.address === '0.0.0.0' || each.address === socket.local.address
        : each.name === interfaceName,
    );
  }

  #freePort(): number {
    const taken = new Set([...this.sockets].map((socket) => socket.local.port));
    while (taken.has(this.#nextPort)) this.#nextPort += 1;
    return this.#nextPort++;
  }
}

export class FakeSocket implements SegmentingSocket {
  readonly local: Endpoint;
  readonly options: DatagramOptions;
  #host: FakeHost;
  #message: ((data: Uint8Array, from: Endpoint) => void) | undefined;
  #error: ((error: Error, to?: Endpoint) => void) | undefined;

  constructor(host: FakeHost, options: DatagramOptions) {
    this.#host = host;
    this.options = options;
    this.local = { address: options.address, port: options.port };
  }

  /** How exactly the socket asked for what it hears: a bound address counts more than a bound interface. */
  get fit(): number {
    return (this.local.address === '0.0.0.0' ? 0 : 2) + (this.options.interfaceName === undefined ? 0 : 1);
  }

  onMessage(listener: (data: Uint8Array, from: Endpoint) => void): void {
    this.#message = listener;
  }

  onError(listener: (error: Error, to?: Endpoint) => void): void {
    this.#error = listener;
  }

  send(data: Uint8Array, to: Endpoint, done?: (error: Error | null) => void): void {
    const needsLeave = to.address === EVERYONE && this.options.broadcast !== true;
    let error: Error | null = null;
    if (!this.#host.sockets.has(this)) error = new Error('send EBADF: the socket is closed');
    else if (needsLeave) error = new Error(`send EACCES ${to.address}:${to.port}`);
    else error = this.#host.transmit(this, data, to);
    if (done !== undefined) queueMicrotask(() => done(error));
    else if (error !== null) this.fail(error, to);
  }

  sendSegments(data: Uint8Array, segmentBytes: number, to: Endpoint): void {
    for (let at = 0; at < data.length; at += segmentBytes) this.send(data.subarray(at, at + segmentBytes), to);
  }

  close(): void {
    this.#host.sockets.delete(this);
  }

  /** What the kernel would tell: ENETDOWN when the interface goes. */
  fail(error: Error, to?: Endpoint): void {
    this.#error?.(error, to);
  }

  /** @internal The bytes are spoilt afterwards: the contract says that they are valid during the call only. */
  receive(datagram: SentDatagram): void {
    const data = datagram.data.slice();
    this.#message?.(data, datagram.from);
    data.fill(0xdd);
  }
}
