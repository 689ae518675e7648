import { formatIpv4, type Ipv4 } from '../../domain/ipv4.ts';
import type { Clock, Endpoint, Network, SegmentingSocket, StreamListener, StreamNetwork } from '../../domain/ports.ts';
import type { Settings } from '../../domain/settings.ts';
import type { Response } from './responder.ts';
import { StreamServer } from './stream-server.ts';

/** Where questions are heard: one interface with `dns: true`. */
export interface Place {
  readonly interfaceName: string;
  readonly address: Ipv4;
  readonly port: number;
}

export interface ListenerHandlers {
  onDatagram(place: Place, socket: SegmentingSocket, data: Uint8Array, from: Endpoint): void;
  onError(place: Place, error: Error): void;
  /** By TCP. */
  respond(place: Place, bytes: Uint8Array, from: Ipv4): Response | undefined | Promise<Response | undefined>;
}

export interface ListenerParts {
  readonly network: Network;
  readonly streams: StreamNetwork;
  readonly clock: Clock;
  readonly handlers: ListenerHandlers;
}

/** A thousand machines that ask in the same second. */
const RECEIVE_BUFFER_BYTES = 1 << 20;

interface Listener extends Place {
  readonly socket: SegmentingSocket;
  readonly streams: StreamListener;
  readonly server: StreamServer;
}

/** UDP and TCP at each place, both or none. An interface that went away has a place and no listener. */
export class Listeners {
  readonly #parts: ListenerParts;
  #places = new Map<string, Place>();
  #open = new Map<string, Listener>();

  constructor(parts: ListenerParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#open.size;
  }

  get connections(): number {
    return [...this.#open.values()].reduce((sum, { server }) => sum + server.connections, 0);
  }

  get refusedConnections(): number {
    return [...this.#open.values()].reduce((sum, { server }) => sum + server.refused, 0);
  }

  /**
   * Listens where `settings` say, all or nothing: what is new is opened before anything old is closed.
   * @throws HostRefused; then nothing has changed
   */
  async replace(settings: Settings): Promise<void> {
    const places = placesOf(settings);
    const next = new Map<string, Listener>();
    const opened: Listener[] = [];
    try {
      for (const place of places.values()) {
        const kept = this.#open.get(place.interfaceName);
        const listener = kept !== undefined && samePlace(kept, place) ? kept : await this.#openAt(place);
        if (listener === undefined) continue;
        if (listener !== kept) opened.push(listener);
        next.set(place.interfaceName, listener);
      }
    } catch (error) {
      for (const listener of opened) closeListener(listener);
      throw error;
    }
    const old = this.#open;
    this.#places = places;
    this.#open = next;
    for (const listener of old.values()) if (next.get(listener.interfaceName) !== listener) closeListener(listener);
  }

  /**
   * Closes the interface's sockets and opens them anew: bound to an interface that was made anew, the old ones are deaf.
   * @throws HostRefused while the interface or its address is not there
   */
  async reopen(interfaceName: string): Promise<void> {
    const place = this.#places.get(interfaceName);
    if (place === undefined) return;
    const old = this.#open.get(interfaceName);
    this.#open.delete(interfaceName);
    if (old !== undefined) closeListener(old);
    this.#open.set(interfaceName, await this.#openOne(place));
  }

  close(): void {
    for (const listener of this.#open.values()) closeListener(listener);
    this.#open.clear();
    this.#places.clear();
  }

  /** Undefined: it was not there before either, which has been told. */
  async #openAt(place: Place): Promise<Listener | undefined> {
    const before = this.#places.get(place.interfaceName);
    const wasAbsent = before !== undefined && samePlace(before, place) && !this.#open.has(place.interfaceName);
    try {
      return await this.#openOne(place);
    } catch (error) {
      if (wasAbsent) return undefined;
      throw error;
    }
  }

  async #openOne(place: Place): Promise<Listener> {
    const { network, streams, clock, handlers } = this.#parts;
    const { interfaceName, port } = place;
    const address = formatIpv4(place.address);
    const receiveBufferBytes = RECEIVE_BUFFER_BYTES;
    const socket = await network.openDatagram({ interfaceName, address, port, receiveBufferBytes });
    const server = new StreamServer({ clock, respond: (bytes, from) => handlers.respond(place, bytes, from) });
    try {
      const accepting = await streams.listen({ what: 'DNS', interfaceName, address, port }, (stream, from) =>
        server.accept(stream, from),
      );
      socket.onMessage((data, from) => handlers.onDatagram(place, socket, data, from));
      socket.onError((error) => handlers.onError(place, error));
      return { ...place, socket, server, streams: accepting };
    } catch (error) {
      socket.close();
      throw error;
    }
  }
}

function closeListener({ socket, streams, server }: Listener): void {
  socket.close();
  streams.close();
  server.close();
}

function placesOf(settings: Settings): Map<string, Place> {
  const places = new Map<string, Place>();
  for (const { name, address, dns } of settings.interfaces) {
    if (dns) places.set(name, { interfaceName: name, address, port: settings.dns.port });
  }
  return places;
}

function samePlace(a: Place, b: Place): boolean {
  return a.interfaceName === b.interfaceName && a.address === b.address && a.port === b.port;
}
