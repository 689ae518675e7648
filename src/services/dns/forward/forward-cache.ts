import { encodeMessage } from '../../../codecs/dns/encode.ts';
import type { DnsRecord, Section } from '../../../codecs/dns/message.ts';
import { type DnsMessage, readMessage, recordAt } from '../../../codecs/dns/message.ts';
import { encodeQuestion } from '../../../codecs/dns/query.ts';
import { Rcode, RecordType } from '../../../codecs/dns/wire-format.ts';

const MAX_ENTRIES = 8_192;
const MAX_BYTES = 4 << 20;
/** What a map entry and its objects take beside the bytes. */
const ENTRY_BYTES = 300;
/** A larger answer is one of a few, and would push out a hundred others. */
const MAX_ANSWER_BYTES = 4_096;
/** However long the upstream says (RFC 2181 section 8 allows 68 years). */
const MAX_TTL_SECONDS = 86_400;
/** RFC 2308 section 5 advises one to three hours; a name that was just made should be found soon. */
const MAX_NEGATIVE_TTL_SECONDS = 900;

/** An upstream's answer that can be given to others. */
export interface ForwardedAnswer {
  /** Without OPT. */
  readonly bytes: Uint8Array;
  readonly rcode: number;
  readonly questionEnd: number;
  /** Where the seconds to live lie in `bytes`. */
  readonly ttlOffsets: readonly number[];
  /** Monotonic milliseconds. */
  readonly receivedAt: number;
  /** It may be given to others so long; 0: only to those who wait for it. */
  readonly keepSeconds: number;
}

/** @throws MalformedPacket where a record can't be taken out of its message */
export function forwardedAnswer(message: DnsMessage, receivedAt: number): ForwardedAnswer {
  const keepSeconds = secondsToKeep(message);
  const { bytes, records } = withoutOpt(message);
  return {
    bytes,
    // Codes above 15 speak of the hop between us and the upstream.
    rcode: message.rcode > 15 ? Rcode.SERVFAIL : message.rcode,
    questionEnd: message.questionEnd,
    ttlOffsets: records.map(({ ttlOffset }) => ttlOffset),
    receivedAt,
    keepSeconds,
  };
}

/** OPT speaks of one hop alone (RFC 6891 section 6.1.1). Mostly it is the last record and is cut off. */
function withoutOpt(message: DnsMessage): Pick<DnsMessage, 'bytes' | 'records'> {
  const { bytes, records, opt } = message;
  if (opt === undefined) return { bytes: bytes.slice(), records };
  if (opt.end === bytes.length) {
    const cut = bytes.slice(0, opt.start);
    cut[10] = (records.filter(({ section }) => section === 'additional').length >>> 8) & 0xff;
    cut[11] = records.filter(({ section }) => section === 'additional').length & 0xff;
    return { bytes: cut, records };
  }
  const sections: Record<Section, DnsRecord[]> = { answer: [], authority: [], additional: [] };
  for (const place of records) sections[place.section].push(recordAt(bytes, place));
  const rebuilt = encodeMessage({
    id: message.id,
    flags: message.flags,
    questionBytes: encodeQuestion(message.question),
    records: sections,
  });
  return { bytes: rebuilt, records: readMessage(rebuilt).records };
}

/** The shortest life of what was asked for (RFC 2181 section 5.2), or what SOA says of its absence (RFC 2308 section 5). */
function secondsToKeep({ bytes, rcode, question, records }: DnsMessage): number {
  if (rcode !== Rcode.NOERROR && rcode !== Rcode.NXDOMAIN) return 0;
  const answers = records.filter(({ section }) => section === 'answer');
  const shortest = Math.min(MAX_TTL_SECONDS, ...answers.map(({ ttlSeconds }) => ttlSeconds));
  const isAnswered = answers.some(({ type }) => type === question.type || question.type === RecordType.ANY);
  if (rcode === Rcode.NOERROR && isAnswered) return shortest;
  const soa = records.find(({ section, type }) => section === 'authority' && type === RecordType.SOA);
  // Without SOA nobody says how long it stays so.
  if (soa === undefined || soa.end - soa.dataStart < 22) return 0;
  const at = soa.end - 4;
  const minimum = ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  return Math.min(shortest, soa.ttlSeconds, minimum, MAX_NEGATIVE_TTL_SECONDS);
}

/** Answers of upstreams until their time is over; bounded in number and bytes, the longest unused goes first. */
export class ForwardCache {
  readonly #entries = new Map<string, ForwardedAnswer>();
  #bytes = 0;

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @param now monotonic milliseconds */
  get(key: string, now: number): ForwardedAnswer | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#forget(key, entry);
    if (now - entry.receivedAt >= 1000 * entry.keepSeconds) return undefined;
    this.#remember(key, entry);
    return entry;
  }

  put(key: string, answer: ForwardedAnswer): void {
    if (answer.keepSeconds <= 0 || answer.bytes.length > MAX_ANSWER_BYTES) return;
    const known = this.#entries.get(key);
    if (known !== undefined) this.#forget(key, known);
    this.#remember(key, answer);
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size <= MAX_ENTRIES && this.#bytes <= MAX_BYTES) return;
      this.#forget(oldest, entry);
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }

  #remember(key: string, entry: ForwardedAnswer): void {
    this.#entries.set(key, entry);
    this.#bytes += weight(key, entry);
  }

  #forget(key: string, entry: ForwardedAnswer): void {
    this.#entries.delete(key);
    this.#bytes -= weight(key, entry);
  }
}

function weight(key: string, { bytes, ttlOffsets }: ForwardedAnswer): number {
  return key.length + bytes.length + 8 * ttlOffsets.length + ENTRY_BYTES;
}
