import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readPcap } from './pcap.ts';

const folder = mkdtempSync(join(tmpdir(), 'podboot-pcap-'));
after(() => rmSync(folder, { recursive: true }));

interface FrameShape {
  readonly vlan?: boolean;
  readonly ipOptions?: boolean;
  readonly protocol?: number;
  readonly fragment?: number;
  readonly udpLength?: number;
}

function ipv4(payload: string, shape: FrameShape = {}): Buffer {
  const data = Buffer.from(payload);
  const header = Buffer.alloc(shape.ipOptions ? 24 : 20);
  header[0] = 0x40 | (header.length / 4);
  header.writeUInt16BE(shape.fragment ?? 0x4000, 6);
  header[9] = shape.protocol ?? 17;
  header.set([10, 77, 0, 130], 12);
  header.set([10, 77, 0, 1], 16);
  const udp = Buffer.alloc(8);
  udp.writeUInt16BE(1294, 0);
  udp.writeUInt16BE(69, 2);
  udp.writeUInt16BE(shape.udpLength ?? 8 + data.length, 4);
  return Buffer.concat([header, udp, data]);
}

function ethernet(payload: string, shape: FrameShape = {}): Buffer {
  const tag = shape.vlan ? [0x81, 0x00, 0, 42] : [];
  const padding = Buffer.alloc(18);
  return Buffer.concat([Buffer.alloc(12), Buffer.from([...tag, 0x08, 0x00]), ipv4(payload, shape), padding]);
}

function capture(frames: readonly Buffer[], { magic = 0xa1b2c3d4, little = true, linkType = 1 } = {}): string {
  const words = (...values: number[]) => {
    const bytes = Buffer.alloc(4 * values.length);
    for (const [index, value] of values.entries()) {
      if (little) bytes.writeUInt32LE(value, 4 * index);
      else bytes.writeUInt32BE(value, 4 * index);
    }
    return bytes;
  };
  const records = frames.flatMap((frame) => [words(1_700_000_000, 500_000, frame.length, frame.length), frame]);
  const path = join(folder, 'capture.pcap');
  writeFileSync(path, Buffer.concat([words(magic, 0x00040002, 0, 0, 65535, linkType), ...records]));
  return path;
}

const payloads = (path: string) => readPcap(path).map(({ payload }) => Buffer.from(payload).toString());

test('a datagram has its ends, its time and its payload without the padding of the frame', () => {
  assert.deepEqual(readPcap(capture([ethernet('hello')])), [
    {
      timeMs: 1_700_000_000_500,
      source: { address: '10.77.0.130', port: 1294 },
      destination: { address: '10.77.0.1', port: 69 },
      payload: Uint8Array.from(Buffer.from('hello')),
    },
  ]);
});

test('either byte order, nanoseconds, VLAN tags, IP options, raw IP', () => {
  assert.deepEqual(payloads(capture([ethernet('big')], { little: false })), ['big']);
  const [nano] = readPcap(capture([ethernet('nano')], { magic: 0xa1b23c4d }));
  assert.equal(nano?.timeMs, 1_700_000_000_000.5);
  const shapes = [ethernet('tagged', { vlan: true }), ethernet('options', { ipOptions: true })];
  assert.deepEqual(payloads(capture(shapes)), ['tagged', 'options']);
  assert.deepEqual(payloads(capture([ipv4('raw')], { linkType: 101 })), ['raw']);
});

test('TCP, fragments and datagrams that were cut are left out', () => {
  const frames = [
    ethernet('tcp', { protocol: 6 }),
    ethernet('first', { fragment: 0x2000 }),
    ethernet('last', { fragment: 0x0010 }),
    ethernet('cut', { udpLength: 200 }),
    ethernet('whole'),
  ];
  assert.deepEqual(payloads(capture(frames)), ['whole']);
});

test('what is no classic capture is an error', () => {
  assert.throws(() => readPcap(capture([], { magic: 0x0a0d0d0a })), /no classic pcap file/);
  assert.throws(() => readPcap(capture([], { linkType: 113 })), /link type 113/);
});
