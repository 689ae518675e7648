/** Object.freeze does not stop a Map from being changed. */
class FrozenMap<K, V> extends Map<K, V> {
  #frozen = false;

  /** Entries are set by the constructor of Map, before the field above is there. */
  freeze(): this {
    this.#frozen = true;
    return Object.freeze(this);
  }

  override set(key: K, value: V): this {
    if (#frozen in this && this.#frozen) throw new TypeError('settings are frozen');
    return super.set(key, value);
  }

  override delete(key: K): boolean {
    throw new TypeError(`settings are frozen: ${String(key)} can't be removed`);
  }

  override clear(): void {
    throw new TypeError('settings are frozen');
  }
}

/**
 * A copy that nothing can change, save the bytes of typed arrays, which JavaScript can't freeze. Holds plain objects,
 * arrays, maps and typed arrays.
 */
export function deepFreeze<T>(value: T): T {
  return frozen(value) as T;
}

function frozen(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return Object.freeze(value.map(frozen));
  if (value instanceof Map) {
    const map = new FrozenMap<unknown, unknown>();
    for (const [key, entry] of value) map.set(key, frozen(entry));
    return map.freeze();
  }
  return Object.freeze(Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, frozen(entry)])));
}
