import { formatIpv4, type Ipv4 } from '../../domain/ipv4.ts';
import type { Endpoint, Network, SegmentingSocket } from '../../domain/ports.ts';
import type { Settings } from '../../domain/settings.ts';

/** The socket that hears the requests of one interface. */
export interface Listener {
  readonly interfaceName: string;
  readonly address: Ipv4;
  readonly port: number;
  readonly socket: SegmentingSocket;
}

type Place = Omit<Listener, 'socket'>;

export interface ListenerHandlers {
  onDatagram(listener: Listener, data: Uint8Array, from: Endpoint): void;
  onError(listener: Listener, error: Error): void;
}

/** A thousand machines that ask in the same second. */
const RECEIVE_BUFFER_BYTES = 1 << 20;

/** One listener for each interface with `tftp: true`. An interface that went away has a place and no socket. */
export class ListenerSet {
  readonly #network: Network;
  readonly #handlers: ListenerHandlers;
  #places = new Map<string, Place>();
  #open = new Map<string, Listener>();

  constructor(network: Network, handlers: ListenerHandlers) {
    this.#network = network;
    this.#handlers = handlers;
  }

  get size(): number {
    return this.#open.size;
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
        if (kept !== undefined && samePlace(kept, place)) {
          next.set(place.interfaceName, kept);
          continue;
        }
        const listener = await this.#openAt(place);
        if (listener === undefined) continue;
        opened.push(listener);
        next.set(place.interfaceName, listener);
      }
    } catch (error) {
      for (const listener of opened) listener.socket.close();
      throw error;
    }
    const old = this.#open;
    this.#places = places;
    this.#open = next;
    for (const listener of old.values()) {
      if (next.get(listener.interfaceName) !== listener) listener.socket.close();
    }
    for (const listener of opened) this.#serve(listener);
  }

  /**
   * Closes the interface's socket and opens it anew: bound to an interface that was made anew, the old one is deaf.
   * @returns false where the interface is not one of ours
   * @throws HostRefused while the interface or its address is not there
   */
  async reopen(interfaceName: string): Promise<boolean> {
    const place = this.#places.get(interfaceName);
    if (place === undefined) return false;
    this.#open.get(interfaceName)?.socket.close();
    this.#open.delete(interfaceName);
    const listener = { ...place, socket: await this.#openSocket(place) };
    this.#open.set(interfaceName, listener);
    this.#serve(listener);
    return true;
  }

  close(): void {
    for (const listener of this.#open.values()) listener.socket.close();
    this.#open.clear();
    this.#places.clear();
  }

  /** Undefined: it was not there before either, which has been told. */
  async #openAt(place: Place): Promise<Listener | undefined> {
    const before = this.#places.get(place.interfaceName);
    const wasAbsent = before !== undefined && samePlace(before, place) && !this.#open.has(place.interfaceName);
    try {
      return { ...place, socket: await this.#openSocket(place) };
    } catch (error) {
      if (wasAbsent) return undefined;
      throw error;
    }
  }

  #openSocket(place: Place): Promise<SegmentingSocket> {
    return this.#network.openDatagram({
      interfaceName: place.interfaceName,
      address: formatIpv4(place.address),
      port: place.port,
      receiveBufferBytes: RECEIVE_BUFFER_BYTES,
    });
  }

  #serve(listener: Listener): void {
    listener.socket.onMessage((data, from) => this.#handlers.onDatagram(listener, data, from));
    listener.socket.onError((error) => this.#handlers.onError(listener, error));
  }
}

function placesOf(settings: Settings): Map<string, Place> {
  const places = new Map<string, Place>();
  for (const { name, address, tftp } of settings.interfaces) {
    if (tftp) places.set(name, { interfaceName: name, address, port: settings.tftp.port });
  }
  return places;
}

function samePlace(a: Place, b: Place): boolean {
  return a.interfaceName === b.interfaceName && a.address === b.address && a.port === b.port;
}
