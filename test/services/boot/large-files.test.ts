import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { FileSender } from '../../../src/domain/ports.ts';
import { createFileSender } from '../../../src/net/sendfile.ts';
import { createBootService } from '../../../src/services/boot/boot-service.ts';
import { FakeClock } from '../../harness/clock.ts';
import { FixedLeases, FixedNodes, loopbackSettings, RecordedEvents, temporaryFolder } from './fixtures.ts';

/** 9 GiB: past what 32 bits hold, twice. It takes no room on the disk but for its marks. */
const SIZE = 9 * 2 ** 30 + 4_321;
const MARK_BYTES = 4_096;
/** Around the places where 31, 32 and 33 bits end, and at both ends of the file. */
const PLACES = [0, 2 ** 31 - 100, 2 ** 32 - 100, 2 ** 32 + 65_536 - 7, 2 ** 33 - 1, SIZE - MARK_BYTES];

function mark(offset: number): Buffer {
  const bytes = Buffer.alloc(MARK_BYTES);
  for (let index = 0; index < MARK_BYTES; index += 8) bytes.writeBigUInt64BE(BigInt(offset + index), index);
  return bytes;
}

async function room(
  test: TestContext,
  sender: FileSender | undefined,
): Promise<{ port: number; sentBySendfile: () => number }> {
  const folder = await temporaryFolder(test, { 'assets/.keep': '' });
  const handle = await open(join(folder, 'assets/ubuntu.iso'), 'w');
  await handle.truncate(SIZE);
  for (const offset of PLACES) await handle.write(mark(offset), 0, MARK_BYTES, offset);
  await handle.close();
  let sent = 0;
  const counted: FileSender | undefined = sender && {
    descriptorOf: (socket) => sender.descriptorOf(socket),
    send: (...rest) => {
      const taken = sender.send(...rest);
      if (typeof taken === 'number') sent += taken;
      return taken;
    },
  };
  const service = createBootService({
    settings: loopbackSettings(join(folder, 'assets')),
    nodes: new FixedNodes(),
    leases: new FixedLeases(),
    clock: new FakeClock(),
    events: new RecordedEvents(),
    ...(counted === undefined ? {} : { fileSender: counted }),
  });
  await service.start();
  test.after(() => service.stop());
  return { port: service.listening()[0]?.port ?? 0, sentBySendfile: () => sent };
}

async function ask(port: number, method: string, range?: string): Promise<IncomingMessage> {
  return await new Promise((resolve, reject) => {
    const headers = range === undefined ? {} : { range };
    request({ host: '127.0.0.1', port, method, path: '/assets/ubuntu.iso', headers, agent: false }, resolve)
      .on('error', reject)
      .end();
  });
}

async function body(response: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

const sender = createFileSender();
for (const way of [
  { name: 'ordinary writes', sender: undefined },
  { name: 'sendfile', sender },
]) {
  const skip = way.name === 'sendfile' && sender === undefined ? 'the C library can not be called' : false;

  test(`the length of a file of 9 GiB is told to the byte (${way.name})`, { skip }, async (test) => {
    const { port } = await room(test, way.sender);
    for (const method of ['HEAD', 'GET']) {
      const response = await ask(port, method);
      assert.equal(response.headers['content-length'], String(SIZE));
      response.destroy();
    }
  });

  test(`ranges beyond 31, 32 and 33 bits hold the bytes of their places (${way.name})`, { skip }, async (test) => {
    const { port } = await room(test, way.sender);
    for (const offset of PLACES) {
      const response = await ask(port, 'GET', `bytes=${offset}-${offset + MARK_BYTES - 1}`);
      assert.equal(response.statusCode, 206);
      assert.equal(response.headers['content-range'], `bytes ${offset}-${offset + MARK_BYTES - 1}/${SIZE}`);
      assert.deepEqual(await body(response), mark(offset), `${offset}`);
    }
    const suffix = await ask(port, 'GET', `bytes=-${MARK_BYTES}`);
    assert.deepEqual(await body(suffix), mark(SIZE - MARK_BYTES));
    const open = await ask(port, 'GET', `bytes=${SIZE - 8}-`);
    assert.deepEqual(await body(open), mark(SIZE - MARK_BYTES).subarray(-8));
    assert.equal((await ask(port, 'GET', `bytes=${SIZE}-`)).statusCode, 416);
  });

  test(`a run of 48 MB across 4 GiB arrives whole (${way.name})`, { skip }, async (test) => {
    const { port, sentBySendfile } = await room(test, way.sender);
    const first = 2 ** 32 - 24 * 1_000_000;
    const last = 2 ** 32 + 24 * 1_000_000;
    const bytes = await body(await ask(port, 'GET', `bytes=${first}-${last}`));
    assert.equal(bytes.length, last - first + 1);
    for (const offset of PLACES.filter((place) => place > first && place < last)) {
      assert.deepEqual(bytes.subarray(offset - first, offset - first + MARK_BYTES), mark(offset), `${offset}`);
    }
    const zeros = bytes.reduce((count, byte) => count + (byte === 0 ? 1 : 0), 0);
    assert.ok(zeros > bytes.length - 2 * MARK_BYTES, 'and nothing else');
    if (way.sender !== undefined) assert.ok(sentBySendfile() > 0, 'the kernel sent some of it');
  });
}
