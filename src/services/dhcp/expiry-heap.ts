/** What a heap orders: earliest `busyUntil` first. */
export interface Expiring {
  /** Monotonic milliseconds; Infinity never ends. It may grow without a word to the heap, but not shrink. */
  busyUntil: number;
  /** `busyUntil` when the item was last put in its place. */
  heapOrder: number;
  /** -1 while it is in no heap. */
  heapIndex: number;
}

/**
 * Items by when they end. A renewal only moves `busyUntil`; the heap notices when the item comes to its top. So a renewal
 * costs nothing, and finding the one that ended first costs O(log n) for each that was renewed meanwhile.
 */
export class ExpiryHeap<Item extends Expiring> {
  readonly #items: Item[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** Puts it in, or to its right place. */
  place(item: Item): void {
    item.heapOrder = item.busyUntil;
    if (item.heapIndex === -1) {
      item.heapIndex = this.#items.length;
      this.#items.push(item);
    }
    this.#rise(item);
    this.#sink(item);
  }

  /** The item that ends first; it stays in the heap. */
  first(): Item | undefined {
    for (;;) {
      const top = this.#items[0];
      if (top === undefined || top.heapOrder === top.busyUntil) return top;
      this.place(top);
    }
  }

  removeFirst(): void {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (top === undefined || last === undefined) return;
    top.heapIndex = -1;
    if (last === top) return;
    items[0] = last;
    last.heapIndex = 0;
    this.#sink(last);
  }

  /** The heap as it is now: what is returned puts it back. O(n). */
  remember(): () => void {
    const items = this.#items.slice();
    const orders = items.map(({ heapOrder }) => heapOrder);
    return () => {
      this.#items.length = 0;
      for (const item of items) this.#items.push(item);
      items.forEach((item, index) => {
        item.heapIndex = index;
        item.heapOrder = orders[index] as number;
      });
    };
  }

  #rise(item: Item): void {
    const items = this.#items;
    let at = item.heapIndex;
    while (at > 0) {
      const parent = items[(at - 1) >> 1] as Item;
      if (parent.heapOrder <= item.heapOrder) break;
      items[at] = parent;
      parent.heapIndex = at;
      at = (at - 1) >> 1;
    }
    items[at] = item;
    item.heapIndex = at;
  }

  #sink(item: Item): void {
    const items = this.#items;
    let at = item.heapIndex;
    for (;;) {
      let childAt = 2 * at + 1;
      if (childAt >= items.length) break;
      const right = items[childAt + 1];
      if (right !== undefined && right.heapOrder < (items[childAt] as Item).heapOrder) childAt += 1;
      const child = items[childAt] as Item;
      if (child.heapOrder >= item.heapOrder) break;
      items[at] = child;
      child.heapIndex = at;
      at = childAt;
    }
    items[at] = item;
    item.heapIndex = at;
  }
}
