import type { Random } from './random.ts';

/** Lengths and counts where codecs go wrong. */
const INTERESTING = [0, 1, 2, 3, 4, 15, 16, 17, 32, 63, 64, 65, 127, 128, 192, 253, 254, 255];
/** A little more than the largest datagram that a socket of ours gets from an Ethernet. */
const MAX_BYTES = 2048;

type Mutation = (bytes: Uint8Array, random: Random, seeds: readonly Uint8Array[]) => Uint8Array;

const MUTATIONS: readonly Mutation[] = [flipBit, setByte, setByte, addToByte, truncate, remove, repeat, insert, splice];

/** One to eight changes to one of the seeds. */
export function mutate(seeds: readonly Uint8Array[], random: Random): Uint8Array {
  let bytes: Uint8Array = random.pick(seeds).slice();
  for (let rounds = 1 + random.below(8); rounds > 0; rounds -= 1) {
    bytes = random.pick(MUTATIONS)(bytes, random, seeds);
  }
  return bytes.length > MAX_BYTES ? bytes.slice(0, MAX_BYTES) : bytes;
}

function flipBit(bytes: Uint8Array, random: Random): Uint8Array {
  if (bytes.length > 0) bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
  return bytes;
}

function setByte(bytes: Uint8Array, random: Random): Uint8Array {
  if (bytes.length > 0) bytes[random.below(bytes.length)] = random.pick(INTERESTING);
  return bytes;
}

function addToByte(bytes: Uint8Array, random: Random): Uint8Array {
  if (bytes.length > 0) bytes[random.below(bytes.length)]! += random.below(5) - 2;
  return bytes;
}

function truncate(bytes: Uint8Array, random: Random): Uint8Array {
  return bytes.slice(0, random.below(bytes.length + 1));
}

function remove(bytes: Uint8Array, random: Random): Uint8Array {
  const start = random.below(bytes.length + 1);
  return concat(bytes.subarray(0, start), bytes.subarray(start + random.below(20)));
}

/** The same piece up to 64 times: many small options, pointers, classes. */
function repeat(bytes: Uint8Array, random: Random): Uint8Array {
  const start = random.below(bytes.length + 1);
  const piece = bytes.subarray(start, start + 1 + random.below(12));
  const copies = Array.from({ length: random.below(64) }, () => piece);
  return concat(bytes.subarray(0, start), ...copies, bytes.subarray(start));
}

function insert(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.below(bytes.length + 1);
  const piece = Uint8Array.from({ length: random.below(16) }, () => random.below(256));
  return concat(bytes.subarray(0, at), piece, bytes.subarray(at));
}

/** The head of one seed and the tail of another. */
function splice(bytes: Uint8Array, random: Random, seeds: readonly Uint8Array[]): Uint8Array {
  const other = random.pick(seeds);
  return concat(bytes.subarray(0, random.below(bytes.length + 1)), other.subarray(random.below(other.length + 1)));
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}
