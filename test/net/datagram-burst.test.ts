import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Endpoint, SegmentingSocket } from '../../src/domain/ports.ts';
import { createHostNetwork } from '../../src/net/host-network.ts';
import { readInterfaces } from '../../src/net/interfaces.ts';
import { loadLibc } from '../../src/net/libc.ts';

const LOOPBACK = '127.0.0.1';
const state = loadLibc();
const skip =
  state.libc === undefined
    ? `needs the C library: ${state.reason}`
    : !readInterfaces().some((each) => each.name === 'lo' && each.up) && 'needs lo switched on';

const network = createHostNetwork();

async function open(context: TestContext): Promise<SegmentingSocket> {
  const socket = await network.openDatagram({ address: LOOPBACK, port: 0, receiveBufferBytes: 1 << 20 });
  context.after(() => socket.close());
  return socket;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

/** Hears until `count` datagrams have come. */
function hear(socket: SegmentingSocket, count: number, each: (data: Uint8Array, from: Endpoint) => void = () => {}) {
  const heard: string[] = [];
  return new Promise<string[]>((resolve) => {
    socket.onMessage((data, from) => {
      heard.push(text(data));
      each(data, from);
      if (heard.length === count) resolve(heard);
    });
  });
}

describe('a burst of datagrams', { skip, timeout: 10_000 }, () => {
  it('is heard whole and in its order', async (context) => {
    const server = await open(context);
    const client = await open(context);
    const heard = hear(server, 700);
    const expected = Array.from({ length: 700 }, (_, index) => `datagram ${index}`);
    for (const each of expected) client.send(Buffer.from(each), server.local);
    assert.deepEqual(await heard, expected);
  });

  it('of many senders is answered to each of them', async (context) => {
    const server = await open(context);
    const clients = await Promise.all(Array.from({ length: 20 }, () => open(context)));
    const answers = clients.map((client) => hear(client, 5));
    void hear(server, 100, (data, from) => server.send(Buffer.from(`${text(data)} of ${from.port}`), from));
    for (let round = 0; round < 5; round += 1) {
      for (const client of clients) client.send(Buffer.from(`${round}`), server.local);
    }
    for (const [index, heard] of (await Promise.all(answers)).entries()) {
      const port = clients[index]?.local.port;
      assert.deepEqual(
        heard,
        [0, 1, 2, 3, 4].map((round) => `${round} of ${port}`),
      );
    }
  });

  it('is answered rightly where the answer goes to somebody else', async (context) => {
    const server = await open(context);
    const client = await open(context);
    const other = await open(context);
    const answers = hear(other, 50);
    const echoes = hear(client, 50);
    void hear(server, 50, (data, from) => {
      server.send(data, other.local);
      server.send(data, from);
    });
    for (let index = 0; index < 50; index += 1) client.send(Buffer.from(`${index}`), server.local);
    const expected = Array.from({ length: 50 }, (_, index) => `${index}`);
    assert.deepEqual(await answers, expected);
    assert.deepEqual(await echoes, expected);
  });

  it('brings empty datagrams and the largest ones as they are', async (context) => {
    const server = await open(context);
    const client = await open(context);
    const sizes: number[] = [];
    const heard = hear(server, 4, (data) => sizes.push(data.length));
    for (const size of [0, 65_507, 0, 1]) client.send(new Uint8Array(size), server.local);
    await heard;
    assert.deepEqual(sizes, [0, 65_507, 0, 1]);
  });

  it('leaves room for everything else: a turn takes only so many', async (context) => {
    const server = await open(context);
    const client = await open(context);
    const turns: number[] = [0];
    const heard = hear(server, 2_000, () => {
      if (turns.at(-1) === 0) setImmediate(() => turns.push(0));
      turns.push((turns.pop() ?? 0) + 1);
    });
    for (let index = 0; index < 2_000; index += 1) client.send(Buffer.from('x'), server.local);
    await heard;
    // libuv itself may bring 32 beside.
    assert.ok(Math.max(...turns) <= 256 + 32, `${Math.max(...turns)} in one turn`);
    assert.ok(turns.length < 100, 'and does not bring them one by one');
  });

  it('ends where its listener closes the socket', async (context) => {
    const server = await open(context);
    const client = await open(context);
    let heard = 0;
    const closed = new Promise<void>((resolve) => {
      server.onMessage(() => {
        heard += 1;
        server.close();
        setImmediate(resolve);
      });
    });
    for (let index = 0; index < 50; index += 1) client.send(Buffer.from('x'), server.local);
    await closed;
    assert.equal(heard, 1);
  });
});
