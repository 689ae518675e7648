import { randomBytes } from 'node:crypto';
import { type CipherSuite, SUITE_17 } from '../../codecs/ipmi/cipher-suite.ts';
import type { Privilege } from '../../codecs/ipmi/commands/session.ts';
import { isSuiteRefused } from '../../codecs/ipmi/completion-codes.ts';
import type { IpmiCredentials } from './credentials.ts';
import { IpmiError } from './errors.ts';
import { type OpenedSession, openSession, SessionRefused } from './handshake.ts';
import type { Latency } from './latency.ts';
import type { PlainExchange } from './plain-exchange.ts';
import type { IpmiClock } from './ports.ts';
import { listedSuite, otherSuite } from './suite-choice.ts';

export interface SessionOpenerOptions {
  readonly credentials: IpmiCredentials;
  readonly privilege: Privilege;
  /** Unless told, the best that the BMC has: 17, else 3. */
  readonly suite: CipherSuite | undefined;
  readonly clock: IpmiClock;
  readonly latency: Latency;
}

/** Of one opening of a session. With a fifth of all packets lost, three of four handshakes fail. */
const MAX_HANDSHAKES = 16;
const MAX_WAITS = 3;
const FULL_PAUSE_MS = 500;

/** Opens sessions with one BMC: as often as it takes, and with the cipher suite that it was found to have. */
export class SessionOpener {
  readonly #options: SessionOpenerOptions;
  /** Kept over sessions. */
  #suite: CipherSuite | undefined;
  /** The BMC has neither listed it nor opened a session with it. */
  #isGuess = false;
  #opened = 0;

  constructor(options: SessionOpenerOptions) {
    this.#options = options;
    this.#suite = options.suite;
  }

  /** Sessions so far. */
  get opened(): number {
    return this.#opened;
  }

  /** @param endsAt of the monotonic clock. @throws IpmiError */
  async open(exchange: PlainExchange, endsAt: number): Promise<OpenedSession> {
    const { clock, credentials, privilege, latency } = this.#options;
    if (this.#suite === undefined) {
      this.#suite = await listedSuite(exchange, latency.patienceMs);
      this.#isGuess = this.#suite === undefined;
      this.#suite ??= SUITE_17;
    }
    let hasTriedOther = false;
    // Somebody else's session, or one of our own that was lost half-way, ends within a minute.
    let pauseMs = FULL_PAUSE_MS;
    for (let handshakes = 1; ; handshakes += 1) {
      const leftMs = Math.max(1, endsAt - clock.monotonic());
      const waitMs = Math.min(latency.patienceMs * Math.min(handshakes, MAX_WAITS), leftMs);
      try {
        const suite = this.#suite;
        const opened = await openSession({ exchange, credentials, privilege, suite, random: randomBytes, waitMs });
        this.#opened += 1;
        this.#isGuess = false;
        return opened;
      } catch (error) {
        if (error instanceof SessionRefused && isSuiteRefused(error.status) && !hasTriedOther && !this.#options.suite) {
          hasTriedOther = true;
          this.#suite = otherSuite(this.#suite);
          continue;
        }
        if (error instanceof IpmiError && error.failure === 'no-session' && clock.monotonic() + pauseMs < endsAt) {
          await new Promise<void>((resolve) => void clock.setTimeout(resolve, pauseMs));
          pauseMs *= 2;
          handshakes -= 1;
          continue;
        }
        const isLostAnswer = error instanceof IpmiError && error.failure === 'no-answer';
        if (!isLostAnswer || handshakes >= MAX_HANDSHAKES || clock.monotonic() >= endsAt)
          throw asUnreachable(error, this.#opened);
        // Some BMCs do not refuse a suite that they do not have: they say nothing.
        if (this.#isGuess) this.#suite = otherSuite(this.#suite);
      }
    }
  }
}

/** A BMC that never answered is not there, as far as can be told: wrong address, IPMI over LAN switched off. */
function asUnreachable(error: unknown, opened: number): unknown {
  if (!(error instanceof IpmiError) || error.failure !== 'no-answer' || opened > 0) return error;
  const message = 'nothing answers IPMI there: is the address right, the BMC on, and IPMI over LAN switched on in it?';
  return new IpmiError('unreachable', message, { cause: error });
}
