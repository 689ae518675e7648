import { createSecretKey, type KeyObject } from 'node:crypto';

const prepared = new WeakMap<Uint8Array, KeyObject>();

/**
 * A key in the form that node:crypto works with. Given as bytes it is turned into that form at each use, which costs Node 24
 * five times what the HMAC or the AES block itself does; the keys of a session are used for each of its packets.
 *
 * @param key never written to afterwards
 */
export function preparedKey(key: Uint8Array): KeyObject {
  const known = prepared.get(key);
  if (known !== undefined) return known;
  const object = createSecretKey(key);
  prepared.set(key, object);
  return object;
}
