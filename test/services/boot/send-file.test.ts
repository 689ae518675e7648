import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { truncate, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { FileSender } from '../../../src/domain/ports.ts';
import { createFileSender } from '../../../src/net/sendfile.ts';
import { type BootService, createBootService } from '../../../src/services/boot/boot-service.ts';
import { PAGE_RUN_BYTES, PageWarmer } from '../../../src/services/boot/page-warmer.ts';
import { TurnBudget } from '../../../src/services/boot/turn-budget.ts';
import { FakeClock, settle } from '../../harness/clock.ts';
import { FixedLeases, FixedNodes, loopbackSettings, RecordedEvents, temporaryFolder } from './fixtures.ts';

/** Not a multiple of anything, and more than a loopback socket's buffers hold. */
const SIZE = 24 * 1024 * 1024 + 12_345;

/** Bytes that differ everywhere, so that one that is lost, doubled or moved shows. */
function noise(sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  let state = 0x9e3779b9;
  for (let index = 0; index < sizeBytes; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

const CONTENT = noise(SIZE);

interface Room {
  readonly service: BootService;
  readonly events: RecordedEvents;
  readonly clock: FakeClock;
  readonly port: number;
  readonly path: string;
  sendfileBytes: number;
}

async function room(test: TestContext, sender?: FileSender): Promise<Room> {
  const folder = await temporaryFolder(test, { 'assets/big': CONTENT, 'assets/small': 'small' });
  const events = new RecordedEvents();
  const clock = new FakeClock();
  const made: Room = {
    service: undefined as never,
    events,
    clock,
    port: 0,
    path: join(folder, 'assets/big'),
    sendfileBytes: 0,
  };
  const counted: FileSender | undefined = sender && {
    descriptorOf: (socket) => sender.descriptorOf(socket),
    send: (...rest) => {
      const sent = sender.send(...rest);
      if (typeof sent === 'number') made.sendfileBytes += sent;
      return sent;
    },
  };
  const service = createBootService({
    settings: loopbackSettings(join(folder, 'assets')),
    nodes: new FixedNodes(),
    leases: new FixedLeases(),
    clock,
    events,
    ...(counted === undefined ? {} : { fileSender: counted }),
  });
  await service.start();
  test.after(() => service.stop());
  return Object.assign(made, { service, port: service.listening()[0]?.port ?? 0 });
}

/** Sends requests in one go and gives back everything that comes until the server has answered all and closed. */
async function exchange(
  port: number,
  requests: string,
  read: (socket: Socket) => void = () => undefined,
): Promise<Buffer> {
  return await new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const socket = connect({ host: '127.0.0.1', port }, () => socket.write(requests));
    socket.on('data', (part: Buffer) => {
      parts.push(part);
      read(socket);
    });
    socket.on('close', () => resolve(Buffer.concat(parts)));
    socket.on('error', reject);
  });
}

function get(path: string, ...headers: string[]): string {
  return [`GET ${path} HTTP/1.1`, 'Host: x', ...headers, '', ''].join('\r\n');
}

interface Response {
  readonly status: number;
  readonly body: Buffer;
}

/** Responses one after another, each as long as its Content-Length says. */
function split(stream: Buffer): Response[] {
  const responses: Response[] = [];
  let position = 0;
  while (position < stream.length) {
    const end = stream.indexOf('\r\n\r\n', position);
    assert.ok(end >= 0, 'a header has an end');
    const head = stream.toString('latin1', position, end);
    const status = Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]);
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1]);
    responses.push({ status, body: stream.subarray(end + 4, end + 4 + length) });
    position = end + 4 + length;
  }
  return responses;
}

