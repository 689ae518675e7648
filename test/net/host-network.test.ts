import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { HostRefused } from '../../src/domain/errors.ts';
import type { DatagramOptions, Endpoint, Network, SegmentingSocket } from '../../src/domain/ports.ts';
import { createHostNetwork } from '../../src/net/host-network.ts';
import { readInterfaces } from '../../src/net/interfaces.ts';
import { loadLibc } from '../../src/net/libc.ts';

const LOOPBACK = '127.0.0.1';
const state = loadLibc();
const noLibc = state.libc === undefined && `needs the C library: ${state.reason}`;
const noLoopback = readInterfaces().some((each) => each.name === 'lo' && each.up) ? false : 'needs lo switched on';
const skip = noLibc || noLoopback;

const native = createHostNetwork();
const plain = createHostNetwork({ libc: undefined, reason: 'as if koffi were not there' });

async function open(
  context: TestContext,
  network: Network,
  options: Partial<DatagramOptions> = {},
): Promise<SegmentingSocket> {
  const socket = await network.openDatagram({ address: LOOPBACK, port: 0, ...options });
  context.after(() => socket.close());
  return socket;
}

/** Resolves when as many datagrams have come; a loss on loopback would be a fault, and ends at the test's timeout. */
function hear(socket: SegmentingSocket, count: number): Promise<{ data: Uint8Array; from: Endpoint }[]> {
  const heard: { data: Uint8Array; from: Endpoint }[] = [];
  return new Promise((resolve) => {
    socket.onMessage((data, from) => {
      heard.push({ data: Uint8Array.from(data), from });
      if (heard.length === count) resolve(heard);
    });
  });
}

async function refusal(network: Network, options: DatagramOptions): Promise<HostRefused> {
  try {
    (await network.openDatagram(options)).close();
  } catch (error) {
    assert.ok(error instanceof HostRefused, String(error));
    assert.ok(error.mend !== undefined && error.mend.length > 0);
    return error;
  }
  return assert.fail('it was opened');
}

for (const [kind, network, reason] of [
  ['with the C library', native, skip],
  ['by dgram alone', plain, noLoopback],
] as const) {
  describe(`a datagram socket ${kind}`, { skip: reason, timeout: 10_000 }, () => {
    it('sends and hears, and knows the sender', async (context) => {
      const server = await open(context, network);
      const client = await open(context, network);
      const heard = hear(server, 1);
      client.send(Buffer.from('hello'), server.local);
      const [datagram] = await heard;
      assert.equal(Buffer.from(datagram?.data ?? []).toString(), 'hello');
      assert.equal(datagram?.from.address, LOOPBACK);
      assert.equal(datagram?.from.port, client.local.port);
    });

    it('takes the bytes before send returns', async (context) => {
      const server = await open(context, network);
      const client = await open(context, network);
      const heard = hear(server, 20);
      const buffer = new Uint8Array(100);
      for (let value = 0; value < 20; value += 1) client.send(buffer.fill(value), server.local);
      buffer.fill(0xff);
      const values = (await heard).map(({ data }) => data[0]);
      assert.deepEqual(
        values,
        Array.from({ length: 20 }, (_, value) => value),
      );
    });

    it('tells done, after the call, how a send went', async (context) => {
      const socket = await open(context, network);
      let inCall = true;
      const result = await new Promise<Error | null>((resolve) => {
        socket.send(Buffer.from('x'), socket.local, (error) => {
          assert.equal(inCall, false);
          resolve(error);
        });
        inCall = false;
      });
      assert.equal(result, null);
    });

    it('tells onError when a send fails and there is no done', async (context) => {
      const socket = await open(context, network);
      const failed = new Promise<Error>((resolve) => socket.onError(resolve));
      // A broadcast without SO_BROADCAST.
      socket.send(Buffer.from('x'), { address: '255.255.255.255', port: 9 });
      assert.match((await failed).message, /EACCES|ENETUNREACH/);
    });

    it('never asks DNS for an address', async (context) => {
      const socket = await open(context, network);
      const error = await new Promise<Error | null>((resolve) => {
        socket.send(Buffer.from('x'), { address: 'localhost', port: 9 }, resolve);
      });
      assert.match(error?.message ?? '', /EINVAL/);
    });

    it('can be closed twice, and a send after that fails alone', async (context) => {
      const socket = await open(context, network);
      socket.close();
      socket.close();
      const error = await new Promise<Error | null>((resolve) => {
        socket.send(Buffer.from('x'), { address: LOOPBACK, port: 9 }, resolve);
      });
      assert.match(error?.message ?? '', /EBADF/);
    });

    it('says that a port is in use, and by whom where that can be found out', async (context) => {
      const other = await open(context, network);
      const { port } = other.local;
      const error = await refusal(network, { address: LOOPBACK, port });
      assert.match(error.message, new RegExp(`^UDP port ${port} of 127\\.0\\.0\\.1 is in use`));
      assert.match(error.message, new RegExp(`\\(pid ${process.pid}\\)$`));
    });

    it('says that an address is not on this host', async () => {
      const error = await refusal(network, { address: '203.0.113.77', port: 0 });
      assert.match(error.message, /203\.0\.113\.77 is not on this host/);
    });
  });
}

