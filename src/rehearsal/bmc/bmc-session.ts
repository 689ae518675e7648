import { ReplayWindow } from '../../bmc/ipmi/replay-window.ts';
import type { CipherSuite } from '../../codecs/ipmi/cipher-suite.ts';
import { sameCode } from '../../codecs/ipmi/keyed-hash.ts';
import { little32 } from '../../codecs/ipmi/little-endian.ts';
import {
  decodeRakp1,
  decodeRakp3,
  encodeRakp2,
  encodeRakp4,
  type RakpExchange,
  rakp2Code,
  rakp3Code,
  rakp4Code,
  sessionIntegrityKey,
  sessionKeys,
} from '../../codecs/ipmi/rakp.ts';
import type { SessionKeys } from '../../codecs/ipmi/session-keys.ts';

export interface BmcAccount {
  readonly userName: string;
  readonly password: string;
  /** In bytes, as given to both ends. */
  readonly bmcKey?: Uint8Array;
  /** Highest privilege: 2 user, 3 operator, 4 administrator. */
  readonly privilege: number;
}

/** One of the BMC's few sessions, from its opening on. */
export class BmcSession {
  readonly id: number;
  readonly consoleSessionId: number;
  readonly suite: CipherSuite;
  keys: SessionKeys | undefined;
  privilege = 2;
  /** Of its user. */
  maxPrivilege = 0;
  lastUsedAt: number;
  /** To where its last packet came from. */
  sendSol: (payload: Uint8Array) => void = () => {};
  /** The last number that went to the console. */
  outbound = 0;
  readonly inbound = new ReplayWindow();
  #exchange: RakpExchange | undefined;

  constructor(options: { id: number; consoleSessionId: number; suite: CipherSuite; now: number }) {
    this.id = options.id;
    this.consoleSessionId = options.consoleSessionId;
    this.suite = options.suite;
    this.lastUsedAt = options.now;
  }

  /** @returns RAKP message 2 */
  answerRakp1(payload: Uint8Array, account: BmcAccount | undefined, random: Uint8Array, guid: Uint8Array): Uint8Array {
    const message = decodeRakp1(payload);
    const empty = { bmcRandom: new Uint8Array(16), bmcGuid: guid, code: new Uint8Array() };
    const { tag } = message;
    const { consoleSessionId } = this;
    if (account === undefined) return encodeRakp2({ tag, status: 0x0d, consoleSessionId, ...empty });
    this.#exchange = {
      suite: this.suite,
      consoleSessionId,
      bmcSessionId: this.id,
      consoleRandom: message.consoleRandom,
      bmcRandom: random,
      bmcGuid: guid,
      role: message.role,
      userName: message.userName,
      password: Buffer.from(account.password),
      ...(account.bmcKey === undefined ? {} : { bmcKey: account.bmcKey }),
    };
    return encodeRakp2({
      tag,
      status: 0,
      consoleSessionId,
      bmcRandom: random,
      bmcGuid: guid,
      code: rakp2Code(this.#exchange),
    });
  }

  /** @returns RAKP message 4; undefined where the console gave up. The session is open when `keys` are there. */
  answerRakp3(payload: Uint8Array): Uint8Array | undefined {
    const message = decodeRakp3(payload);
    const exchange = this.#exchange;
    if (message.status !== 0) return undefined;
    const { tag } = message;
    const { consoleSessionId } = this;
    if (exchange === undefined || !sameCode(rakp3Code(exchange), message.code)) {
      return encodeRakp4({ tag, status: 0x0f, consoleSessionId, code: new Uint8Array() });
    }
    const integrityKey = sessionIntegrityKey(exchange);
    this.keys = sessionKeys(this.suite, integrityKey);
    return encodeRakp4({ tag, status: 0, consoleSessionId, code: rakp4Code(exchange, integrityKey) });
  }

  get idBytes(): readonly number[] {
    return [...little32(this.id)];
  }
}
