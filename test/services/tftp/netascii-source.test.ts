import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { NetasciiSource } from '../../../src/services/tftp/netascii-source.ts';

function sourceOf(bytes: Uint8Array): { source: NetasciiSource; readBytes: () => number } {
  let total = 0;
  const source = new NetasciiSource({
    name: 'grub.cfg',
    sizeBytes: bytes.length,
    read: (offset, length) => {
      const part = bytes.subarray(offset, offset + length);
      total += part.length;
      return part;
    },
    close: () => {},
  });
  return { source, readBytes: () => total };
}

function convert(bytes: Uint8Array): Buffer {
  const out: number[] = [];
  for (const byte of bytes) out.push(...(byte === 0x0a ? [0x0d, 0x0a] : byte === 0x0d ? [0x0d, 0] : [byte]));
  return Buffer.from(out);
}

const textBytes = fc
  .uint8Array({ maxLength: 400 })
  .map((bytes) => bytes.map((byte) => (byte < 90 ? 0x0a : byte < 140 ? 0x0d : byte)));

describe('netascii', () => {
  it('sends LF as CR LF and CR as CR NUL', async () => {
    const { source } = sourceOf(Buffer.from('a\nb\r\nc'));
    assert.equal(Buffer.from(await source.read(0, 100)).toString('latin1'), 'a\r\nb\r\0\r\nc');
  });

  it('is the same text whatever the block size, pairs cut in two included', async () => {
    await fc.assert(
      fc.asyncProperty(textBytes, fc.integer({ min: 1, max: 64 }), async (bytes, blockBytes) => {
        const { source } = sourceOf(bytes);
        const expected = convert(bytes);
        for (let offset = 0; offset <= expected.length; offset += blockBytes) {
          const part = await source.read(offset, blockBytes);
          assert.deepEqual(Buffer.from(part), expected.subarray(offset, offset + blockBytes));
          source.acknowledged(offset);
        }
      }),
    );
  });

  it('gives any part again that is not acknowledged', async () => {
    await fc.assert(
      fc.asyncProperty(textBytes, fc.array(fc.nat(600), { maxLength: 30 }), async (bytes, offsets) => {
        const { source } = sourceOf(bytes);
        const expected = convert(bytes);
        let acknowledged = 0;
        for (const [index, each] of offsets.entries()) {
          const offset = Math.max(each, acknowledged);
          assert.deepEqual(Buffer.from(await source.read(offset, 32)), expected.subarray(offset, offset + 32));
          if (index % 3 === 0) {
            acknowledged = Math.min(offset, expected.length);
            source.acknowledged(acknowledged);
          }
        }
      }),
    );
  });

  it('converts nothing twice on a sound wire: a large file costs one pass', async () => {
    const bytes = new Uint8Array(1_000_000).fill(0x41);
    const { source, readBytes } = sourceOf(bytes);
    for (let offset = 0; offset < bytes.length; offset += 1_468) {
      await source.read(offset, 1_468);
      source.acknowledged(offset + 1_468);
    }
    assert.ok(readBytes() <= bytes.length + 1_468, `${readBytes()}`);
  });
});
