import { lowerCased, nameText } from '../../../codecs/dns/name.ts';
import type { Question } from '../../../codecs/dns/query.ts';
import { Rcode, RecordType, typeName } from '../../../codecs/dns/wire-format.ts';
import { MalformedPacket } from '../../../codecs/malformed-packet.ts';
import { latin1 } from '../../../codecs/text.ts';
import type { Ipv4 } from '../../../domain/ipv4.ts';
import { ForwardCache, type ForwardedAnswer, forwardedAnswer } from './forward-cache.ts';
import { Resolution, type ResolutionParts } from './resolution.ts';
import type { AnswerWishes } from './upstream-query.ts';

/** Distinct questions on their way. Each has a socket. */
const MAX_IN_FLIGHT = 512;
/** Of one client: a machine that asks for made-up names must not take all of them. */
const MAX_PER_CLIENT = 128;
/** Clients that wait, for whatever question. */
const MAX_WAITING = 8_192;
/** A question that nobody answered is not asked again for so long (RFC 9520). */
const FAILURE_SECONDS = 2;
const MAX_FAILURES = 1_024;
/** With fewer letters a client may have sent the same case by chance. */
const TELLING_LETTERS = 8;

/** Why there is no answer. */
export type ForwardFailure = 'no-upstream' | 'failed' | 'busy' | 'loop';
export type Forwarded = { readonly answer: ForwardedAnswer } | { readonly failure: ForwardFailure };

export interface ForwarderParts extends ResolutionParts {
  readonly onLoop: (name: string, client: Ipv4) => void;
  readonly onBusy: (client: Ipv4) => void;
  /** No upstream could be asked, or none answered. */
  readonly onFailed: (name: string, type: string) => void;
}

export interface ForwardTally {
  forwarded: number;
  forwardCacheHits: number;
  forwardFailed: number;
  forwardBusy: number;
  forwardLoops: number;
}

interface InFlight {
  readonly resolution: Resolution;
  readonly client: Ipv4;
}

/**
 * Names outside of our zones. The same question of many clients is asked once; what comes is kept as long as it says.
 */
export class Forwarder {
  readonly tally: ForwardTally = {
    forwarded: 0,
    forwardCacheHits: 0,
    forwardFailed: 0,
    forwardBusy: 0,
    forwardLoops: 0,
  };
  readonly #parts: ForwarderParts;
  readonly #cache = new ForwardCache();
  readonly #inFlight = new Map<string, InFlight>();
  readonly #perClient = new Map<Ipv4, number>();
  /** Monotonic milliseconds until which it is not asked again. */
  readonly #failed = new Map<string, number>();
  #waiting = 0;

  constructor(parts: ForwarderParts) {
    this.#parts = parts;
  }

