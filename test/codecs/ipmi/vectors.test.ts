import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { SUITE_3, SUITE_17 } from '../../../src/codecs/ipmi/cipher-suite.ts';
import {
  decodeOpenSessionResponse,
  encodeOpenSessionRequest,
  grantedSuite,
} from '../../../src/codecs/ipmi/open-session.ts';
import {
  decodeRakp1,
  decodeRakp2,
  decodeRakp3,
  decodeRakp4,
  encodeRakp1,
  encodeRakp2,
  encodeRakp3,
  encodeRakp4,
  type RakpExchange,
  rakp2Code,
  rakp3Code,
  rakp4Code,
  sessionIntegrityKey,
  sessionKeys,
} from '../../../src/codecs/ipmi/rakp.ts';
import {
  decodePlainPacket,
  decodeSecurePacket,
  encodePlainPacket,
  encodeSecurePacket,
  PayloadType,
  UnacceptablePacket,
} from '../../../src/codecs/ipmi/session-packet.ts';
import { MalformedPacket } from '../../../src/codecs/malformed-packet.ts';
import { hex, hexBytes } from '../../../src/codecs/text.ts';
import { SHARED } from '../../harness/skip.ts';

interface Packet {
  readonly dir: 'console-to-bmc' | 'bmc-to-console';
  readonly hex: string;
  readonly payload_type?: number;
  readonly session_id?: string;
  readonly sequence?: number;
  readonly iv?: string;
  readonly plaintext?: string;
}

interface Exchange {
  readonly [field: string]: string | number | readonly Packet[];
  readonly name: string;
  readonly cipher_suite: number;
  readonly role_byte: number;
  readonly packets: readonly Packet[];
}

const file = join(SHARED, 'vectors/ipmi/rakp.json');
const skip = existsSync(file) ? false : `${file} is not there`;
const exchanges: readonly Exchange[] = skip === false ? JSON.parse(readFileSync(file, 'utf8')).exchanges : [];

function bytes(text: unknown): Uint8Array {
  return text === '' ? new Uint8Array() : (hexBytes(String(text)) ?? assert.fail(`no hex: ${text}`));
}

function little(text: unknown): number {
  const value = bytes(text);
  return new DataView(value.buffer).getUint32(0, true);
}

function exchangeOf(each: Exchange): RakpExchange {
  return {
    suite: each.cipher_suite === 17 ? SUITE_17 : SUITE_3,
    consoleSessionId: little(each.console_session_id),
    bmcSessionId: little(each.bmc_session_id),
    consoleRandom: bytes(each.console_random),
    bmcRandom: bytes(each.bmc_random),
    bmcGuid: bytes(each.bmc_guid),
    role: each.role_byte,
    userName: Buffer.from(String(each.username)),
    password: Buffer.from(String(each.password)),
    bmcKey: bytes(each.kg),
  };
}

function keysOf(each: Exchange) {
  const exchange = exchangeOf(each);
  return sessionKeys(exchange.suite, sessionIntegrityKey(exchange));
}

test('the vectors are there', { skip }, () => assert.ok(exchanges.length >= 8));

for (const each of exchanges) {
  describe(each.name, () => {
    const exchange = exchangeOf(each);
    const { suite } = exchange;

    test('codes and keys are those that both ends reckoned', () => {
      assert.equal(hex(rakp2Code(exchange)), each.rakp2_key_exchange_code);
      assert.equal(hex(rakp3Code(exchange)), each.rakp3_key_exchange_code);
      const integrityKey = sessionIntegrityKey(exchange);
      assert.equal(hex(integrityKey), each.sik);
      assert.equal(hex(rakp4Code(exchange, integrityKey)), each.rakp4_icv);
      const keys = sessionKeys(suite, integrityKey);
      assert.equal(hex(keys.k1), each.k1);
      assert.equal(hex(keys.aesKey), each.aes_key);
    });

    test('the handshake is read, and written again byte for byte', () => {
      for (const packet of each.packets.filter(({ payload_type }) => payload_type === undefined)) {
        const { payloadType, payload } = decodePlainPacket(bytes(packet.hex));
        const again = rewritten(payloadType, payload, exchange);
        if (again !== undefined) assert.equal(hex(encodePlainPacket(payloadType, again)), packet.hex);
      }
    });

    test('each packet of the session is read, and written again byte for byte', () => {
      const keys = keysOf(each);
      const secured = each.packets.filter(({ plaintext }) => plaintext !== undefined);
      assert.ok(secured.length > 0);
      for (const packet of secured) {
        const sessionId = little(packet.session_id);
        const read = decodeSecurePacket(bytes(packet.hex), sessionId, keys);
        assert.equal(hex(read.payload), packet.plaintext);
        assert.equal(read.sequence, packet.sequence);
        assert.equal(read.payloadType, packet.payload_type);
        assert.equal(hex(encodeSecurePacket(read, keys, bytes(packet.iv))), packet.hex);
      }
    });

    test('a packet that is cut at any byte, or differs in any bit, is not believed', () => {
      const keys = keysOf(each);
      const packet = each.packets.find(({ plaintext }) => plaintext !== undefined) ?? assert.fail();
      const whole = bytes(packet.hex);
      const sessionId = little(packet.session_id);
      const refused = (of: Uint8Array) =>
        assert.throws(
          () => decodeSecurePacket(of, sessionId, keys),
          (error) => error instanceof UnacceptablePacket || error instanceof MalformedPacket,
        );
      for (let length = 0; length < whole.length; length += 1) refused(whole.subarray(0, length));
      for (let bit = 0; bit < whole.length * 8; bit += 1) {
        const at = bit >> 3;
        // Reserved byte and sequence number of RMCP: nobody reads them.
        if (at === 1 || at === 2) continue;
        const forged = Uint8Array.from(whole);
        forged[at]! ^= 1 << (bit & 7);
        refused(forged);
      }
    });

    test('a packet of this session is none of another one’s', () => {
      const packet = each.packets.find(({ plaintext }) => plaintext !== undefined) ?? assert.fail();
      const wrong = () => decodeSecurePacket(bytes(packet.hex), little(packet.session_id) ^ 1, keysOf(each));
      assert.throws(wrong, { reason: 'wrong-session' });
    });
  });
}

function rewritten(payloadType: number, payload: Uint8Array, { suite }: RakpExchange): Uint8Array | undefined {
  switch (payloadType) {
    case PayloadType.OPEN_SESSION_REQUEST: {
      const consoleSessionId = little(hex(payload.subarray(4, 8)));
      return encodeOpenSessionRequest({ tag: payload[0]!, privilege: payload[1]!, consoleSessionId, suite });
    }
    case PayloadType.OPEN_SESSION_RESPONSE:
      assert.equal(grantedSuite(decodeOpenSessionResponse(payload), suite), suite);
      return undefined;
    case PayloadType.RAKP_1:
      return encodeRakp1(decodeRakp1(payload));
    case PayloadType.RAKP_2:
      return encodeRakp2(decodeRakp2(payload, suite) as Parameters<typeof encodeRakp2>[0]);
    case PayloadType.RAKP_3:
      return encodeRakp3(decodeRakp3(payload));
    case PayloadType.RAKP_4:
      return encodeRakp4(decodeRakp4(payload, suite) as Parameters<typeof encodeRakp4>[0]);
    default:
      return undefined;
  }
}
