import { type Duplex, duplexPair } from 'node:stream';
import { HostRefused } from '../../src/domain/errors.ts';
import type { Endpoint, StreamListener, StreamListenOptions, StreamNetwork } from '../../src/domain/ports.ts';

/** TCP in memory: what listens at an address is reached from anywhere, by whatever address the test says. */
export class FakeStreams implements StreamNetwork {
  readonly #listeners = new Map<string, (stream: Duplex, from: Endpoint) => void>();
  /** A port that another program holds: `10.77.0.1:53`. */
  readonly taken = new Set<string>();
  /** How often somebody connected. */
  connections = 0;

  async listen(
    options: StreamListenOptions,
    accept: (stream: Duplex, from: Endpoint) => void,
  ): Promise<StreamListener> {
    const { address, port } = options;
    const place = `${address}:${port}`;
    if (this.taken.has(place) || this.#listeners.has(place)) {
      throw new HostRefused(`TCP port ${port} of ${address} is in use`, 'stop the other server');
    }
    this.#listeners.set(place, accept);
    return { local: { address, port }, close: () => void this.#listeners.delete(place) };
  }

  connect(to: Endpoint): Duplex {
    return this.connectFrom({ address: '192.0.2.99', port: 40_000 }, to);
  }

  /** As a client of a test, with an address of its own. */
  connectFrom(from: Endpoint, to: Endpoint): Duplex {
    this.connections += 1;
    const [near, far] = duplexPair();
    const accept = this.#listeners.get(`${to.address}:${to.port}`);
    if (accept === undefined) queueMicrotask(() => near.destroy(new Error(`connect ECONNREFUSED ${to.address}`)));
    else accept(far, from);
    return near;
  }
}
