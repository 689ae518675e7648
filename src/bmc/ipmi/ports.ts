/** Milliseconds that never jump, and timers. */
export interface IpmiClock {
  monotonic(): number;
  setTimeout(callback: () => void, delayMs: number): { cancel(): void };
}

/** A way to one BMC: a UDP socket that is connected, so that strangers' packets do not come through. */
export interface IpmiChannel {
  send(packet: Uint8Array): void;
  onPacket(listener: (packet: Uint8Array) => void): void;
  /** The port is closed now (ICMP), or the network is down: nothing will come of this try. */
  onError(listener: (error: Error) => void): void;
  close(): void;
}

export interface IpmiNetwork {
  /** @throws Error where the name of the host can't be found, or no socket can be opened */
  connect(host: string, port: number): Promise<IpmiChannel>;
}
