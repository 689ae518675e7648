/** Milliseconds that never jump, and timers. */
export interface IpmiClock {
  monotonic(): number;
  setTimeout(callback: () => void, delayMs: number): { cancel(): void };
}

/** A way to one BMC. Strangers' packets do not come through. */
export interface IpmiChannel {
  /** The bytes are not changed afterwards. */
  send(packet: Uint8Array): void;
  /** `packet` is valid during the call. */
  onPacket(listener: (packet: Uint8Array) => void): void;
  /** The port is closed now (ICMP), or the network is down: nothing will come of this try. */
  onError(listener: (error: Error) => void): void;
  /** Nothing was answered in time: where it can be found out whether the port is closed, `onError` hears of it. */
  silent(): void;
  close(): void;
}

export interface IpmiNetwork {
  /** @throws Error where the name of the host can't be found, or no socket can be opened */
  connect(host: string, port: number): Promise<IpmiChannel>;
}