function assertSame(actual: Buffer | undefined, expected: Buffer): void {
  assert.equal(actual?.length, expected.length);
  assert.equal(digest(actual ?? Buffer.alloc(0)), digest(expected));
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

const sender = createFileSender();
const PATHS = [
  { name: 'by ordinary writes', sender: undefined },
  { name: 'by sendfile', sender },
];

for (const path of PATHS) {
  const skip = path.name === 'by sendfile' && sender === undefined ? 'the C library can not be called here' : false;

  test(`${path.name}: a fast client gets every byte`, { skip }, async (test) => {
    const { port, events, ...made } = await room(test, path.sender);
    const [response] = split(await exchange(port, get('/assets/big', 'Connection: close')));
    assertSame(response?.body, CONTENT);
    assert.equal(events.of('http.asset')[0]?.data?.bytes, SIZE);
    assert.equal(made.service.statistics().httpSentBytes, SIZE);
  });

  test(`${path.name}: a client that pauses again and again gets every byte`, { skip }, async (test) => {
    const { port } = await room(test, path.sender);
    let received = 0;
    const stream = await exchange(port, get('/assets/big', 'Connection: close'), (socket) => {
      received += 1;
      if (received % 20 !== 0) return;
      socket.pause();
      void settle(30).then(() => socket.resume());
    });
    assertSame(split(stream)[0]?.body, CONTENT);
  });

  test(`${path.name}: requests sent in one go are answered one after another`, { skip }, async (test) => {
    const { port } = await room(test, path.sender);
    const requests = [
      get('/assets/big'),
      get('/assets/small'),
      get('/assets/big', 'Range: bytes=1000000-9000000'),
      get('/assets/none'),
      get('/assets/big', 'Connection: close'),
    ];
    const responses = split(await exchange(port, requests.join('')));
    assert.deepEqual(
      responses.map((response) => response.status),
      [200, 200, 206, 404, 200],
    );
    assertSame(responses[0]?.body, CONTENT);
    assert.equal(responses[1]?.body.toString(), 'small');
    assertSame(responses[2]?.body, CONTENT.subarray(1_000_000, 9_000_001));
    assertSame(responses[4]?.body, CONTENT);
  });

  test(`${path.name}: eight clients at once get every byte`, { skip }, async (test) => {
    const { port } = await room(test, path.sender);
    const streams = await Promise.all(
      Array.from({ length: 8 }, () => exchange(port, get('/assets/big', 'Connection: close'))),
    );
    for (const stream of streams) assertSame(split(stream)[0]?.body, CONTENT);
  });

  test(`${path.name}: a client that takes nothing for a minute is cut off and told`, { skip }, async (test) => {
    const { port, events, clock } = await room(test, path.sender);
    const socket = connect({ host: '127.0.0.1', port }, () => socket.write(get('/assets/big')));
    socket.on('error', () => undefined);
    socket.pause();
    await until(() => clock.pendingTimers === 1);
    await idle(clock);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    clock.advance(60_000);
    socket.resume();
    await closed;
    await until(() => events.of('http.asset').length === 1);
    const [event] = events.of('http.asset');
    assert.equal(event?.level, 'warn');
    assert.match(event?.text ?? '', /took nothing for a minute and was cut off after \d+\.\d of 25\.2 MB of big/);
    assert.equal(clock.pendingTimers, 0);
  });

  test(`${path.name}: a client that goes away ends its download`, { skip }, async (test) => {
    const { port, events, clock } = await room(test, path.sender);
    const socket = connect({ host: '127.0.0.1', port }, () => socket.write(get('/assets/big')));
    socket.on('error', () => undefined);
    socket.once('data', () => socket.resetAndDestroy());
    await until(() => events.of('http.asset').length === 1);
    assert.match(events.of('http.asset')[0]?.text ?? '', /broke off/);
    assert.equal(clock.pendingTimers, 0);
  });

  test(`${path.name}: a file that becomes shorter breaks the connection off`, { skip }, async (test) => {
    const { port, events, ...made } = await room(test, path.sender);
    const socket = connect({ host: '127.0.0.1', port }, () => socket.write(get('/assets/big')));
    socket.on('error', () => undefined);
    let received = 0;
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.once('data', () => {
      socket.pause();
      void truncate(made.path, 100).then(() => socket.resume());
    });
    socket.on('data', (part: Buffer) => {
      received += part.length;
    });
    await closed;
    assert.ok(received < SIZE);
    await until(() => events.of('http.failed').length === 1);
    assert.match(events.of('http.failed')[0]?.mend ?? '', /renaming/);
  });
}

test('sendfile sends nearly all of a large file', { skip: sender === undefined }, async (test) => {
  const made = await room(test, sender);
  await exchange(made.port, get('/assets/big', 'Connection: close'));
  assert.ok(made.sendfileBytes > SIZE / 2, `${made.sendfileBytes} of ${SIZE}`);
});

test('a sender that fails leaves the bytes to the ordinary way', async (test) => {
  const { port } = await room(test, { descriptorOf: () => 1, send: () => ({ errno: 'EINVAL' }) });
  assertSame(split(await exchange(port, get('/assets/big', 'Connection: close')))[0]?.body, CONTENT);
});

test('a socket without a descriptor leaves the bytes to the ordinary way', async (test) => {
  const { port } = await room(test, { descriptorOf: () => undefined, send: () => assert.fail('nothing to send to') });
  assertSame(split(await exchange(port, get('/assets/big', 'Connection: close')))[0]?.body, CONTENT);
});

test('one turn of the loop sends no more than its budget, and everybody gets a turn', async () => {
  const budget = new TurnBudget(2 * PAGE_RUN_BYTES);
  let turn = 0;
  let sentInTurn = 0;
  const count = (): void => {
    turn += 1;
    sentInTurn = 0;
    if (turn < 40) setImmediate(count);
  };
  setImmediate(count);
  const client = async (): Promise<void> => {
    for (let left = 3; left > 0; left -= 1) {
      while (budget.left === 0) await budget.nextTurn();
      const bytes = Math.min(PAGE_RUN_BYTES, budget.left);
      budget.spend(bytes);
      sentInTurn += bytes;
      assert.ok(sentInTurn <= 4 * PAGE_RUN_BYTES);
    }
  };
  await Promise.all(Array.from({ length: 10 }, client));
  assert.ok(turn >= 10, `${turn} turns`);
});

test('pages are read once for all, ahead of the reader, and anew after a minute', async (test) => {
  const folder = await temporaryFolder(test);
  await writeFile(join(folder, 'file'), Buffer.alloc(6 * PAGE_RUN_BYTES));
  const clock = new FakeClock();
  const reads: number[] = [];
  const handle = {
    read: async (_into: Buffer, _at: number, _length: number, position: number) => {
      reads.push(position / PAGE_RUN_BYTES);
    },
  };
  const asset = { name: 'file', sizeBytes: 6 * PAGE_RUN_BYTES, mtimeMs: 0, identity: 'x', handle: handle as never };
  const warmer = new PageWarmer(() => clock.monotonic());
  await Promise.all([warmer.warm(asset, 0), warmer.warm(asset, 5), warmer.warm(asset, 0)]);
  assert.deepEqual(reads.sort(), [0, 1, 2, 3]);
  assert.equal(warmer.warm(asset, 10), undefined);
  await warmer.warm(asset, 5 * PAGE_RUN_BYTES);
  assert.deepEqual(reads, [0, 1, 2, 3, 5]);
  clock.advance(61_000);
  assert.notEqual(warmer.warm(asset, 0), undefined);
});

/** Waits for real input and output, which no fake clock moves. */
async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 200_000; turn += 1) {
    if (condition()) return;
    await settle(1);
  }
  assert.fail('it never came true');
}

/** Until the transfer has filled the sockets and nothing more happens. */
async function idle(clock: FakeClock): Promise<void> {
  await settle(2_000);
  assert.equal(clock.pendingTimers, 1);
}
