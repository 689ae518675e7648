import { encodeMessage } from '../../codecs/dns/encode.ts';
import type { DnsRecord } from '../../codecs/dns/message.ts';
import { nameText, skipName } from '../../codecs/dns/name.ts';
import { type DnsQuery, readHeader, readQuery } from '../../codecs/dns/query.ts';
import {
  CLASS_IN,
  Flag,
  HEADER_BYTES,
  MAX_MESSAGE_BYTES,
  Opcode,
  PLAIN_UDP_BYTES,
  Rcode,
  RecordType,
  SAFE_UDP_BYTES,
} from '../../codecs/dns/wire-format.ts';
import { MalformedPacket } from '../../codecs/malformed-packet.ts';
import type { Ipv4 } from '../../domain/ipv4.ts';
import { type Forwarder, isForwardable } from './forward/forwarder.ts';
import { answerWithAlias, forwardedMessage } from './forwarded-message.ts';
import type { OwnZones } from './own-zones.ts';
import { answerFromZones, type ZoneAnswer } from './zone-answer.ts';

export interface DnsClient {
  readonly address: Ipv4;
  /** It is on one of our networks: it may ask for names outside of our zones. */
  readonly mayRecurse: boolean;
  readonly transport: 'udp' | 'tcp';
  /** Our address on the interface through which it asks. */
  readonly via: Ipv4;
}

/** What goes out; nothing for what must not be answered (an answer, half a header). */
export interface Response {
  readonly bytes: Uint8Array;
  readonly rcode: number;
  /** The same query may get the same bytes, on every interface, for so many seconds; Infinity: until something changes. */
  readonly keepSeconds?: number;
}

export interface ResponderParts {
  readonly own: OwnZones;
  /** Somebody can be asked. */
  readonly hasUpstreams: () => boolean;
  readonly forwarder: Forwarder;
  readonly now: () => number;
  /** A client that may not asked for a name outside of our zones. */
  readonly onRefused: (client: DnsClient, name: string) => void;
  readonly onMalformed: (client: DnsClient, error: MalformedPacket) => void;
}

interface Answer {
  readonly rcode: number;
  readonly isOurs?: boolean;
  readonly answer?: readonly DnsRecord[];
  readonly authority?: readonly DnsRecord[];
  readonly keepSeconds?: number;
}

/** From a query's bytes to its answer's. */
export class Responder {
  readonly #parts: ResponderParts;

  constructor(parts: ResponderParts) {
    this.#parts = parts;
  }

  /** @param bytes valid until this returns: what is kept of them is copied */
  respond(bytes: Uint8Array, client: DnsClient): Response | undefined | Promise<Response | undefined> {
    const header = readHeader(bytes);
    // Whoever answers an answer may do so for ever.
    if (header === undefined || (header.flags & Flag.QR) !== 0) return undefined;
    if ((header.flags & Flag.OPCODE) >>> 11 !== Opcode.QUERY) return headerOnly(header, Rcode.NOTIMP);
    try {
      return this.#answer(readQuery(bytes), client);
    } catch (error) {
      if (!(error instanceof MalformedPacket)) throw error;
      this.#parts.onMalformed(client, error);
      return headerOnly(header, Rcode.FORMERR);
    }
  }

