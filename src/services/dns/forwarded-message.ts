import { type DnsRecord, readMessage, recordAt } from '../../codecs/dns/message.ts';
import type { DnsQuery } from '../../codecs/dns/query.ts';
import { Flag, HEADER_BYTES, Rcode, RecordType, SAFE_UDP_BYTES } from '../../codecs/dns/wire-format.ts';
import { MalformedPacket } from '../../codecs/malformed-packet.ts';
import type { ForwardedAnswer } from './forward/forward-cache.ts';

const OPT_BYTES = 11;

/**
 * An upstream's answer for one client: with its id, its question in its case, what is left of the seconds to live, and an
 * OPT record only where it sent one.
 * @param limitBytes what the client takes; a longer one is truncated to its question
 */
export function forwardedMessage(
  query: DnsQuery,
  answer: ForwardedAnswer,
  limitBytes: number,
  now: number,
): { readonly bytes: Uint8Array; readonly rcode: number } {
  const { edns, questionBytes } = query;
  const optBytes = edns === undefined ? 0 : OPT_BYTES;
  const isWhole = answer.bytes.length + optBytes <= limitBytes;
  const size = isWhole ? answer.bytes.length : answer.questionEnd;
  const bytes = new Uint8Array(size + optBytes);
  bytes.set(answer.bytes.subarray(0, size));
  bytes.set(questionBytes, HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  const theirs = view.getUint16(2);
  const wantsAuthentic = edns?.dnssecOk === true || (query.flags & Flag.AD) !== 0;
  view.setUint16(0, query.id);
  view.setUint16(
    2,
    Flag.QR |
      Flag.RA |
      (query.flags & (Flag.RD | Flag.CD)) |
      (wantsAuthentic ? theirs & Flag.AD : 0) |
      (isWhole ? 0 : Flag.TC) |
      (answer.rcode & Flag.RCODE),
  );
  if (isWhole) ageRecords(view, answer, now);
  else for (const at of [6, 8, 10]) view.setUint16(at, 0);
  if (edns !== undefined) {
    view.setUint16(10, view.getUint16(10) + 1);
    // Its name, the root's, is the zero that is there already.
    view.setUint16(size + 1, RecordType.OPT);
    view.setUint16(size + 3, SAFE_UDP_BYTES);
    view.setUint8(size + 5, answer.rcode >>> 4);
    view.setUint16(size + 7, edns.dnssecOk ? 0x8000 : 0);
  }
  return { bytes, rcode: answer.rcode };
}

function ageRecords(view: DataView, { ttlOffsets, receivedAt }: ForwardedAnswer, now: number): void {
  const age = Math.max(0, Math.floor((now - receivedAt) / 1000));
  for (const at of ttlOffsets) view.setUint32(at, Math.max(0, view.getInt32(at) - age));
}

/**
 * Our alias and what an upstream says of its target.
 * @returns undefined where that can't be taken apart
 */
export function answerWithAlias(
  aliases: readonly DnsRecord[],
  answer: ForwardedAnswer,
  now: number,
):
  | { readonly rcode: number; readonly answer: readonly DnsRecord[]; readonly authority: readonly DnsRecord[] }
  | undefined {
  if (answer.rcode !== Rcode.NOERROR && answer.rcode !== Rcode.NXDOMAIN) return undefined;
  const age = Math.max(0, Math.floor((now - answer.receivedAt) / 1000));
  const sections = { answer: [...aliases], authority: [] as DnsRecord[] };
  try {
    for (const place of readMessage(answer.bytes).records) {
      if (place.section === 'additional') continue;
      const record = recordAt(answer.bytes, place);
      sections[place.section].push({ ...record, ttlSeconds: Math.max(0, record.ttlSeconds - age) });
    }
  } catch (error) {
    if (error instanceof MalformedPacket) return undefined;
    throw error;
  }
  return { rcode: answer.rcode, ...sections };
}
