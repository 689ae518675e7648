import type { Endpoint } from '../../domain/ports.ts';

/** By address, then port: made up from both, a text would have to be built and hashed for each packet. */
export class EndpointMap<Value> {
  readonly #byAddress = new Map<string, Map<number, Value>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get({ address, port }: Endpoint): Value | undefined {
    return this.#byAddress.get(address)?.get(port);
  }

  has({ address, port }: Endpoint): boolean {
    return this.#byAddress.get(address)?.has(port) === true;
  }

  set({ address, port }: Endpoint, value: Value): void {
    let byPort = this.#byAddress.get(address);
    if (byPort === undefined) {
      byPort = new Map();
      this.#byAddress.set(address, byPort);
    }
    if (!byPort.has(port)) this.#size += 1;
    byPort.set(port, value);
  }

  delete({ address, port }: Endpoint): void {
    const byPort = this.#byAddress.get(address);
    if (byPort?.delete(port) !== true) return;
    this.#size -= 1;
    if (byPort.size === 0) this.#byAddress.delete(address);
  }

  *values(): Iterable<Value> {
    for (const byPort of this.#byAddress.values()) yield* byPort.values();
  }
}
