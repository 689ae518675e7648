import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { decodeClasslessRoutes, encodeClasslessRoutes } from '../../src/codecs/dhcp/classless-routes.ts';
import { decodeClientArchitectures, encodeClientArchitectures } from '../../src/codecs/dhcp/client-architecture.ts';
import { decodeClientFqdn, encodeClientFqdn } from '../../src/codecs/dhcp/client-fqdn.ts';
import { decodeClientIdentifier, encodeClientIdentifier } from '../../src/codecs/dhcp/client-identifier.ts';
import { decodeClientMachineId, encodeClientMachineId } from '../../src/codecs/dhcp/client-machine-id.ts';
import { decodeDhcp } from '../../src/codecs/dhcp/decode.ts';
import { decodeDomainSearch, encodeDomainSearch } from '../../src/codecs/dhcp/domain-search.ts';
import { encodeDhcp } from '../../src/codecs/dhcp/encode.ts';
import { decodeIpxeOptions, encodeIpxeOptions } from '../../src/codecs/dhcp/ipxe-options.ts';
import { optionByCode } from '../../src/codecs/dhcp/option-table.ts';
import { decodeOptionValue, encodeOptionValue } from '../../src/codecs/dhcp/option-values.ts';
import { decodePxeVendorOptions, encodePxeVendorOptions } from '../../src/codecs/dhcp/pxe-vendor-options.ts';
import {
  decodeRelayAgentInformation,
  encodeRelayAgentInformation,
} from '../../src/codecs/dhcp/relay-agent-information.ts';
import { decodeUserClass, encodeUserClass } from '../../src/codecs/dhcp/user-class.ts';
import { decodeVendorClass } from '../../src/codecs/dhcp/vendor-class.ts';
import { MAX_FILE_BYTES, MAX_SNAME_BYTES } from '../../src/codecs/dhcp/wire-format.ts';
import { MalformedPacket } from '../../src/codecs/malformed-packet.ts';
import { decodeTftp, MAX_REQUEST_BYTES } from '../../src/codecs/tftp/decode.ts';
import {
  encodeAck,
  encodeData,
  encodeError,
  encodeOack,
  encodeReadRequest,
  encodeWriteRequest,
} from '../../src/codecs/tftp/encode.ts';
import { TftpOp, type TftpPacket } from '../../src/codecs/tftp/packet.ts';
import { fromHex } from '../codecs/golden/from-hex.ts';

/**
 * Decodes the bytes; what could be decoded is encoded and decoded again and has to be the same.
 *
 * @throws MalformedPacket where the bytes are malformed; anything else is a fault of the codec
 */
export type Check = (bytes: Uint8Array) => void;

function roundTrip<T>(decode: (bytes: Uint8Array) => T, encode: (value: T) => Uint8Array): Check {
  return (bytes) => {
    const value = decode(bytes);
    same(
      sound(() => decode(encode(value))),
      value,
    );
  };
}

/** What was decoded once is well-formed: from here on, MalformedPacket is a fault as well. */
function sound<T>(again: () => T): T {
  try {
    return again();
  } catch (error) {
    throw error instanceof MalformedPacket ? new Error('what was encoded is malformed', { cause: error }) : error;
  }
}

function same(actual: unknown, expected: unknown): void {
  // assert.deepEqual builds its message first; a million packets do not need one.
  if (!isDeepStrictEqual(actual, expected)) assert.deepEqual(actual, expected);
}

const into = new Uint8Array(1472);

export const checkDhcp: Check = (bytes) => {
  const message = decodeDhcp(bytes);
  for (const [code, value] of message.options) checkOption(code, value);
  // A text that fills its whole field is read, but never written: firmware runs over its end.
  if (message.sname.length > MAX_SNAME_BYTES || message.file.length > MAX_FILE_BYTES) return;
  const dropped: number[] = [];
  const again = sound(() => decodeDhcp(encodeDhcp(message, { maxMessageBytes: 1500, into, dropped })));
  for (const code of dropped) message.options.delete(code);
  same(again, message);
};

export const checkTftp: Check = (bytes) => {
  const packet = decodeTftp(bytes);
  const encoded = encodeTftp(packet);
  // Latin-1 becomes UTF-8 on the way, which is longer.
  if (encoded.length <= MAX_REQUEST_BYTES || packet.op === TftpOp.DATA)
    same(
      sound(() => decodeTftp(encoded)),
      packet,
    );
};

