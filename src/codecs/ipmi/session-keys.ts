import { BlockChain } from './block-chain.ts';
import type { CipherSuite } from './cipher-suite.ts';
import { KeyedHash } from './keyed-hash.ts';

/** Keys of one session, as RAKP made them, and what is kept to work with them. */
export class SessionKeys {
  readonly suite: CipherSuite;
  /** For AuthCodes. */
  readonly k1: Uint8Array;
  /** First 16 bytes of K2. */
  readonly aesKey: Uint8Array;
  readonly codes: KeyedHash;
  readonly blocks: BlockChain;

  constructor(suite: CipherSuite, k1: Uint8Array, aesKey: Uint8Array) {
    this.suite = suite;
    this.k1 = k1;
    this.aesKey = aesKey;
    this.codes = new KeyedHash(suite, k1);
    this.blocks = new BlockChain(aesKey);
  }
}
