import { connect, createServer, type Server, type Socket } from 'node:net';
import { HostRefused } from '../domain/errors.ts';

const HOST = '127.0.0.1';
const MAX_CONNECTIONS = 256;
const PORTS_TO_TRY = 100;

/**
 * Makes the daemon's API, which listens on a unix socket in another namespace, answer on a TCP port of this one, so that
 * a browser and curl reach it.
 */
export class ApiForwarder {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly url: string;

  private constructor(server: Server, socketPath: string, port: number) {
    this.#server = server;
    this.url = `http://${HOST}:${port}`;
    server.maxConnections = MAX_CONNECTIONS;
    server.on('connection', (client) => this.#forward(client, socketPath));
  }

  /**
   * @param firstPort the first free one from here on is taken
   * @throws HostRefused where none is free
   */
  static async open(socketPath: string, firstPort: number): Promise<ApiForwarder> {
    for (let port = firstPort; port < firstPort + PORTS_TO_TRY && port <= 65_535; port += 1) {
      const server = await listen(port);
      if (server !== undefined) return new ApiForwarder(server, socketPath, port);
    }
    throw new HostRefused(`no free port for the API from ${firstPort} on`, 'name another one with --port');
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #forward(client: Socket, socketPath: string): void {
    const daemon = connect(socketPath);
    for (const [socket, other] of [
      [client, daemon],
      [daemon, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroySoon();
      });
      socket.pipe(other);
    }
  }
}

/** Undefined where the port is taken. */
function listen(port: number): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer({ allowHalfOpen: true });
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(undefined);
      else reject(error);
    });
    server.listen({ port, host: HOST, exclusive: true }, () => resolve(server));
  });
}
