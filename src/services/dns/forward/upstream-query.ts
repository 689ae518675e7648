import { randomFillSync } from 'node:crypto';
import { encodeMessage } from '../../../codecs/dns/encode.ts';
import { type DnsMessage, readMessage } from '../../../codecs/dns/message.ts';
import { encodeQuestion, type Question } from '../../../codecs/dns/query.ts';
import { Flag, SAFE_UDP_BYTES } from '../../../codecs/dns/wire-format.ts';
import { MalformedPacket } from '../../../codecs/malformed-packet.ts';

/** What a client wants of an answer beside its question; answers are kept apart by it. */
export interface AnswerWishes {
  /** DO: with the signatures. */
  readonly dnssecOk: boolean;
  /** CD: unchecked. */
  readonly checkingDisabled: boolean;
}

/** A question on its way to one upstream: what its answer has to match. */
export interface UpstreamQuery {
  readonly bytes: Uint8Array;
  readonly id: number;
  /** With its letters in the case that was sent. */
  readonly questionBytes: Uint8Array;
}

/**
 * A query with an id and a case of letters that nobody can guess (RFC 5452; draft-vixie-dnsext-dns0x20).
 * @param withEdns the upstream knows OPT
 */
export function upstreamQuery(question: Question, wishes: AnswerWishes, withEdns: boolean): UpstreamQuery {
  const random = randomFillSync(new Uint8Array(2 + Math.ceil(question.name.length / 8)));
  const id = (random[0]! << 8) | random[1]!;
  const questionBytes = encodeQuestion(question);
  for (let at = 0; at < question.name.length; at += 1) {
    const lower = questionBytes[at]! | 0x20;
    // Length bytes are below every letter.
    if (lower < 0x61 || lower > 0x7a || questionBytes[at]! < 0x41) continue;
    const isUpper = (random[2 + (at >>> 3)]! >>> (at & 7)) & 1;
    questionBytes[at] = isUpper === 1 ? lower - 0x20 : lower;
  }
  const flags = Flag.RD | (wishes.checkingDisabled ? Flag.CD : 0);
  const opt = { payloadBytes: SAFE_UDP_BYTES, dnssecOk: wishes.dnssecOk };
  return { bytes: encodeMessage({ id, flags, questionBytes, ...(withEdns ? { opt } : {}) }), id, questionBytes };
}

/** `foreign`: not an answer to this query, whoever sent it. `other-case`: but for the case of its letters it is. */
export type Verdict =
  | { readonly kind: 'answer'; readonly message: DnsMessage }
  | { readonly kind: 'other-case'; readonly message: DnsMessage }
  | { readonly kind: 'foreign' };

/** Looks whether bytes from the right sender answer the query (RFC 5452 section 9). They are copied. */
export function judgeAnswer(bytes: Uint8Array, query: UpstreamQuery): Verdict {
  let message: DnsMessage;
  try {
    message = readMessage(bytes.slice());
  } catch (error) {
    if (error instanceof MalformedPacket) return { kind: 'foreign' };
    throw error;
  }
  const isAnswer = (message.flags & Flag.QR) !== 0 && (message.flags & Flag.OPCODE) === 0;
  if (!isAnswer || message.id !== query.id) return { kind: 'foreign' };
  const asked = query.questionBytes;
  const said = encodeQuestion(message.question);
  if (said.length !== asked.length) return { kind: 'foreign' };
  let sameCase = true;
  for (let at = 0; at < said.length; at += 1) {
    if (said[at] === asked[at]) continue;
    const isLetter = (asked[at]! | 0x20) >= 0x61 && (asked[at]! | 0x20) <= 0x7a;
    if (!isLetter || (said[at]! ^ asked[at]!) !== 0x20 || at >= said.length - 4) return { kind: 'foreign' };
    sameCase = false;
  }
  return { kind: sameCase ? 'answer' : 'other-case', message };
}