  get cached(): number {
    return this.#cache.size;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  /**
   * At once where the answer is known.
   * @param question views into the client's message: copied where they are kept
   */
  resolve(question: Question, wishes: AnswerWishes, client: Ipv4): Forwarded | Promise<Forwarded> {
    const key = keyOf(question, wishes);
    const now = this.#parts.clock.monotonic();
    const known = this.#cache.get(key, now);
    if (known !== undefined) {
      this.tally.forwardCacheHits += 1;
      return { answer: known };
    }
    if ((this.#failed.get(key) ?? 0) > now) return this.#failure('failed');
    const inFlight = this.#inFlight.get(key);
    if (inFlight !== undefined && this.#isOurOwn(inFlight.resolution, question, client)) {
      this.#parts.onLoop(nameText(question.name), client);
      return this.#failure('loop');
    }
    if (this.#waiting >= MAX_WAITING || (inFlight === undefined && !this.#hasRoomFor(client))) {
      this.#parts.onBusy(client);
      return this.#failure('busy');
    }
    if (inFlight !== undefined) return this.#wait(inFlight.resolution, key);
    if (this.#parts.upstreams.all.length === 0) return this.#failure('no-upstream');
    return this.#ask(key, question, wishes, client);
  }

  /** Other upstreams may say other things. */
  forget(): void {
    this.#cache.clear();
    this.#failed.clear();
  }

  stop(): void {
    for (const { resolution } of this.#inFlight.values()) resolution.cancel();
    this.forget();
  }

  #ask(key: string, question: Question, wishes: AnswerWishes, client: Ipv4): Promise<Forwarded> {
    const asked = { ...question, name: question.name.slice() };
    const resolution = new Resolution(this.#parts, asked, wishes);
    this.tally.forwarded += 1;
    this.#inFlight.set(key, { resolution, client });
    this.#perClient.set(client, (this.#perClient.get(client) ?? 0) + 1);
    const ended = () => {
      this.#inFlight.delete(key);
      const left = (this.#perClient.get(client) ?? 1) - 1;
      if (left === 0) this.#perClient.delete(client);
      else this.#perClient.set(client, left);
    };
    void resolution.result.then(ended);
    return this.#wait(resolution, key);
  }

  async #wait(resolution: Resolution, key: string): Promise<Forwarded> {
    this.#waiting += 1;
    const message = await resolution.result;
    this.#waiting -= 1;
    const now = this.#parts.clock.monotonic();
    // The first of those who wait has put it there.
    const known = this.#cache.get(key, now);
    if (known !== undefined) return { answer: known };
    if (message === undefined) return this.#nobodyAnswered(key, resolution.question, now);
    try {
      const answer = forwardedAnswer(message, now);
      this.#cache.put(key, answer);
      if (answer.rcode === Rcode.SERVFAIL) this.#rememberFailure(key, now);
      return { answer };
    } catch (error) {
      // A record that breaks its type's layout, or an answer that is too large once it is written out.
      if (!(error instanceof MalformedPacket || error instanceof RangeError)) throw error;
      return this.#nobodyAnswered(key, resolution.question, now);
    }
  }

  #nobodyAnswered(key: string, question: Question, now: number): Forwarded {
    this.#rememberFailure(key, now);
    this.#parts.onFailed(nameText(question.name), typeName(question.type));
    return this.#failure('failed');
  }

  #rememberFailure(key: string, now: number): void {
    if (this.#failed.size >= MAX_FAILURES) this.#failed.clear();
    this.#failed.set(key, now + 1000 * FAILURE_SECONDS);
  }

  #failure(failure: ForwardFailure): Forwarded {
    if (failure === 'busy') this.tally.forwardBusy += 1;
    else if (failure === 'loop') this.tally.forwardLoops += 1;
    else this.tally.forwardFailed += 1;
    return { failure };
  }

  #hasRoomFor(client: Ipv4): boolean {
    return this.#inFlight.size < MAX_IN_FLIGHT && (this.#perClient.get(client) ?? 0) < MAX_PER_CLIENT;
  }

  /**
   * The question that we sent came back to us: an upstream, or whom it asks, asks us. Its letters tell it, whoever sends
   * it; and an upstream that asks what it is asked has no answer, whatever it did to the letters.
   */
  #isOurOwn({ sent }: Resolution, question: Question, client: Ipv4): boolean {
    return sent.some(({ upstream, questionBytes }) => {
      if (upstream.address === client) return true;
      let letters = 0;
      for (let at = 0; at < question.name.length; at += 1) {
        const byte = question.name[at]!;
        if (byte !== questionBytes[at]) return false;
        if ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a) letters += 1;
      }
      return letters >= TELLING_LETTERS;
    });
  }
}

/** Lower case, so that everyone's case finds the same answer. */
function keyOf({ name, type, class: recordClass }: Question, { dnssecOk, checkingDisabled }: AnswerWishes): string {
  const flags = (dnssecOk ? 1 : 0) | (checkingDisabled ? 2 : 0);
  return `${latin1(lowerCased(name))}${type} ${recordClass} ${flags}`;
}

/** Types that are no records, and that a forwarder has no business with. */
export function isForwardable(type: number): boolean {
  return type !== RecordType.OPT && (type < RecordType.TKEY || type > RecordType.MAILA) && type !== 0;
}
