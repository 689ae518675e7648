import type { DnsMessage } from '../../../codecs/dns/message.ts';
import type { Question } from '../../../codecs/dns/query.ts';
import { Rcode } from '../../../codecs/dns/wire-format.ts';
import type { Clock, Timer } from '../../../domain/ports.ts';
import { Exchange, type ExchangeParts, type ExchangeResult } from './exchange.ts';
import type { AnswerWishes } from './upstream-query.ts';
import type { Upstream, Upstreams } from './upstreams.ts';

/** glibc asks again after 5 s: an answer that comes later is for nobody. */
const DEADLINE_MS = 4_500;
/** Until the next upstream is asked too. Who was asked before may still answer. */
const PATIENCE_MS: readonly number[] = [400, 600, 1_000, 1_500];

export interface ResolutionParts extends ExchangeParts {
  readonly clock: Clock;
  readonly upstreams: Upstreams;
  readonly onSilent: (upstream: Upstream, why: string) => void;
}

/** An upstream's answer, or nothing from any of them in time. */
export type Resolved = DnsMessage | undefined;

/** One question on its way to the upstreams, one after another until one of them answers it. */
export class Resolution {
  readonly question: Question;
  readonly result: Promise<Resolved>;
  readonly #parts: ResolutionParts;
  readonly #wishes: AnswerWishes;
  readonly #exchanges: Exchange[] = [];
  readonly #ended = new Set<Exchange>();
  readonly #startedAt: number;
  #settle: (result: Resolved) => void = () => undefined;
  #settled = false;
  #patience: Timer | undefined;
  readonly #deadline: Timer;
  /** The best of what is no answer: SERVFAIL, REFUSED. */
  #refusal: DnsMessage | undefined;

  constructor(parts: ResolutionParts, question: Question, wishes: AnswerWishes) {
    this.#parts = parts;
    this.question = question;
    this.#wishes = wishes;
    this.#startedAt = parts.clock.monotonic();
    this.result = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#deadline = parts.clock.setTimeout(() => this.#giveUp(), DEADLINE_MS);
    this.#askNext();
  }

  /** What was sent so far: a question that comes back with just these letters has gone round in a circle. */
  get sent(): readonly { readonly upstream: Upstream; readonly questionBytes: Uint8Array }[] {
    return this.#exchanges;
  }

  cancel(): void {
    this.#finish(undefined);
  }

  #askNext(): void {
    if (this.#settled) return;
    this.#patience?.cancel();
    const order = this.#parts.upstreams.inOrder();
    const attempt = this.#exchanges.length;
    const limit = Math.min(PATIENCE_MS.length, 2 * order.length);
    const upstream = order[attempt % order.length];
    if (upstream === undefined || attempt >= limit) {
      if (this.#exchanges.every((each) => this.#ended.has(each))) this.#giveUp();
      return;
    }
    this.#ask(upstream);
    this.#patience = this.#parts.clock.setTimeout(() => this.#askNext(), PATIENCE_MS[attempt] ?? DEADLINE_MS);
  }

  #ask(upstream: Upstream): void {
    const asked = { question: this.question, wishes: this.#wishes };
    const exchange = new Exchange(this.#parts, upstream, asked, (result) => this.#heard(exchange, result));
    this.#exchanges.push(exchange);
    void exchange.start();
  }

  #heard(exchange: Exchange, result: ExchangeResult): void {
    this.#ended.add(exchange);
    if (this.#settled) return;
    const { upstream } = exchange;
    if ('failure' in result) {
      this.#failed(upstream, result.failure);
      this.#askNext();
      return;
    }
    this.#parts.upstreams.answered(upstream);
    const { message } = result;
    if (message.rcode === Rcode.NOERROR || message.rcode === Rcode.NXDOMAIN) {
      this.#blameSilent(upstream);
      this.#finish(message);
      return;
    }
    const isUnknownOpt = message.rcode === Rcode.FORMERR || message.rcode === Rcode.NOTIMP;
    if (isUnknownOpt && message.opt === undefined && upstream.knowsEdns) {
      // A server from before EDNS (RFC 6891 section 7): the same question without it.
      upstream.knowsEdns = false;
      this.#ask(upstream);
      return;
    }
    this.#refusal ??= message;
    this.#askNext();
  }

  #failed(upstream: Upstream, why: string): void {
    if (this.#parts.upstreams.failed(upstream)) this.#parts.onSilent(upstream, why);
  }

  #giveUp(): void {
    if (this.#settled) return;
    this.#blameSilent();
    this.#finish(this.#refusal);
  }

  /** Who was asked before the one that answered, or at all, and has said nothing. */
  #blameSilent(answered?: Upstream): void {
    const waitedMs = Math.round(this.#parts.clock.monotonic() - this.#startedAt);
    const silent = new Set(this.#exchanges.filter((each) => !this.#ended.has(each)).map(({ upstream }) => upstream));
    if (answered !== undefined && this.#exchanges.at(-1)?.upstream !== answered) return;
    for (const upstream of silent) {
      if (upstream !== answered) this.#failed(upstream, `no answer in ${waitedMs} ms`);
    }
  }

  #finish(result: Resolved): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#patience?.cancel();
    this.#deadline.cancel();
    for (const exchange of this.#exchanges) exchange.cancel();
    this.#settle(result);
  }
}
