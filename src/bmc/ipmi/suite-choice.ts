import { type CipherSuite, SUITE_3, SUITE_17 } from '../../codecs/ipmi/cipher-suite.ts';
import { getChannelCipherSuites, suiteIds } from '../../codecs/ipmi/commands/session.ts';
import { decodeIpmiResponse, encodeIpmiRequest } from '../../codecs/ipmi/message.ts';
import { encodeV15Packet, PayloadType } from '../../codecs/ipmi/session-packet.ts';
import type { PlainExchange } from './plain-exchange.ts';

/** A page is full with sixteen bytes; no BMC has more pages than the index can name. */
const PAGE_BYTES = 16;
const MAX_PAGES = 64;

/**
 * The best suite that the BMC lists: 17, or 3. Undefined where it does not answer the question, as some do not: then
 * Open Session has to tell.
 */
export async function listedSuite(exchange: PlainExchange, waitMs: number): Promise<CipherSuite | undefined> {
  const records: number[] = [];
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const bytes = await askPage(exchange, page, waitMs);
    if (bytes === undefined) return undefined;
    records.push(...bytes);
    if (bytes.length < PAGE_BYTES) break;
  }
  const ids = suiteIds(Uint8Array.from(records));
  return ids.includes(SUITE_17.id) ? SUITE_17 : ids.includes(SUITE_3.id) ? SUITE_3 : undefined;
}

async function askPage(exchange: PlainExchange, page: number, waitMs: number): Promise<Uint8Array | undefined> {
  const command = getChannelCipherSuites(page);
  const sequence = page % 64;
  const packet = encodeV15Packet(encodeIpmiRequest({ ...command, sequence }));
  const answer = await exchange
    .askPacket(packet, PayloadType.IPMI, waitMs, {
      read: decodeIpmiResponse,
      isOurs: (response) => response.command === command.command && response.sequence === sequence,
    })
    .catch(() => undefined);
  return answer === undefined || answer.completionCode !== 0 ? undefined : command.read(answer.data);
}

/** The other one, for a BMC that refuses this one. */
export function otherSuite(suite: CipherSuite): CipherSuite {
  return suite === SUITE_17 ? SUITE_3 : SUITE_17;
}
