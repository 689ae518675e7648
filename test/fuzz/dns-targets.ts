import assert from 'node:assert/strict';
import { encodeMessage } from '../../src/codecs/dns/encode.ts';
import { type DnsRecord, readMessage, recordAt, type Section } from '../../src/codecs/dns/message.ts';
import { encodeQuestion, readQuery } from '../../src/codecs/dns/query.ts';
import type { Check } from './codec-targets.ts';

/** What is read of a query can be answered, and the answer has its question byte for byte. */
export const checkDnsQuery: Check = (bytes) => {
  const { id, flags, questionBytes, question } = readQuery(bytes);
  const answer = encodeMessage({ id, flags: flags | 0x8000, questionBytes });
  const again = readMessage(answer);
  assert.equal(again.id, id);
  assert.deepEqual(encodeQuestion(again.question), questionBytes);
  assert.deepEqual(encodeQuestion(question), questionBytes);
};

/** What is read of an answer is the same after it was taken apart and put together again. */
export const checkDnsMessage: Check = (bytes) => {
  const message = readMessage(bytes);
  const records = recordsOf(bytes);
  let again: Uint8Array;
  try {
    again = encodeMessage({
      id: message.id,
      flags: message.flags,
      questionBytes: encodeQuestion(message.question),
      records,
    });
  } catch (error) {
    // Pointers can say the same long name thousands of times.
    if (error instanceof RangeError) return;
    throw error;
  }
  assert.deepEqual(recordsOf(again), records);
};

function recordsOf(bytes: Uint8Array): Record<Section, DnsRecord[]> {
  const records: Record<Section, DnsRecord[]> = { answer: [], authority: [], additional: [] };
  for (const place of readMessage(bytes).records) records[place.section].push(recordAt(bytes, place));
  return records;
}
