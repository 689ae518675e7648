import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReceiveBatch } from '../../src/net/receive-batch.ts';
import { FakeLibc } from '../harness/libc.ts';

const DESCRIPTOR = 7;

function setUp() {
  const libc = new FakeLibc();
  const batch = new ReceiveBatch(libc);
  return {
    libc,
    batch,
    arrive: (text: string, address = '10.77.0.9', port = 68) =>
      libc.waiting.push({ data: Buffer.from(text), peer: { address, port } }),
    fill: (most = 64) => batch.fill(DESCRIPTOR, most),
    text: (index: number) => Buffer.from(batch.data(index)).toString(),
    from: (index: number) => batch.peer(index, new Int32Array(2)),
  };
}

describe('a batch of datagrams from the kernel', () => {
  it('brings them in their order, each with its sender', () => {
    const { arrive, fill, text, from } = setUp();
    const senders = [
      { address: '0.0.0.0', port: 68 },
      { address: '10.1.2.3', port: 258 },
      { address: '255.254.253.252', port: 65_535 },
      { address: '128.0.0.1', port: 32_768 },
    ];
    for (const [index, { address, port }] of senders.entries()) arrive(`datagram ${index}`, address, port);
    assert.equal(fill(), 4);
    for (const [index, sender] of senders.entries()) {
      assert.equal(text(index), `datagram ${index}`);
      assert.deepEqual(from(index), sender);
    }
  });

  it('gives the sender as a sockaddr too, and the same object for the same sender', () => {
    const { batch, arrive, fill } = setUp();
    arrive('a', '10.1.2.3', 258);
    arrive('b', '10.1.2.3', 258);
    fill();
    const name = new Int32Array(2);
    const first = batch.peer(0, name);
    assert.deepEqual([...new Uint8Array(name.buffer)], [2, 0, 1, 2, 10, 1, 2, 3]);
    assert.equal(batch.peer(1, name), first);
  });

  it('tells senders apart however many there were', () => {
    const { arrive, fill, from } = setUp();
    for (let port = 1; port <= 5_000; port += 1) {
      arrive('x', '10.77.0.9', port);
      fill();
      assert.equal(from(0).port, port);
    }
  });

  it('cuts nothing, and a short datagram where a large one was is short', () => {
    const { libc, batch, arrive, fill } = setUp();
    for (const size of [65_507, 3, 65_507, 0]) {
      arrive('x'.repeat(size));
      assert.equal(fill(), 1);
      assert.equal(batch.data(0).length, size);
    }
    assert.equal(libc.truncated, 0);
  });

  it('is no larger than asked for, nor than there is room for', () => {
    const { arrive, fill, libc } = setUp();
    for (let index = 0; index < 100; index += 1) arrive('x');
    assert.equal(fill(10), 10);
    assert.equal(fill(1_000), 64);
    assert.equal(fill(1_000), 26);
    assert.equal(libc.waiting.length, 0);
  });

  it('is empty where nothing waits and where a signal came', () => {
    const { libc, fill } = setUp();
    assert.equal(fill(), 0);
    libc.waiting.push('EINTR');
    assert.equal(fill(), 0);
  });

  it('names an error, which comes after what was received before it', () => {
    const { libc, arrive, fill } = setUp();
    arrive('x');
    libc.waiting.push('ENETDOWN');
    arrive('y');
    assert.equal(fill(), 1);
    assert.equal(fill(), 'ENETDOWN');
    assert.equal(fill(), 1, 'and the socket lives on');
  });

  for (const errno of ['ENOSYS', 'EPERM']) {
    it(`is left to dgram where a sandbox refuses the call with ${errno}, and not asked for again`, () => {
      const { libc, arrive, fill } = setUp();
      libc.waiting.push(errno);
      arrive('x');
      assert.equal(fill(), 0);
      assert.equal(fill(), 0);
      assert.deepEqual(libc.calls, ['recvmmsg']);
    });
  }
});
