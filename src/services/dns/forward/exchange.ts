import type { DnsMessage } from '../../../codecs/dns/message.ts';
import type { Question } from '../../../codecs/dns/query.ts';
import { Flag } from '../../../codecs/dns/wire-format.ts';
import { formatIpv4 } from '../../../domain/ipv4.ts';
import type { DatagramSocket, Endpoint, Network, StreamNetwork } from '../../../domain/ports.ts';
import { framed, StreamMessages } from '../stream-messages.ts';
import { type AnswerWishes, judgeAnswer, type UpstreamQuery, upstreamQuery } from './upstream-query.ts';
import type { Upstream } from './upstreams.ts';

export interface ExchangeParts {
  readonly network: Network;
  readonly streams: StreamNetwork;
  /** Something came that does not answer the question: a forgery, or an answer that is too late. */
  readonly onForeign: (upstream: Upstream) => void;
}

/** How an exchange ended: an answer whatever it says, or why there is none. */
export type ExchangeResult = { readonly message: DnsMessage } | { readonly failure: string };

/**
 * One question to one upstream: by UDP from a port of its own, and by TCP where the answer is truncated or does not keep
 * the question's case. Ends once; `cancel` ends it silently.
 */
export class Exchange {
  readonly upstream: Upstream;
  readonly #parts: ExchangeParts;
  readonly #query: UpstreamQuery;
  readonly #done: (result: ExchangeResult) => void;
  #close: () => void = () => undefined;
  #ended = false;

  constructor(
    parts: ExchangeParts,
    upstream: Upstream,
    asked: { readonly question: Question; readonly wishes: AnswerWishes },
    done: (result: ExchangeResult) => void,
  ) {
    this.#parts = parts;
    this.upstream = upstream;
    this.#query = upstreamQuery(asked.question, asked.wishes, upstream.knowsEdns);
    this.#done = done;
  }

  /** As it was sent. */
  get questionBytes(): Uint8Array {
    return this.#query.questionBytes;
  }

  async start(): Promise<void> {
    let socket: DatagramSocket;
    try {
      // Port 0: the kernel takes a random one, another for each question (RFC 5452 section 4.5).
      socket = await this.#parts.network.openDatagram({ address: '0.0.0.0', port: 0 });
    } catch (error) {
      this.#end({ failure: error instanceof Error ? error.message : String(error) });
      return;
    }
    if (this.#ended) {
      socket.close();
      return;
    }
    this.#close = () => socket.close();
    const to = this.#endpoint;
    socket.onMessage((data, from) => {
      if (from.address === to.address && from.port === to.port) this.#heard(data);
      else this.#parts.onForeign(this.upstream);
    });
    socket.onError((error) => this.#end({ failure: error.message }));
    socket.send(this.#query.bytes, to);
  }

  cancel(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#close();
  }

  get #endpoint(): Endpoint {
    return { address: formatIpv4(this.upstream.address), port: this.upstream.port };
  }

  #heard(data: Uint8Array): void {
    if (this.#ended) return;
    const verdict = judgeAnswer(data, this.#query);
    if (verdict.kind === 'foreign') {
      this.#parts.onForeign(this.upstream);
      return;
    }
    const { message } = verdict;
    const doubtsCase = verdict.kind === 'other-case' && this.upstream.keepsCase;
    if (doubtsCase || (message.flags & Flag.TC) !== 0) this.#askByTcp();
    else this.#end({ message });
  }

  #askByTcp(): void {
    this.#close();
    const stream = this.#parts.streams.connect(this.#endpoint);
    this.#close = () => stream.destroy();
    const messages = new StreamMessages();
    stream.on('error', (error) => this.#end({ failure: error.message }));
    stream.on('close', () => this.#end({ failure: 'the connection was closed without an answer' }));
    stream.on('data', (chunk: Uint8Array) => {
      for (const data of messages.take(chunk)) {
        if (this.#ended) return;
        const verdict = judgeAnswer(data, this.#query);
        if (verdict.kind === 'foreign') {
          this.#end({ failure: 'it answered something else by TCP' });
          return;
        }
        // Nobody who forges UDP can have said this: the server has a case of its own.
        if (verdict.kind === 'other-case') this.upstream.keepsCase = false;
        this.#end({ message: verdict.message });
      }
    });
    stream.write(framed(this.#query.bytes));
  }

  #end(result: ExchangeResult): void {
    if (this.#ended) return;
    this.cancel();
    this.#done(result);
  }
}
