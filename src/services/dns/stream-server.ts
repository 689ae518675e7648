import type { Duplex } from 'node:stream';
import { parseIpv4 } from '../../domain/ipv4.ts';
import type { Clock, Endpoint } from '../../domain/ports.ts';
import type { Response } from './responder.ts';
import { StreamClient } from './stream-client.ts';

const MAX_CONNECTIONS = 512;
/** Of one machine. */
const MAX_PER_CLIENT = 32;

export interface StreamServerParts {
  readonly clock: Clock;
  respond(bytes: Uint8Array, from: number): Response | undefined | Promise<Response | undefined>;
}

/** The TCP connections of one listener. */
export class StreamServer {
  readonly #parts: StreamServerParts;
  readonly #clients = new Map<StreamClient, string>();
  #refused = 0;

  constructor(parts: StreamServerParts) {
    this.#parts = parts;
  }

  get connections(): number {
    return this.#clients.size;
  }

  /** Connections that were closed at once, because there were too many. */
  get refused(): number {
    return this.#refused;
  }

  accept(stream: Duplex, from: Endpoint): void {
    const address = parseIpv4(from.address);
    if (address === undefined || !this.#hasRoomFor(from.address)) {
      this.#refused += 1;
      stream.on('error', () => undefined);
      stream.destroy();
      return;
    }
    const client: StreamClient = new StreamClient(stream, {
      clock: this.#parts.clock,
      respond: (bytes) => this.#parts.respond(bytes, address),
      onClose: () => void this.#clients.delete(client),
    });
    this.#clients.set(client, from.address);
  }

  close(): void {
    for (const client of [...this.#clients.keys()]) client.close();
  }

  #hasRoomFor(address: string): boolean {
    if (this.#clients.size >= MAX_CONNECTIONS) return false;
    let own = 0;
    for (const holder of this.#clients.values()) if (holder === address) own += 1;
    return own < MAX_PER_CLIENT;
  }
}
