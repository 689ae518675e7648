import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { IpmiChannel, IpmiNetwork } from './ports.ts';

/** The host's own network: a socket for each BMC, which is connected. */
export const udpNetwork: IpmiNetwork = {
  async connect(host, port): Promise<IpmiChannel> {
    const socket = createSocket('udp4');
    // A BMC that is switched off must not keep the process from ending.
    socket.unref();
    const failed: { listener?: (error: Error) => void } = {};
    const connected = once(socket, 'connect');
    socket.connect(port, host);
    await connected;
    socket.on('error', (error) => failed.listener?.(error));
    return {
      send: (packet) =>
        socket.send(packet, (error) => {
          if (error !== null) failed.listener?.(error);
        }),
      onPacket: (listener) => void socket.on('message', listener),
      onError: (listener) => {
        failed.listener = listener;
      },
      // It has been told by itself.
      silent: () => {},
      close: () => socket.close(),
    };
  },
};