describe('with the C library', { skip, timeout: 10_000 }, () => {
  it('a socket is bound to its interface', async (context) => {
    const server = await open(context, native, { interfaceName: 'lo' });
    const client = await open(context, native);
    const heard = hear(server, 1);
    client.send(Buffer.from('x'), server.local);
    assert.equal((await heard).length, 1);
  });

  it('one send leaves as datagrams of the segment size, the last one shorter', async (context) => {
    const server = await open(context, native);
    const client = await open(context, native);
    const heard = hear(server, 5);
    client.sendSegments(new Uint8Array(1_472 * 4 + 100), 1_472, server.local);
    const sizes = (await heard).map(({ data }) => data.length);
    assert.deepEqual(sizes, [1_472, 1_472, 1_472, 1_472, 100]);
  });

  it('goes on one by one where the kernel refuses to cut a send', async (context) => {
    // Loopback's MTU lets any segment through; what it refuses is a send beyond 64 KiB.
    const server = await open(context, native, { receiveBufferBytes: 1 << 20 });
    const client = await open(context, native);
    const heard = hear(server, 5);
    client.sendSegments(new Uint8Array(80_000).fill(7), 40_000, server.local);
    client.sendSegments(new Uint8Array(1_124), 512, server.local);
    const sizes = (await heard).map(({ data }) => data.length);
    assert.deepEqual(sizes, [40_000, 40_000, 512, 512, 100]);
  });

  it('a second server can not take the port unnoticed, even with SO_REUSEADDR', async (context) => {
    const socket = await open(context, native);
    const thief = createSocket({ type: 'udp4', reuseAddr: true });
    context.after(() => thief.close());
    thief.bind(socket.local.port, LOOPBACK);
    const [error] = await once(thief, 'error');
    assert.ok(error instanceof Error && /EADDRINUSE/.test(error.message));
  });

  it('two may share a port where both want to', async (context) => {
    const first = await open(context, native, { reuseAddress: true });
    const second = await open(context, native, { reuseAddress: true, port: first.local.port });
    assert.equal(second.local.port, first.local.port);
  });

  it('an interface that is not there is named beside those that are', async () => {
    const error = await refusal(native, { interfaceName: 'nosuch0', address: '0.0.0.0', port: 0 });
    assert.match(error.message, /nosuch0 is not there/);
    assert.match(error.mend ?? '', /this host has .*lo/);
  });

  it('an address that its interface does not bear is told with those that it does', async () => {
    const error = await refusal(native, { interfaceName: 'lo', address: '203.0.113.77', port: 0 });
    assert.match(error.message, /not on interface lo, which has 127\.0\.0\.1/);
  });

  it('a refused neighbour is false and no error', () => {
    assert.equal(native.addNeighbour('nosuch0', 0x0a4d0064, new Uint8Array(6).fill(2)), false);
    assert.equal(native.addNeighbour('lo', 0x0a4d0064, new Uint8Array(20)), false);
    assert.equal(native.addNeighbour('a-name-beyond-15-bytes', 0x0a4d0064, new Uint8Array(6)), false);
  });

  it('a failed opening leaves no descriptor behind', async () => {
    const before = readdirSync('/proc/self/fd').length;
    for (let time = 0; time < 20; time += 1) await refusal(native, { address: '203.0.113.77', port: 0 });
    assert.equal(readdirSync('/proc/self/fd').length, before);
  });
});

describe('without the C library', { skip: noLoopback }, () => {
  it('a socket for all addresses of one interface is refused with the reason', async () => {
    const error = await refusal(plain, { interfaceName: 'lo', address: '0.0.0.0', port: 0 });
    assert.match(error.message, /as if koffi were not there/);
  });

  it('a socket bound to the address does for one interface', async (context) => {
    const socket = await open(context, plain, { interfaceName: 'lo' });
    const heard = hear(socket, 3);
    socket.sendSegments(new Uint8Array(2_900), 1_400, socket.local);
    const sizes = (await heard).map(({ data }) => data.length);
    assert.deepEqual(sizes, [1_400, 1_400, 100], 'one by one');
  });

  it('no neighbour can be taught', () => {
    assert.equal(plain.addNeighbour('lo', 0x0a4d0064, new Uint8Array(6).fill(2)), false);
  });
});
