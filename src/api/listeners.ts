import { lstatSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import type { Duplex } from 'node:stream';
import { HostRefused } from '../domain/errors.ts';
import type { Clock } from '../domain/ports.ts';
import type { ListenAddress } from '../domain/settings.ts';

/** Of each listener: an API has few clients, and none may hold it by being slow. */
const MAX_CONNECTIONS = 256;
const LIMITS = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 16_384,
} as const;
/** Requests under way get this long when a listener closes, so that the whole close stays under 2 s. */
const CLOSE_GRACE_MS = 1_500;
/** Owner and group: `podboot nodes` of an operator in the daemon's group. */
const SOCKET_UMASK = 0o117;

export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** Whoever offers something else (h2c, as curl does) is answered as if it had not. */
function isWebSocket(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() === 'websocket';
}

/** `http://127.0.0.1:8067` or `unix:/run/podboot/api.sock`: what `podboot --api` takes. */
export function addressText(address: ListenAddress): string {
  if ('socketPath' in address) return `unix:${address.socketPath}`;
  return `http://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

/** The API's sockets. Fastify listens at one address; an API listens at several, and at others after a reload. */
export class Listeners {
  readonly #handler: RequestListener;
  readonly #clock: Clock;
  readonly #upgrade: UpgradeListener | undefined;
  readonly #servers = new Map<string, Server>();

  /** @param upgrade of connections to WebSockets; none are taken without it */
  constructor(handler: RequestListener, clock: Clock, upgrade?: UpgradeListener) {
    this.#handler = handler;
    this.#clock = clock;
    this.#upgrade = upgrade;
  }

  /** Where it listens; a port that was asked for as 0 by its number. */
  addresses(): string[] {
    return Array.from(this.#servers, ([text, server]) => {
      const bound = server.address();
      return bound === null || typeof bound === 'string'
        ? text
        : addressText({ host: bound.address, port: bound.port });
    });
  }

  /**
   * Listens at these addresses and no others; those that stay are not interrupted.
   *
   * @throws HostRefused; then everything is as it was before
   */
  async listen(addresses: readonly ListenAddress[]): Promise<void> {
    const wanted = new Map(addresses.map((address) => [addressText(address), address]));
    const opened: string[] = [];
    try {
      for (const [text, address] of wanted) {
        if (this.#servers.has(text)) continue;
        this.#servers.set(text, await this.#open(address, text));
        opened.push(text);
      }
    } catch (error) {
      await Promise.all(opened.map((text) => this.#close(text)));
      throw error;
    }
    await Promise.all([...this.#servers.keys()].filter((text) => !wanted.has(text)).map((text) => this.#close(text)));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#servers.keys()].map((text) => this.#close(text)));
  }

  async #open(address: ListenAddress, text: string): Promise<Server> {
    if ('socketPath' in address) await makeRoom(address.socketPath);
    const server = createServer({ ...LIMITS, shouldUpgradeCallback: isWebSocket }, this.#handler);
    if (this.#upgrade !== undefined) server.on('upgrade', this.#upgrade);
    server.maxConnections = MAX_CONNECTIONS;
    server.on('clientError', (_error, socket) => {
      if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    });
    await new Promise<void>((resolve, reject) => {
      const refuse = (error: NodeJS.ErrnoException) => reject(refusedListen(error, text));
      server.once('error', refuse);
      const ready = () => {
        server.off('error', refuse);
        // A failing accept (no descriptors left) is not the end of the listener.
        server.on('error', () => undefined);
        resolve();
      };
      if (!('socketPath' in address)) {
        server.listen({ host: address.host, port: address.port }, ready);
        return;
      }
      // bind(2) makes the socket's file within this call, and only the umask says who may connect from the first moment.
      const umask = process.umask(SOCKET_UMASK);
      try {
        server.listen({ path: address.socketPath }, ready);
      } finally {
        process.umask(umask);
      }
    });
    return server;
  }

  #close(text: string): Promise<void> {
    const server = this.#servers.get(text);
    this.#servers.delete(text);
    if (server === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#clock.setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
      server.close(() => {
        timer.cancel();
        resolve();
      });
      server.closeIdleConnections();
    });
  }
}

/** A daemon that was killed leaves its socket's file behind; one that lives answers there. */
async function makeRoom(path: string): Promise<void> {
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    throw refusedListen(error as NodeJS.ErrnoException, `unix:${path}`);
  }
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isSocket()) {
    throw new HostRefused(
      `api.listen: ${path} is there and is no socket.`,
      'Name another path, or move the file away.',
    );
  }
  const answered = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    );
  });
  if (answered) {
    const mend = `Stop it (fuser -v ${path}), or name another path.`;
    throw new HostRefused(`api.listen: another process answers at unix:${path}.`, mend);
  }
  rmSync(path, { force: true });
}

function refusedListen(error: NodeJS.ErrnoException, text: string): HostRefused {
  const mends: Readonly<Record<string, string>> = {
    EADDRINUSE: 'Find who holds it (ss -lptn), or set another port under api.listen.',
    EADDRNOTAVAIL: 'Set an address of this machine under api.listen (ip -brief address).',
    EACCES: 'Set a port above 1023, or a path that podboot’s user may write to, under api.listen.',
    EROFS: 'Set a path on a file system that can be written to under api.listen.',
  };
  const mend = mends[error.code ?? ''] ?? 'Look at api.listen in podboot.yaml.';
  return new HostRefused(`The API can’t listen at ${text}: ${error.code ?? error.message}.`, mend, error);
}