export function encodeTftp(packet: TftpPacket): Uint8Array {
  switch (packet.op) {
    case TftpOp.RRQ:
      return encodeReadRequest(packet.name, packet.mode, packet.options);
    case TftpOp.WRQ:
      return encodeWriteRequest(packet.name, packet.mode, packet.options);
    case TftpOp.DATA:
      return encodeData(packet.block, packet.data);
    case TftpOp.ACK:
      return encodeAck(packet.block);
    case TftpOp.ERROR:
      return encodeError(packet.code, packet.message);
    case TftpOp.OACK:
      return encodeOack(packet.options);
  }
}

export interface OptionTarget {
  readonly code: number;
  readonly check: Check;
  /** Values that are well-formed. */
  readonly seeds: readonly Uint8Array[];
}

/** Every codec of an option's value, with seeds for its mutations. */
export const optionTargets: readonly OptionTarget[] = [
  target(43, roundTrip(decodePxeVendorOptions, encodePxeVendorOptions), [
    '06 01 08 ff',
    '07 04 e0000102 08 0a 0000 02 0a4d0001 0a4d0002 09 0e 0000 05 4c6f63616c 0001 03 706f64 0a 05 05 50726573 47 04 0001 0000 ff',
  ]),
  target(60, (bytes) => void decodeVendorClass(bytes), [
    hexOf('PXEClient:Arch:00007:UNDI:003010'),
    hexOf('udhcp 1.35.0'),
  ]),
  target(61, roundTrip(decodeClientIdentifier, encodeClientIdentifier), [
    '01 525400770001',
    '00 00000077 0000 0040 8000000000000001',
    'ff 00770001 0001 0001 2b3c4d5e 525400770001',
    'ff 00000000 0002 000002c9 00 0002c90300a1b2c3',
    'ff 00770001 0003 0001 525400770001',
    'ff 00770001 0004 77000000000040008000000000000001',
  ]),
  target(77, roundTrip(decodeUserClass, encodeUserClass), [hexOf('iPXE'), '04 69505845 03 6f6e65']),
  target(81, roundTrip(decodeClientFqdn, encodeClientFqdn), [
    '04 00 00 05 6e6f646531 04 706f6431 07 6578616d706c65 00',
    `00 00 00 ${hexOf('node1.pod1.example')}`,
  ]),
  target(82, roundTrip(decodeRelayAgentInformation, encodeRelayAgentInformation), [
    '01 03 6c616e',
    '01 06 00040001010a 02 08 0006525400770001 05 04 0a4e0000 0b 04 0a4e0001 97 02 0061',
  ]),
  target(93, roundTrip(decodeClientArchitectures, encodeClientArchitectures), ['0007', '0007 0010']),
  target(97, roundTrip(decodeClientMachineId, encodeClientMachineId), ['00 00000077 0000 0040 8000000000000001']),
  target(119, roundTrip(decodeDomainSearch, encodeDomainSearch), [
    '04 706f6431 07 6578616d706c65 03 636f6d 00 c005 03 6c6162 c005',
  ]),
  target(121, roundTrip(decodeClasslessRoutes, encodeClasslessRoutes), [
    '00 0a4d0001 08 0a 0a4d0001 18 0a4e00 0a4d0002 20 0a4f0001 00000000',
  ]),
  target(175, roundTrip(decodeIpxeOptions, encodeIpxeOptions), [
    'b1 05 01 10 22 80 86 eb 03 01 00 00 13 01 01 18 01 01 24 01 01 b0 01 01 ff',
  ]),
];

const checkByCode = new Map(optionTargets.map(({ code, check }) => [code, check]));

/** An option of a message: malformed values do not make the message malformed. */
function checkOption(code: number, value: Uint8Array): void {
  for (const check of [checkByCode.get(code), checkTypedValue(code)]) {
    try {
      check?.(value);
    } catch (error) {
      if (!(error instanceof MalformedPacket)) throw error;
    }
  }
}

/** The value as podboot.yaml would have it. */
export function checkTypedValue(code: number): Check | undefined {
  const type = optionByCode(code)?.type;
  if (type === undefined) return undefined;
  return (bytes) => {
    const value = decodeOptionValue(type, bytes);
    // Nobody can configure an option without a value.
    if (value !== '')
      same(
        sound(() => decodeOptionValue(type, encodeOptionValue(type, value))),
        value,
      );
  };
}

function target(code: number, check: Check, seeds: readonly string[]): OptionTarget {
  return { code, check, seeds: seeds.map(fromHex) };
}

function hexOf(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex');
}