  #answer(query: DnsQuery, client: DnsClient): Response | Promise<Response> {
    const { question, edns } = query;
    const { type } = question;
    const simple = (rcode: number) => this.#finish(query, client, { rcode, keepSeconds: Number.POSITIVE_INFINITY });
    if (edns !== undefined && edns.version !== 0) return simple(Rcode.BADVERS);
    if (question.class !== CLASS_IN) return simple(Rcode.REFUSED);
    if (type === RecordType.AXFR || type === RecordType.IXFR) return simple(Rcode.REFUSED);
    if (type === RecordType.ANY || isForwardable(type)) return this.#resolve(query, client);
    return simple(type === RecordType.OPT || type === 0 ? Rcode.FORMERR : Rcode.NOTIMP);
  }

  #resolve(query: DnsQuery, client: DnsClient): Response | Promise<Response> {
    const { zones, ttlSeconds, serial, serverName } = this.#parts.own;
    const own = answerFromZones(query.question, { zones, ttlSeconds, serial, serverName, via: client.via });
    if (own === undefined) return this.#forward(query, client);
    if (own.continueAt !== undefined && this.#mayForward(query, client)) return this.#follow(query, client, own);
    const { rcode, answer, authority, varies } = own;
    const keepSeconds = varies ? 0 : (own.keepSeconds ?? Number.POSITIVE_INFINITY);
    return this.#finish(query, client, { rcode, isOurs: true, answer, authority, keepSeconds });
  }

  #mayForward({ flags }: DnsQuery, client: DnsClient): boolean {
    return client.mayRecurse && (flags & Flag.RD) !== 0 && this.#parts.hasUpstreams();
  }

  #forward(query: DnsQuery, client: DnsClient): Response | Promise<Response> {
    if (!this.#mayForward(query, client)) {
      if (!client.mayRecurse) this.#parts.onRefused(client, nameText(query.question.name));
      return this.#finish(query, client, { rcode: Rcode.REFUSED });
    }
    const forwarded = this.#parts.forwarder.resolve(query.question, wishesOf(query), client.address);
    const limit = this.#limitOf(query, client);
    if (!(forwarded instanceof Promise)) {
      return 'answer' in forwarded
        ? forwardedMessage(query, forwarded.answer, limit, this.#parts.now())
        : this.#finish(query, client, { rcode: Rcode.SERVFAIL });
    }
    const kept = copyOf(query);
    return forwarded.then((result) =>
      'answer' in result
        ? forwardedMessage(kept, result.answer, limit, this.#parts.now())
        : this.#finish(kept, client, { rcode: Rcode.SERVFAIL }),
    );
  }

  /** An alias that leads out of our zones: clients want the address, not the way to it. */
  #follow(query: DnsQuery, client: DnsClient, own: ZoneAnswer): Response | Promise<Response> {
    const target = { ...query.question, name: own.continueAt! };
    const forwarded = this.#parts.forwarder.resolve(target, wishesOf(query), client.address);
    const kept = copyOf(query);
    const finish = (result: Awaited<typeof forwarded>): Response => {
      const whole = 'answer' in result ? answerWithAlias(own.answer, result.answer, this.#parts.now()) : undefined;
      return this.#finish(kept, client, whole ?? { rcode: Rcode.SERVFAIL });
    };
    return forwarded instanceof Promise ? forwarded.then(finish) : finish(forwarded);
  }

  #limitOf({ edns }: DnsQuery, { transport }: DnsClient): number {
    if (transport === 'tcp') return MAX_MESSAGE_BYTES;
    return Math.min(SAFE_UDP_BYTES, Math.max(PLAIN_UDP_BYTES, edns?.payloadBytes ?? 0));
  }

  #finish(query: DnsQuery, client: DnsClient, result: Answer): Response {
    const { rcode, isOurs = false, answer = [], authority = [], keepSeconds = 0 } = result;
    const canRecurse = client.mayRecurse && this.#parts.hasUpstreams();
    const fields = {
      id: query.id,
      flags: Flag.QR | (query.flags & (Flag.RD | Flag.CD)) | (isOurs ? Flag.AA : 0) | (canRecurse ? Flag.RA : 0),
      rcode,
      questionBytes: query.questionBytes,
      ...(query.edns === undefined ? {} : { opt: { payloadBytes: SAFE_UDP_BYTES, dnssecOk: false } }),
    };
    const whole = encodeMessage({ ...fields, records: { answer, authority } });
    const bytes =
      whole.length <= this.#limitOf(query, client)
        ? whole
        : encodeMessage({ ...fields, flags: fields.flags | Flag.TC });
    return { bytes, rcode, ...(keepSeconds > 0 && isPlain(query) ? { keepSeconds } : {}) };
  }
}

/** An answer of ours cut down to its question: whoever is real asks again by TCP. */
export function truncated(answer: Uint8Array): Uint8Array {
  const hasQuestion = answer[5] === 1;
  const cut = answer.slice(0, hasQuestion ? skipName(answer, HEADER_BYTES) + 4 : HEADER_BYTES);
  cut[2] = cut[2]! | (Flag.TC >>> 8);
  cut.fill(0, 6, HEADER_BYTES);
  return cut;
}

/** Others will send the same: no option that is another one each time, no letters in a case of their own. */
function isPlain({ edns, question }: DnsQuery): boolean {
  if (edns?.hasOptions === true) return false;
  for (const byte of question.name) if (byte >= 0x41 && byte <= 0x5a) return false;
  return true;
}

/** The question of a message that can't be read is not repeated. */
function headerOnly({ id, flags }: { readonly id: number; readonly flags: number }, rcode: number): Response {
  const kept = flags & (Flag.OPCODE | Flag.RD);
  return { bytes: encodeMessage({ id, flags: Flag.QR | kept, rcode }), rcode };
}

function wishesOf({ flags, edns }: DnsQuery) {
  return { dnssecOk: edns?.dnssecOk ?? false, checkingDisabled: (flags & Flag.CD) !== 0 };
}

/** The client's message is gone when an upstream has answered. */
function copyOf(query: DnsQuery): DnsQuery {
  const questionBytes = query.questionBytes.slice();
  return { ...query, questionBytes, question: { ...query.question, name: questionBytes.subarray(0, -4) } };
}
