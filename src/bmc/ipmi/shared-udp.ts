import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIPv4 } from 'node:net';
import { encodeAsfPing } from '../../codecs/ipmi/asf-ping.ts';
import type { IpmiChannel, IpmiNetwork } from './ports.ts';
import { udpNetwork } from './udp-channel.ts';

export interface UdpEndpoint {
  readonly address: string;
  readonly port: number;
}

/** A UDP socket that is bound and not connected. */
export interface UdpSocket {
  /** The bytes are taken before the call returns. */
  send(packet: Uint8Array, to: UdpEndpoint): void;
  /** `packet` is valid during the call. */
  onMessage(listener: (packet: Uint8Array, from: UdpEndpoint) => void): void;
  /** @param listener `to` is whom it was for, where a send failed */
  onError(listener: (error: Error, to?: UdpEndpoint) => void): void;
  close(): void;
}

interface Peer {
  readonly endpoint: UdpEndpoint;
  hear: ((packet: Uint8Array) => void) | undefined;
  fail: ((error: Error) => void) | undefined;
  /** It has been asked whether its port is closed, and that was not long ago. */
  isProbed: boolean;
}

const PROBE_MS = 1_000;

/**
 * One socket for all BMCs: answers come in bursts that are taken in one call, where a socket each costs an event, a buffer
 * of 64 KiB and some 20 kB each. Packets of strangers are dropped, as the kernel does on a socket that is connected.
 */
export class SharedUdp implements IpmiNetwork {
  readonly #open: () => Promise<UdpSocket>;
  readonly #peers = new Map<string, Peer>();
  #socket: Promise<UdpSocket> | undefined;

  /** @param open gives a socket; called again after all channels were closed, which closes it */
  constructor(open: () => Promise<UdpSocket>) {
    this.#open = open;
  }

  async connect(host: string, port: number): Promise<IpmiChannel> {
    const address = isIPv4(host) ? host : (await lookup(host, { family: 4 })).address;
    const key = keyOf({ address, port });
    // Two on one BMC would hear each other's answers.
    if (this.#peers.has(key)) return udpNetwork.connect(address, port);
    const peer: Peer = { endpoint: { address, port }, hear: undefined, fail: undefined, isProbed: false };
    this.#peers.set(key, peer);
    try {
      this.#socket ??= this.#listening();
      return channelOf(peer, await this.#socket, () => this.#leave(key, peer));
    } catch (error) {
      this.#socket = undefined;
      this.#peers.delete(key);
      throw error;
    }
  }

  async #listening(): Promise<UdpSocket> {
    const socket = await this.#open();
    socket.onMessage((packet, from) => this.#peers.get(keyOf(from))?.hear?.(packet));
    socket.onError((error, to) => {
      if (to !== undefined) this.#peers.get(keyOf(to))?.fail?.(error);
    });
    return socket;
  }

  #leave(key: string, peer: Peer): void {
    if (this.#peers.get(key) !== peer) return;
    this.#peers.delete(key);
    if (this.#peers.size > 0) return;
    this.#socket?.then((socket) => socket.close()).catch(() => undefined);
    this.#socket = undefined;
  }
}

function keyOf({ address, port }: UdpEndpoint): string {
  return `${address}:${port}`;
}

function channelOf(peer: Peer, socket: UdpSocket, leave: () => void): IpmiChannel {
  const { endpoint } = peer;
  return {
    send: (packet) => socket.send(packet, endpoint),
    onPacket: (listener) => {
      peer.hear = listener;
    },
    onError: (listener) => {
      peer.fail = listener;
    },
    silent: () => probe(peer),
    close: () => {
      peer.hear = undefined;
      peer.fail = undefined;
      leave();
    },
  };
}

/** A closed port is told (ICMP) to a socket that is connected alone. */
function probe(peer: Peer): void {
  if (peer.isProbed) return;
  peer.isProbed = true;
  const { address, port } = peer.endpoint;
  const socket = createSocket('udp4');
  socket.unref();
  const timer = setTimeout(() => socket.close(), PROBE_MS).unref();
  socket.on('close', () => {
    clearTimeout(timer);
    peer.isProbed = false;
  });
  socket.on('error', (error) => {
    peer.fail?.(error);
    socket.close();
  });
  socket.connect(port, address, () => socket.send(encodeAsfPing(0)));
}
