import { decodeDhcp } from '../codecs/dhcp/decode.ts';
import { encodeDhcp } from '../codecs/dhcp/encode.ts';
import type { DhcpMessage } from '../codecs/dhcp/message.ts';
import { MalformedPacket } from '../codecs/malformed-packet.ts';
import type { DatagramSocket, Network } from '../domain/ports.ts';
import type { DhcpTransport } from './dhcp-client.ts';

/** Hundreds of machines that are powered on at once get their answers through one socket. */
const RECEIVE_BUFFER_BYTES = 8 * 1024 * 1024;

export interface BroadcastSettings {
  readonly interfaceName: string;
  readonly serverPort: number;
  readonly clientPort: number;
}

/**
 * The link of all simulated machines: one socket, broadcasts to every server on it, replies given to the machine whose
 * transaction they name.
 */
export class BroadcastTransport implements DhcpTransport {
  readonly #socket: DatagramSocket;
  readonly #settings: BroadcastSettings;
  readonly #listeners = new Map<number, (message: DhcpMessage) => void>();
  #malformed = 0;

  private constructor(socket: DatagramSocket, settings: BroadcastSettings) {
    this.#socket = socket;
    this.#settings = settings;
    socket.onMessage((data) => this.#receive(data));
  }

  /** @throws HostRefused */
  static async open(
    network: Network,
    settings: BroadcastSettings,
    onError: (error: Error) => void,
  ): Promise<BroadcastTransport> {
    const socket = await network.openDatagram({
      interfaceName: settings.interfaceName,
      address: '0.0.0.0',
      port: settings.clientPort,
      broadcast: true,
      receiveBufferBytes: RECEIVE_BUFFER_BYTES,
    });
    socket.onError(onError);
    return new BroadcastTransport(socket, settings);
  }

  /** Replies that could not be read. */
  get malformed(): number {
    return this.#malformed;
  }

  send(message: DhcpMessage): void {
    const bytes = encodeDhcp(message, { maxMessageBytes: 1500 });
    this.#socket.send(bytes, { address: '255.255.255.255', port: this.#settings.serverPort });
  }

  attach(xid: number, listener: (message: DhcpMessage) => void): void {
    this.#listeners.set(xid, listener);
  }

  detach(xid: number): void {
    this.#listeners.delete(xid);
  }

  close(): void {
    this.#listeners.clear();
    this.#socket.close();
  }

  #receive(data: Uint8Array): void {
    try {
      const message = decodeDhcp(data);
      this.#listeners.get(message.xid)?.(message);
    } catch (error) {
      if (!(error instanceof MalformedPacket)) throw error;
      this.#malformed += 1;
    }
  }
}
