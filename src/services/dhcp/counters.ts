/** Plain counters by name: `received.discover`, `sent.offer`, `silent.stranger`. The names are fixed in the code, so few. */
export class Counters {
  readonly #values = new Map<string, number>();

  add(name: string, count = 1): void {
    this.#values.set(name, (this.#values.get(name) ?? 0) + count);
  }

  snapshot(): Record<string, number> {
    return Object.fromEntries(this.#values);
  }
}
