import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { SimulatedBmc } from './simulated-bmc.ts';

/** A simulated BMC on a real UDP port, for real clients. */
export class UdpBmc implements AsyncDisposable {
  readonly #socket: Socket;
  readonly port: number;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.port = socket.address().port;
  }

  /** @param port 0: any free one */
  static async listen(bmc: SimulatedBmc, address: string, port = 0): Promise<UdpBmc> {
    const socket = createSocket('udp4');
    socket.bind(port, address);
    await once(socket, 'listening');
    const served = new UdpBmc(socket);
    bmc.serial.port = served.port;
    socket.on('message', (packet, from) => {
      const send = (answer: Uint8Array) => socket.send(answer, from.port, from.address);
      const answer = bmc.receive(packet, send);
      if (answer !== undefined) send(answer);
    });
    return served;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }
}
