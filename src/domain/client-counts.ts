/**
 * How many of something each client holds, so that one alone can't take all there is. It is as large as what is held:
 * who holds nothing is forgotten.
 */
export class ClientCounts {
  readonly #counts = new Map<string, number>();

  /** @param client mostly its address */
  of(client: string): number {
    return this.#counts.get(client) ?? 0;
  }

  add(client: string): void {
    this.#counts.set(client, this.of(client) + 1);
  }

  remove(client: string): void {
    const left = this.of(client) - 1;
    if (left > 0) this.#counts.set(client, left);
    else this.#counts.delete(client);
  }
}
