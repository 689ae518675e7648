import { connect, createServer, type Server } from 'node:net';
import { HostRefused } from '../domain/errors.ts';
import type { StreamListener, StreamListenOptions, StreamNetwork } from '../domain/ports.ts';

/** Connections that the kernel holds until they are taken. */
const BACKLOG = 128;

/** TCP of this host. */
export function createHostStreams(): StreamNetwork {
  return {
    listen: (options, accept) => {
      const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
        accept(socket, { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 }),
      );
      return listening(server, options);
    },
    connect: ({ address, port }) => connect({ host: address, port, noDelay: true }),
  };
}

function listening(server: Server, options: StreamListenOptions): Promise<StreamListener> {
  const { address, port } = options;
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(refused(options, error)));
    server.listen({ host: address, port, backlog: BACKLOG }, () => {
      server.removeAllListeners('error');
      // A connection that fails while it is taken (EMFILE) is lost; the server goes on.
      server.on('error', () => undefined);
      const bound = server.address();
      const local = { address, port: typeof bound === 'object' && bound !== null ? bound.port : port };
      resolve({ local, close: () => void server.close() });
    });
  });
}

function refused(
  { what, interfaceName, address, port }: StreamListenOptions,
  error: NodeJS.ErrnoException,
): HostRefused {
  const place = `TCP port ${port} of ${address}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return new HostRefused(
        `${place} for ${what} is in use`,
        `stop its holder (\`ss -ltnp 'sport = :${port}'\` names it), or change the port in podboot.yaml`,
        error,
      );
    case 'EACCES':
      return new HostRefused(
        `${place} for ${what} may not be opened: the process lacks CAP_NET_BIND_SERVICE`,
        'start it by podboot.service or as root',
        error,
      );
    case 'EADDRNOTAVAIL':
      return new HostRefused(
        `address ${address} is not on interface ${interfaceName}`,
        `correct interfaces.${interfaceName}.address in podboot.yaml, or add it: ip addr add ${address}/24 dev ${interfaceName}`,
        error,
      );
    default:
      return new HostRefused(
        `${place} for ${what} can't be opened: ${error.message}`,
        'see `ip addr` and `ss -ltnp`',
        error,
      );
  }
}
