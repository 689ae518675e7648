import { formatIpv4, type Ipv4 } from '../../domain/ipv4.ts';
import type { Clock, Endpoint, Network, SegmentingSocket } from '../../domain/ports.ts';
import { DataSocket } from './data-socket.ts';
import type { Negotiated } from './negotiate.ts';

/** Where a transfer's packets come from and go to: those of its request. */
export interface DataPlace {
  readonly interfaceName: string;
  readonly serverAddress: Ipv4;
}

/** Transfers on one socket: with one ACK of each under way, the kernel's default receive buffer has room for all. */
const MOST_SHARERS = 64;
/** Of a transfer that shares its socket: the windows of all have to find room in the send buffer. */
const LARGEST_SHARED_WINDOW_BYTES = 32 * 1024;
const SEND_BUFFER_BYTES = 4 * 1024 * 1024;

interface SharedSocket {
  readonly place: DataPlace;
  readonly socket: DataSocket;
}

/**
 * The sockets of the transfers. They share them, because the host's price for a wake-up is higher than that of a packet,
 * and one wake-up then brings many clients' ACKs. A large window has enough to do by itself.
 */
export class DataSockets {
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #shared = new Set<SharedSocket>();

  constructor(network: Network, clock: Clock) {
    this.#network = network;
    this.#clock = clock;
  }

  /**
   * A socket for one transfer to `peer`, that hears nobody else. Its port is not the one of the peer's transfer before.
   * @throws HostRefused
   */
  open(place: DataPlace, peer: Endpoint, negotiated: Negotiated): Promise<SegmentingSocket> {
    const windowBytes = negotiated.windowBlocks * negotiated.blockBytes;
    if (windowBytes > LARGEST_SHARED_WINDOW_BYTES) return this.#create(place, () => {}).join(peer);
    return (this.#findShared(place, peer) ?? this.#createShared(place)).join(peer);
  }

  /** The interface may have been made anew: sockets bound to the old one are deaf. Transfers that run stay on theirs. */
  retire(interfaceName: string): void {
    for (const shared of this.#shared) {
      if (shared.place.interfaceName === interfaceName) this.#shared.delete(shared);
    }
  }

  #findShared({ interfaceName, serverAddress }: DataPlace, peer: Endpoint): DataSocket | undefined {
    for (const { place, socket } of this.#shared) {
      if (place.interfaceName !== interfaceName || place.serverAddress !== serverAddress) continue;
      if (socket.size < MOST_SHARERS && !socket.knows(peer)) return socket;
    }
    return undefined;
  }

  #createShared(place: DataPlace): DataSocket {
    const shared: SharedSocket = { place, socket: this.#create(place, () => this.#shared.delete(shared)) };
    this.#shared.add(shared);
    return shared.socket;
  }

  #create(place: DataPlace, onEmpty: () => void): DataSocket {
    const opening = this.#network.openDatagram({
      interfaceName: place.interfaceName,
      address: formatIpv4(place.serverAddress),
      port: 0,
      sendBufferBytes: SEND_BUFFER_BYTES,
    });
    return new DataSocket(opening, this.#clock, onEmpty);
  }
}
