import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeTftp, MAX_REQUEST_BYTES } from '../../../src/codecs/tftp/decode.ts';
import { encodeReadRequest } from '../../../src/codecs/tftp/encode.ts';
import { TftpErrorCode, TftpOp } from '../../../src/codecs/tftp/packet.ts';
import { fromHex } from '../golden/from-hex.ts';
import { latin1Bytes, malformed } from '../malformed.ts';

const request = (text: string) => latin1Bytes(`\0\x01${text}`);

test('mode and option names come in any case, and are lower case here; values stay', () => {
  assert.deepEqual(decodeTftp(request('File\0OcTeT\0BLKSIZE\x001468\0TSize\x000\0X-Note\0Hello\0')), {
    op: TftpOp.RRQ,
    name: 'File',
    mode: 'octet',
    options: new Map([
      ['blksize', '1468'],
      ['tsize', '0'],
      ['x-note', 'Hello'],
    ]),
  });
});

test('of an option that is there twice the first counts', () => {
  const packet = decodeTftp(request('file\0octet\0blksize\x00512\0BlkSize\x001468\0'));
  assert.deepEqual(packet.op === TftpOp.RRQ && [...packet.options], [['blksize', '512']]);
});

test('a request to write is told apart', () => {
  assert.equal(decodeTftp(latin1Bytes('\0\x02core\0octet\0')).op, TftpOp.WRQ);
});

test('names are passed on as they are: what may be served is decided elsewhere', () => {
  for (const name of ['../../etc/shadow', '/grub/grub.cfg', '//grubx64.efi', 'a\\b', '%2e%2e/x']) {
    const packet = decodeTftp(request(`${name}\0octet\0`));
    assert.equal(packet.op === TftpOp.RRQ && packet.name, name);
  }
});

test('names are UTF-8, or Latin-1 where they can not be', () => {
  const named = (hex: string) => {
    const packet = decodeTftp(fromHex(`0001 ${hex} 00 6f6374657400`));
    return packet.op === TftpOp.RRQ && packet.name;
  };
  assert.equal(named('c3a9'), 'é');
  assert.equal(named('e9'), 'é');
  assert.equal(named('efbbbf61'), '\ufeffa', 'nothing is taken off');
});

test('NULs behind the options are padding, anything else is not', () => {
  const packet = decodeTftp(request('file\0octet\0tsize\x000\0\0\0\0'));
  assert.equal(packet.op === TftpOp.RRQ && packet.options.size, 1);
  malformed(() => decodeTftp(request('file\0octet\0\0tsize\x000\0')), /option name is empty/);
});

test('a text without its NUL, or an option without its value, is malformed', () => {
  malformed(() => decodeTftp(request('file')), /^TFTP RRQ: file name does not end with a NUL/);
  malformed(() => decodeTftp(request('file\0octet')), /mode does not end/);
  malformed(() => decodeTftp(request('file\0octet\0blksize')), /option name does not end/);
  malformed(() => decodeTftp(request('file\0octet\0blksize\0')), /option value does not end/);
  malformed(() => decodeTftp(request('\0octet\0')), /file name is empty/);
});

test('a request larger than a frame is malformed', () => {
  const name = 'a'.repeat(MAX_REQUEST_BYTES - 2 - 1 - 6);
  assert.equal(decodeTftp(encodeReadRequest(name, 'octet')).op, TftpOp.RRQ);
  malformed(() => decodeTftp(encodeReadRequest(`${name}a`, 'octet')), /longer than 1472 bytes/);
});

test('DATA is a view, also when it is empty: the end of a file', () => {
  const bytes = fromHex('0003 ffff 616263');
  const packet = decodeTftp(bytes);
  assert.deepEqual(packet, { op: TftpOp.DATA, block: 65535, data: latin1Bytes('abc') });
  bytes[4] = 0x7a;
  assert.deepEqual(packet.op === TftpOp.DATA && packet.data, latin1Bytes('zbc'));
  assert.deepEqual(decodeTftp(fromHex('0003 0001')), { op: TftpOp.DATA, block: 1, data: new Uint8Array(0) });
});

test('an ACK counts also with bytes behind it', () => {
  assert.deepEqual(decodeTftp(fromHex('0004 0102')), { op: TftpOp.ACK, block: 0x102 });
  assert.deepEqual(decodeTftp(fromHex('0004 0102 0000')), { op: TftpOp.ACK, block: 0x102 });
});

test('an ERROR ends a transfer whether its message is whole or not', () => {
  const code = TftpErrorCode.FILE_NOT_FOUND;
  assert.deepEqual(decodeTftp(fromHex('0005 0001 6e6f00')), { op: TftpOp.ERROR, code, message: 'no' });
  assert.deepEqual(decodeTftp(fromHex('0005 0001 6e6f')), { op: TftpOp.ERROR, code, message: 'no' });
  assert.deepEqual(decodeTftp(fromHex('0005 0001')), { op: TftpOp.ERROR, code, message: '' });
});

test('other opcodes, and packets that end in their header, are malformed', () => {
  malformed(() => decodeTftp(new Uint8Array(0)), /ends before its opcode/);
  malformed(() => decodeTftp(fromHex('00')), /ends before its opcode/);
  for (const op of ['0000', '0007', '0103']) malformed(() => decodeTftp(fromHex(`${op}0001`)), /opcode is/);
  for (const op of ['0003', '0004', '0005']) malformed(() => decodeTftp(fromHex(`${op}00`)), /4 bytes of header/);
});
