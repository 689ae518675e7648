import assert from 'node:assert/strict';
import type { Socket } from 'node:dgram';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Endpoint } from '../../src/domain/ports.ts';
import { type Bursts, createBursts, NativeDatagramSocket } from '../../src/net/native-datagram-socket.ts';
import { FakeLibc } from '../harness/libc.ts';

/** What a NativeDatagramSocket uses of dgram's. */
class FakeDgram extends EventEmitter {
  readonly sent: string[] = [];
  closed = false;

  address() {
    return { address: '10.77.0.1', port: 69 };
  }

  getSendQueueCount(): number {
    return this.sent.length;
  }

  send(data: Uint8Array, port: number, address: string, done: (error: Error | null) => void): void {
    this.sent.push(`${Buffer.from(data).toString()} to ${address}:${port}`);
    queueMicrotask(() => done(null));
  }

  close(): void {
    this.closed = true;
  }
}

function open(libc: FakeLibc, bursts: Bursts, segmentBytes?: number) {
  const dgram = new FakeDgram();
  const socket = new NativeDatagramSocket(dgram as unknown as Socket, bursts, 7, segmentBytes);
  const errors: string[] = [];
  socket.onError((error, to) => errors.push(to === undefined ? error.message : `${error.message}, for ${to.port}`));
  return {
    dgram,
    socket,
    errors,
    /** dgram brings the first of a burst, the others wait in the kernel. */
    burst: (first: Endpoint, ...others: (Endpoint | string)[]) => {
      for (const other of others) libc.waiting.push(typeof other === 'string' ? other : datagram(other));
      dgram.emit('message', Buffer.from(`${first.port}`), first);
    },
  };
}

function setUp(segmentBytes?: number) {
  const libc = new FakeLibc();
  const bursts = createBursts(libc);
  return {
    libc,
    bursts,
    ...open(libc, bursts, segmentBytes),
    sent: () => libc.sent.map(({ data, peer: to }) => `${Buffer.from(data).toString()} to ${to.address}:${to.port}`),
  };
}

function client(port: number): Endpoint {
  return { address: '10.77.0.9', port };
}

function datagram(peer: Endpoint) {
  return { data: Buffer.from(`${peer.port}`), peer };
}

