import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { ClientCounts } from '../../domain/client-counts.ts';
import { HostRefused } from '../../domain/errors.ts';
import { formatIpv4, type Ipv4 } from '../../domain/ipv4.ts';
import type { EventSink } from '../../domain/ports.ts';
import type { HttpSettings } from '../../domain/settings.ts';
import { Pipelines } from './http-pipeline.ts';
import type { BootRoutes, RouteCounters } from './http-routes.ts';
import { peerAddress } from './requester.ts';

/** A client that is slow to say what it wants holds a connection no longer than this. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 20_000;
/** iPXE and UEFI keep their connection from the script to the last initrd. */
const KEEP_ALIVE_MS = 30_000;
const MAX_HEADER_BYTES = 16_384;

type HttpLimits = Pick<HttpSettings, 'maxConnections' | 'maxConnectionsPerClient'>;

export interface ListenerOptions {
  readonly interfaceName: string;
  readonly address: Ipv4;
  /** 0: any free one. */
  readonly port: number;
  readonly limits: HttpLimits;
  readonly routes: BootRoutes;
  readonly events: EventSink;
}

/** The HTTP server of one interface, at its address alone. */
export class HttpListener {
  readonly interfaceName: string;
  readonly address: Ipv4;
  readonly #server: Server;
  readonly #events: EventSink;
  readonly #pipelines = new Pipelines();
  readonly #counters: RouteCounters;
  /** Of each client. */
  readonly #connections = new ClientCounts();
  #open = 0;
  #maxPerClient: number;

  /** @throws HostRefused */
  static async open(options: ListenerOptions): Promise<HttpListener> {
    const listener = new HttpListener(options);
    await listener.#listen(options.port);
    return listener;
  }

  private constructor(options: ListenerOptions) {
    const { interfaceName, address, routes, events } = options;
    this.interfaceName = interfaceName;
    this.address = address;
    this.#events = events;
    this.#counters = routes.counters;
    this.#maxPerClient = options.limits.maxConnectionsPerClient;
    this.#server = createServer(
      {
        headersTimeout: HEADERS_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        keepAliveTimeout: KEEP_ALIVE_MS,
        connectionsCheckingInterval: 5_000,
        maxHeaderSize: MAX_HEADER_BYTES,
        noDelay: true,
      },
      (request, response) => {
        const taken = this.#pipelines.take(request, response, () => void routes.handle(request, response, address));
        if (!taken) this.#tellPipelined(request.socket.remoteAddress);
      },
    );
    this.#server.maxConnections = options.limits.maxConnections;
    this.#server.on('connection', (socket) => this.#admit(socket));
    this.#server.on('drop', (dropped) => this.#tellDropped(dropped?.remoteAddress, this.#server.maxConnections));
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      if (error.code?.startsWith('HPE_') === true) routes.counters.malformed += 1;
      if (socket.writable && error.code !== 'ECONNRESET') {
        // Ended is not closed: a client that never closes its half would hold the connection for ever.
        const answer = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';
        socket.end(answer, () => socket.destroy());
      } else {
        socket.destroy();
      }
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  get connections(): number {
    return this.#open;
  }

  setLimits(limits: HttpLimits): void {
    this.#server.maxConnections = limits.maxConnections;
    this.#maxPerClient = limits.maxConnectionsPerClient;
  }

  /** Ends what is under way too: a machine that downloads tries again. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const refuse = (error: NodeJS.ErrnoException): void => reject(this.#refused(port, error));
      this.#server.once('error', refuse);
      this.#server.listen({ host: formatIpv4(this.address), port }, () => {
        this.#server.off('error', refuse);
        this.#server.on('error', (error) => this.#tellError(error));
        resolve();
      });
    });
  }

  #refused(port: number, error: NodeJS.ErrnoException): HostRefused {
    const place = `${formatIpv4(this.address)}:${port} of interface ${this.interfaceName}`;
    switch (error.code) {
      case 'EADDRINUSE':
        return new HostRefused(
          `HTTP can't listen at ${place}: another program does`,
          `Stop it (\`ss -ltnp 'sport = :${port}'\` names it), or choose another http.port.`,
          error,
        );
      case 'EACCES':
        return new HostRefused(
          `HTTP can't listen at ${place}: a port below 1024 needs the capability CAP_NET_BIND_SERVICE`,
          'Run the daemon by its systemd unit or as root, or choose an http.port above 1023.',
          error,
        );
      case 'EADDRNOTAVAIL':
        return new HostRefused(
          `HTTP can't listen at ${place}: the interface doesn't bear the address`,
          `Give it the address, or correct interfaces.${this.interfaceName}.address (\`ip -br address\`).`,
          error,
        );
      default:
        return new HostRefused(`HTTP can't listen at ${place}: ${error.message}`, 'Look at `ip address`.', error);
    }
  }

  #admit(socket: Socket): void {
    const client = socket.remoteAddress ?? '';
    if (this.#connections.of(client) >= this.#maxPerClient) {
      this.#tellGreedy(client);
      socket.destroy();
      return;
    }
    this.#open += 1;
    this.#connections.add(client);
    socket.once('close', () => {
      this.#open -= 1;
      this.#connections.remove(client);
    });
  }

  #tellDropped(remoteAddress: string | undefined, maxConnections: number): void {
    this.#counters.turnedAway += 1;
    this.#events.emit({
      type: 'http.refused',
      level: 'warn',
      subject: { address: peerAddress(remoteAddress), interfaceName: this.interfaceName },
      text: `an HTTP connection was refused: ${maxConnections} are open`,
      mend: 'Raise http.maxConnections, or find out who holds them (`ss -tn`).',
      throttle: this.interfaceName,
    });
  }

  #tellGreedy(client: string): void {
    this.#counters.turnedAway += 1;
    const address = peerAddress(client);
    this.#events.emit({
      type: 'http.refused',
      level: 'warn',
      subject: { address, interfaceName: this.interfaceName },
      text: `an HTTP connection of ${formatIpv4(address)} was refused: ${this.#maxPerClient} of its own are open`,
      mend: 'Look what opens so many there; if many machines share the address (a proxy, NAT), raise http.maxConnectionsPerClient.',
      throttle: formatIpv4(address),
    });
  }

  #tellPipelined(remoteAddress: string | undefined): void {
    const address = peerAddress(remoteAddress);
    this.#events.emit({
      type: 'http.refused',
      level: 'warn',
      subject: { address, interfaceName: this.interfaceName },
      text: `${formatIpv4(address)} sent more requests ahead than are kept waiting: its connection was ended`,
      throttle: formatIpv4(address),
    });
  }

  #tellError(error: Error): void {
    this.#events.emit({
      type: 'http.failed',
      level: 'error',
      subject: { interfaceName: this.interfaceName },
      text: `HTTP on ${this.interfaceName}: ${error.message}`,
      throttle: this.interfaceName,
    });
  }
}
