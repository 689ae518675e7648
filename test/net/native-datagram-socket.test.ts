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

function open(libc: FakeLibc, bursts: Bursts, descriptor = 7) {
  const dgram = new FakeDgram();
  const socket = new NativeDatagramSocket(dgram as unknown as Socket, bursts, descriptor);
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

function setUp() {
  const libc = new FakeLibc();
  const bursts = createBursts(libc);
  return {
    libc,
    bursts,
    ...open(libc, bursts),
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

  it('is answered in order where the answers are too large for one batch', () => {
    const { socket, burst, libc } = setUp();
    const ports = Array.from({ length: 20 }, (_, index) => index + 1);
    socket.onMessage((_data, from) => socket.send(new Uint8Array(20_000 * (from.port % 4)).fill(from.port), from));
    burst(client(20), ...ports.map(client));
    assert.deepEqual(
      libc.sent.map(({ data, peer }) => [data.length, peer.port]),
      [20, ...ports].map((port) => [20_000 * (port % 4), port]),
    );
    assert.ok(libc.sent.every(({ data, peer }) => data.every((byte) => byte === peer.port)));
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
    const other = open(libc, bursts, 8);
    socket.onMessage((data, from) => {
      socket.send(data, from);
      other.socket.send(Buffer.from('aside'), client(9));
      other.socket.sendSegments(Buffer.from('in pieces'), 6, client(9));
    });
    burst(client(1));
    assert.deepEqual(sent(), [
      'aside to 10.77.0.9:9',
      'in pie to 10.77.0.9:9',
      'ces to 10.77.0.9:9',
      '1 to 10.77.0.9:1',
    ]);
    assert.deepEqual(libc.descriptors, [8, 8, 8, 7]);
  });
});

describe('a send of many datagrams', () => {
  const window = Buffer.from('aaabbbcc');

  it('is cut by the kernel, alone or among the answers to a burst', () => {
    const { socket, burst, sent, libc } = setUp();
    socket.sendSegments(window, 3, client(9));
    assert.deepEqual(libc.calls, ['sendmmsg'], 'it leaves at once');
    socket.onMessage((_data, from) => socket.sendSegments(window, 3, from));
    burst(client(1), client(2));
    assert.deepEqual(
      sent(),
      [9, 1, 2].flatMap((port) => ['aaa', 'bbb', 'cc'].map((part) => `${part} to 10.77.0.9:${port}`)),
    );
    assert.deepEqual(libc.calls, ['sendmmsg', 'recvmmsg', 'sendmmsg', 'recvmmsg']);
  });

  it('that is a single one is sent as it is', () => {
    const { socket, libc, sent } = setUp();
    socket.sendSegments(window, 8, client(9));
    assert.deepEqual(sent(), ['aaabbbcc to 10.77.0.9:9']);
    assert.deepEqual(libc.calls, ['sendto']);
  });

  for (const [errno, what] of [
    ['EMSGSIZE', 'for the path is too narrow'],
    ['EINVAL', 'for the path is too narrow, as older kernels say'],
  ] as const) {
    it(`goes in pieces where the kernel refuses with ${errno}, ${what}; smaller pieces are cut all the same`, () => {
      const { socket, libc, sent } = setUp();
      libc.fate = (_datagram, _call, segmentBytes) => (segmentBytes >= 3 ? errno : undefined);
      socket.sendSegments(window, 3, client(9));
      assert.deepEqual(libc.calls, ['sendmmsg', 'sendto', 'sendto', 'sendto']);
      socket.sendSegments(window, 3, client(9));
      assert.deepEqual(libc.calls.slice(4), ['sendto', 'sendto', 'sendto'], 'it is not tried again');
      socket.sendSegments(window, 2, client(9));
      assert.deepEqual(libc.calls.slice(7), ['sendmmsg']);
      assert.deepEqual(
        sent().map((line) => line.split(' ')[0]),
        ['aaa', 'bbb', 'cc', 'aaa', 'bbb', 'cc', 'aa', 'ab', 'bb', 'cc'],
      );
    });
  }

  for (const errno of ['EIO', 'EOPNOTSUPP']) {
    it(`goes in pieces from then on where the interface can not (${errno})`, () => {
      const { socket, burst, libc, sent, errors } = setUp();
      libc.fate = (_datagram, _call, segmentBytes) => (segmentBytes > 0 ? errno : undefined);
      socket.onMessage((_data, from) => socket.sendSegments(window, from.port, from));
      burst(client(3), client(2));
      socket.sendSegments(window, 1, client(9));
      assert.equal(libc.calls.filter((name) => name === 'sendmmsg').length, 2, 'both of the burst were tried');
      assert.equal(sent().length, 3 + 4 + 8);
      assert.deepEqual(errors, []);
    });
  }

  it('that finds no room in the kernel waits in pieces, and is cut the next time', async () => {
    const { socket, libc, dgram, errors } = setUp();
    libc.fate = () => 'EAGAIN';
    socket.sendSegments(window, 3, client(9));
    assert.deepEqual(dgram.sent, ['aaa to 10.77.0.9:9', 'bbb to 10.77.0.9:9', 'cc to 10.77.0.9:9']);
    libc.fate = () => undefined;
    socket.sendSegments(window, 3, client(9));
    assert.equal(libc.calls.at(-1), 'sendmmsg');
    await nextTurn();
    assert.deepEqual(errors, []);
  });

  it('whose pieces can not leave is told with whom it was for, and after the end of the socket nothing leaves', async () => {
    const { socket, libc, errors } = setUp();
    libc.fate = () => 'EPERM';
    socket.sendSegments(window, 4, client(9));
    await nextTurn();
    assert.deepEqual(errors, ['send EPERM 10.77.0.9:9, for 9', 'send EPERM 10.77.0.9:9, for 9']);
    socket.close();
    const calls = libc.calls.length;
    socket.sendSegments(window, 4, client(9));
    assert.equal(libc.calls.length, calls);
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
