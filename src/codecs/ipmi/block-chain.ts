import { createCipheriv, createDecipheriv } from 'node:crypto';

const ALGORITHM = 'aes-128-cbc';
export const BLOCK_BYTES = 16;

interface Ciphering {
  update(data: Uint8Array): Uint8Array;
  final(): Uint8Array;
}

/**
 * AES-128-CBC with one key, for many messages, each with an initialization vector of its own. A cipher object of node:crypto
 * is for one message, and making it costs ten times what a block does. So one is kept for each direction: to it all messages
 * are one chain, and of each message's first block the end of the one before is taken out and its own vector put in. What
 * comes of it is the same to the byte.
 */
export class BlockChain {
  readonly #key: Uint8Array;
  #encipher: Ciphering | undefined;
  #decipher: Ciphering | undefined;
  /** Last blocks that went through: what the objects chain the next one to. */
  readonly #enciphered = new Uint8Array(BLOCK_BYTES);
  readonly #deciphered = new Uint8Array(BLOCK_BYTES);

  /** @param key sixteen bytes */
  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** @param text whole blocks; overwritten */
  encrypt(text: Uint8Array, iv: Uint8Array): Uint8Array {
    this.#encipher ??= createCipheriv(ALGORITHM, this.#key, this.#enciphered).setAutoPadding(false);
    chain(text, this.#enciphered, iv);
    const encrypted = this.#encipher.update(text);
    this.#enciphered.set(encrypted.subarray(encrypted.length - BLOCK_BYTES));
    return encrypted;
  }

  /** @param encrypted whole blocks */
  decrypt(encrypted: Uint8Array, iv: Uint8Array): Uint8Array {
    this.#decipher ??= createDecipheriv(ALGORITHM, this.#key, this.#deciphered).setAutoPadding(false);
    const text = this.#decipher.update(encrypted);
    chain(text, this.#deciphered, iv);
    this.#deciphered.set(encrypted.subarray(encrypted.length - BLOCK_BYTES));
    return text;
  }

  /** Gives back what is kept, which has memory that the garbage collector does not see. A later message begins anew. */
  end(): void {
    this.#encipher?.final();
    this.#decipher?.final();
    this.#encipher = undefined;
    this.#decipher = undefined;
    this.#enciphered.fill(0);
    this.#deciphered.fill(0);
  }
}

/** Of the first block: out of one chain, and behind the vector. */
function chain(blocks: Uint8Array, before: Uint8Array, iv: Uint8Array): void {
  for (let index = 0; index < BLOCK_BYTES; index += 1) blocks[index]! ^= before[index]! ^ iv[index]!;
}
