import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decodeTftp, MAX_REQUEST_BYTES } from '../../../src/codecs/tftp/decode.ts';
import {
  encodeAck,
  encodeData,
  encodeError,
  encodeOack,
  encodeReadRequest,
  encodeWriteRequest,
  writeDataHeader,
} from '../../../src/codecs/tftp/encode.ts';
import { TftpOp } from '../../../src/codecs/tftp/packet.ts';
import { fromHex } from '../golden/from-hex.ts';

const block = fc.integer({ min: 0, max: 0xffff });
const text = (minLength = 0) =>
  fc
    .string({ unit: 'binary', minLength, maxLength: 40 })
    .filter((words) => !words.includes('\0') && words.isWellFormed());
const options = fc
  .array(
    fc.tuple(
      text(1).map((name) => name.toLowerCase()),
      text(),
    ),
    { maxLength: 5 },
  )
  .map((entries) => new Map(entries));

describe('decode after encode is the identity', () => {
  test('RRQ and WRQ', () => {
    fc.assert(
      fc.property(
        text(1),
        text().map((mode) => mode.toLowerCase()),
        options,
        (name, mode, sent) => {
          const read = encodeReadRequest(name, mode, sent);
          fc.pre(read.length <= MAX_REQUEST_BYTES);
          assert.deepEqual(decodeTftp(read), { op: TftpOp.RRQ, name, mode, options: sent });
          const write = encodeWriteRequest(name, mode, sent);
          assert.deepEqual(decodeTftp(write), { op: TftpOp.WRQ, name, mode, options: sent });
        },
      ),
    );
  });

  test('DATA', () => {
    fc.assert(
      fc.property(block, fc.uint8Array({ maxLength: 1468 }), (number, data) => {
        assert.deepEqual(decodeTftp(encodeData(number, data)), { op: TftpOp.DATA, block: number, data });
      }),
    );
  });

  test('ACK', () => {
    fc.assert(
      fc.property(block, (number) => {
        assert.deepEqual(decodeTftp(encodeAck(number)), { op: TftpOp.ACK, block: number });
      }),
    );
  });

  test('ERROR', () => {
    fc.assert(
      fc.property(block, text(), (code, message) => {
        assert.deepEqual(decodeTftp(encodeError(code, message)), { op: TftpOp.ERROR, code, message });
      }),
    );
  });

  test('OACK', () => {
    fc.assert(
      fc.property(options, (granted) => {
        assert.deepEqual(decodeTftp(encodeOack(granted)), { op: TftpOp.OACK, options: granted });
      }),
    );
  });
});

test('block numbers roll over to 0', () => {
  assert.deepEqual(encodeAck(65536), fromHex('0004 0000'));
  assert.deepEqual(encodeData(65537, new Uint8Array(0)), fromHex('0003 0001'));
});

test('headers of a window are written into one buffer, and touch nothing else', () => {
  const into = new Uint8Array(12).fill(0xee);
  writeDataHeader(into, 1, 0xabcd);
  writeDataHeader(into, 7, 0x1abce);
  assert.deepEqual(into, fromHex('ee 0003abcd eeee 0003abce ee'));
});

test('what has no room on the wire is refused', () => {
  assert.throws(() => encodeReadRequest('', 'octet'), /needs a file name/);
  assert.throws(() => encodeReadRequest('a\0b', 'octet'), /file name has a NUL/);
  assert.throws(() => encodeOack(new Map([['', '1']])), /needs a name/);
  assert.throws(() => encodeOack(new Map([['tsize', '1\x002']])), /option value has a NUL/);
  assert.throws(() => encodeError(0, 'a\0b'), /error message has a NUL/);
  assert.throws(() => encodeError(65536, ''), RangeError);
});