describe('a burst', () => {
  it('is heard whole, and its answers leave together', () => {
    const { socket, burst, sent, libc } = setUp();
    socket.onMessage((data, from) => socket.send(Buffer.from(`re ${Buffer.from(data)}`), from));
    burst(client(1), client(2), client(3));
    assert.deepEqual(
      sent(),
      [1, 2, 3].map((port) => `re ${port} to 10.77.0.9:${port}`),
    );
    assert.deepEqual(libc.calls, ['recvmmsg', 'sendmmsg', 'recvmmsg']);
  });

  it('is answered in order where an answer is too large for the batch', () => {
    const { socket, burst, libc } = setUp();
    const large = new Uint8Array(4_000);
    socket.onMessage((data, from) => socket.send(from.port === 2 ? large : data, from));
    burst(client(1), client(2), client(3));
    assert.deepEqual(
      libc.sent.map(({ data, peer }) => [data.length, peer.port]),
      [
        [1, 1],
        [4_000, 2],
        [1, 3],
      ],
    );
  });

  it('of more answers than a batch holds sends them all, also where the first ones meet an error', () => {
    const { socket, burst, libc } = setUp();
    const isRefused = (data: Uint8Array) => Number(Buffer.from(data).toString()) < 64;
    libc.fate = ({ data }, call) => (call === 'sendmmsg' && isRefused(data) ? 'ENOBUFS' : undefined);
    socket.onMessage((_data, from) => {
      for (let index = 0; index < 100; index += 1) socket.send(Buffer.from(`${index}`), client(from.port + index));
    });
    burst(client(1_000), client(2_000));
    const expected = [1_000, 2_000].flatMap((base) => Array.from({ length: 100 }, (_, index) => base + index));
    assert.deepEqual(
      libc.sent.map(({ peer }) => peer.port),
      expected,
    );
    assert.deepEqual(
      libc.sent.map(({ data, peer }) => Number(Buffer.from(data).toString()) === peer.port % 1_000),
      expected.map(() => true),
    );
  });

  it('tells whose answer could not leave, and the others leave', async () => {
    const { socket, burst, errors, libc, sent } = setUp();
    libc.fate = ({ peer }) => (peer.port === 2 ? 'EPERM' : undefined);
    socket.onMessage((data, from) => socket.send(data, from));
    burst(client(1), client(2), client(3));
    assert.deepEqual(sent(), ['1 to 10.77.0.9:1', '3 to 10.77.0.9:3']);
    await nextTurn();
    assert.deepEqual(errors, ['send EPERM 10.77.0.9:2, for 2']);
  });

  it('leaves the answers that the kernel has no room for to dgram, which waits', async () => {
    const { socket, burst, errors, libc, sent, dgram } = setUp();
    libc.fate = ({ peer }) => (peer.port === 1 ? undefined : peer.port === 2 ? 'EAGAIN' : 'EINTR');
    socket.onMessage((data, from) => socket.send(data, from));
    burst(client(1), client(2), client(3));
    assert.deepEqual(sent(), ['1 to 10.77.0.9:1']);
    assert.deepEqual(dgram.sent, ['2 to 10.77.0.9:2', '3 to 10.77.0.9:3']);
    await nextTurn();
    assert.deepEqual(errors, []);
  });

  it('is answered one by one where a sandbox refuses both calls', async () => {
    const { socket, burst, errors, libc, sent } = setUp();
    libc.fate = (_datagram, call) => (call === 'sendmmsg' ? 'ENOSYS' : undefined);
    socket.onMessage((data, from) => socket.send(data, from));
    burst(client(1), 'ENOSYS', client(2));
    assert.deepEqual(sent(), ['1 to 10.77.0.9:1']);
    burst(client(3));
    assert.deepEqual(sent(), ['1 to 10.77.0.9:1', '3 to 10.77.0.9:3']);
    assert.equal(libc.calls.filter((name) => name === 'recvmmsg').length, 1);
    await nextTurn();
    assert.deepEqual(errors, []);
  });

  it('ends at an error of the socket, which is told once; the next burst is heard', async () => {
    const { socket, burst, errors } = setUp();
    const heard: number[] = [];
    socket.onMessage((_data, from) => heard.push(from.port));
    burst(client(1), client(2), 'ENETDOWN');
    await nextTurn();
    assert.deepEqual(errors, ['recvmmsg ENETDOWN']);
    burst(client(3), client(4));
    assert.deepEqual(heard, [1, 2, 3, 4]);
  });

  it('whose listener throws keeps no answer for the next burst', () => {
    const { socket, burst, sent } = setUp();
    let faulty = true;
    socket.onMessage((data, from) => {
      socket.send(data, from);
      if (from.port === 2 && faulty) throw new Error('a fault');
    });
    assert.throws(() => burst(client(1), client(2)), /a fault/);
    assert.deepEqual(sent(), ['1 to 10.77.0.9:1', '2 to 10.77.0.9:2']);
    faulty = false;
    burst(client(3));
    assert.equal(sent().length, 3);
  });

  it('whose listener closes the socket has its answers sent first, and none after', async () => {
    const { socket, burst, sent, dgram, libc } = setUp();
    const told: string[] = [];
    socket.onMessage((data, from) => {
      socket.send(data, from);
      if (from.port !== 2) return;
      socket.close();
      socket.send(data, from, (error) => told.push(error?.message ?? 'sent'));
    });
    burst(client(1), client(2), client(3));
    assert.deepEqual(sent(), ['1 to 10.77.0.9:1', '2 to 10.77.0.9:2']);
    assert.ok(dgram.closed);
    assert.equal(libc.calls.filter((name) => name === 'recvmmsg').length, 1, 'the descriptor is another file’s now');
    await nextTurn();
    assert.deepEqual(told, ['send EBADF 10.77.0.9:2']);
  });

  it('lets other sockets be spoken to from its middle, at once', () => {
    const { socket, burst, sent, bursts, libc } = setUp();
    const other = open(libc, bursts);
    socket.onMessage((data, from) => {
      socket.send(data, from);
      other.socket.send(Buffer.from('aside'), client(9));
    });
    burst(client(1));
    assert.deepEqual(sent(), ['aside to 10.77.0.9:9', '1 to 10.77.0.9:1']);
  });

  it('is answered at once by a socket that the kernel cuts for', () => {
    const { socket, burst, libc } = setUp(516);
    socket.onMessage((data, from) => socket.send(data, from));
    burst(client(1), client(2));
    assert.ok(!libc.calls.includes('sendmmsg'));
    assert.equal(libc.sent.length, 2);
  });

  it('of a socket whose cutting is refused is answered in pieces from then on', () => {
    const { socket, burst, libc } = setUp(516);
    libc.fate = ({ data }) => (data.length > 516 ? 'EMSGSIZE' : undefined);
    socket.onMessage((_data, from) => socket.send(new Uint8Array(1_100), from));
    burst(client(1));
    assert.deepEqual(
      libc.sent.map(({ data }) => data.length),
      [516, 516, 68],
    );
    assert.equal(socket.segmentBytes, undefined);
  });
});

describe('a socket that is flooded', () => {
  it('takes 256 datagrams of a turn beside those that dgram brings, and goes on in the next', async () => {
    const { socket, burst, libc } = setUp();
    let heard = 0;
    socket.onMessage(() => {
      heard += 1;
    });
    const flood = Array.from({ length: 1_000 }, (_, index) => client(index + 1));
    burst(client(1), ...flood);
    assert.equal(heard, 1 + 256);
    burst(client(1));
    assert.equal(heard, 2 + 256, 'its turn is over');
    await nextTurn();
    burst(client(1));
    assert.equal(heard, 3 + 512);
    assert.equal(libc.waiting.length, 1_000 - 512);
  });

  it('leaves another socket its own share of the turn', () => {
    const { socket, burst, libc, bursts } = setUp();
    const other = open(libc, bursts);
    let heard = 0;
    other.socket.onMessage(() => {
      heard += 1;
    });
    socket.onMessage(() => {});
    burst(client(1), ...Array.from({ length: 256 }, (_, index) => client(index + 1)));
    other.burst(client(1), ...Array.from({ length: 99 }, (_, index) => client(index + 1)));
    assert.equal(heard, 100);
  });
});
