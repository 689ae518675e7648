import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseIpv4 } from '../../src/domain/ipv4.ts';
import type { Endpoint } from '../../src/domain/ports.ts';
import { SendBatch } from '../../src/net/send-batch.ts';
import { sockaddrIn } from '../../src/net/socket-options.ts';
import { settle } from '../harness/clock.ts';
import { FakeLibc } from '../harness/libc.ts';

const DESCRIPTOR = 7;

function setUp() {
  const libc = new FakeLibc();
  const batch = new SendBatch(libc);
  const alone: string[] = [];
  const told: string[] = [];
  return {
    libc,
    batch,
    /** What was handed back, to be sent by itself. */
    alone,
    /** What `done` said. */
    told,
    add: (text: string, to: Endpoint = peer(text.length)): boolean => {
      const done = (error: Error | null) => void told.push(`${text}: ${error?.message ?? 'sent'}`);
      return batch.add(DESCRIPTOR, nameOf(to), { data: Buffer.from(text), to, done, segmentBytes: 0 });
    },
    flush: () =>
      batch.flush(DESCRIPTOR, ({ data, to }, errno) =>
        alone.push(`${Buffer.from(data).toString()} to ${to.address}:${to.port}, ${errno}`),
      ),
    sent: () => libc.sent.map(({ data, peer: to }) => `${Buffer.from(data).toString()} to ${to.address}:${to.port}`),
  };
}

function nameOf(to: Endpoint): Int32Array {
  return new Int32Array(sockaddrIn(parseIpv4(to.address) ?? 0, to.port).buffer);
}

function peer(last: number): Endpoint {
  return { address: `10.77.0.${last}`, port: 2_000 + last };
}

describe('answers of one burst', () => {
  it('leave in one call, each to its own receiver, and their senders are told', async () => {
    const { libc, add, flush, sent, told, alone } = setUp();
    add('a', { address: '10.77.0.1', port: 258 });
    add('bb', { address: '255.255.255.255', port: 65_535 });
    add('', { address: '1.2.3.4', port: 1 });
    assert.deepEqual(libc.calls, [], 'nothing leaves before');
    flush();
    assert.deepEqual(libc.calls, ['sendmmsg']);
    assert.deepEqual(sent(), ['a to 10.77.0.1:258', 'bb to 255.255.255.255:65535', ' to 1.2.3.4:1']);
    assert.deepEqual(told, [], 'not during the call');
    await settle();
    assert.deepEqual(told, ['a: sent', 'bb: sent', ': sent']);
    assert.deepEqual(alone, []);
  });

  it('are none: then the kernel is not called', () => {
    const { libc, flush } = setUp();
    flush();
    assert.deepEqual(libc.calls, []);
  });

  it('go on where the kernel took a part of them only', () => {
    const { libc, add, flush, sent, alone } = setUp();
    libc.mostOfBatch = 2;
    for (const text of ['a', 'bb', 'ccc', 'dddd', 'eeeee']) add(text);
    flush();
    assert.deepEqual(libc.calls, ['sendmmsg', 'sendmmsg', 'sendmmsg']);
    assert.deepEqual(
      sent().map((line) => line.split(' ')[0]),
      ['a', 'bb', 'ccc', 'dddd', 'eeeee'],
    );
    assert.deepEqual(alone, []);
  });

  for (const errno of ['EAGAIN', 'EINTR', 'ENOBUFS', 'EPERM', 'ENOSYS']) {
    it(`hand back the one that meets ${errno}, and it alone`, async () => {
      const { libc, add, flush, sent, alone, told } = setUp();
      libc.fate = ({ peer: to }) => (to.port === 2_003 ? errno : undefined);
      for (const text of ['a', 'bb', 'ccc', 'dddd']) add(text);
      flush();
      assert.deepEqual(alone, [`ccc to 10.77.0.3:2003, ${errno}`]);
      assert.deepEqual(
        sent().map((line) => line.split(' ')[0]),
        ['a', 'bb', 'dddd'],
      );
      await settle();
      assert.deepEqual(told, ['a: sent', 'bb: sent', 'dddd: sent'], 'who sends the other alone tells its sender');
    });
  }

  it('are all handed back by a kernel that refuses the call', () => {
    const { libc, add, flush, alone } = setUp();
    libc.fate = () => 'ENOSYS';
    for (const text of ['a', 'bb', 'ccc']) add(text);
    flush();
    assert.equal(alone.length, 3);
    assert.deepEqual(libc.sent, []);
  });

  it('are as many, and as many bytes, as there is room for', () => {
    const { flush, add, libc } = setUp();
    for (const [sizeBytes, count] of [
      [2_048, 64],
      [65_507, 4],
      [10_000, 26],
    ] as const) {
      libc.sent.length = 0;
      for (let index = 0; index < count; index += 1) assert.ok(add('x'.repeat(sizeBytes)));
      assert.equal(add('x'.repeat(sizeBytes)), false);
      flush();
      assert.equal(libc.sent.length, count);
      assert.ok(libc.sent.every(({ data }) => Buffer.from(data).equals(Buffer.alloc(sizeBytes, 'x'))));
    }
  });

  it('are cut by the kernel where they ask for it, and only they are', () => {
    const { batch, flush, add, sent } = setUp();
    const cut = (text: string, segmentBytes: number) =>
      batch.add(DESCRIPTOR, nameOf(peer(9)), { data: Buffer.from(text), to: peer(9), done: undefined, segmentBytes });
    cut('abcdefgh', 3);
    add('whole');
    cut('ijkl', 2);
    flush();
    // The places of those that were cut.
    add('also whole');
    flush();
    assert.deepEqual(
      sent().map((line) => line.split(' to ')[0]),
      ['abc', 'def', 'gh', 'whole', 'ij', 'kl', 'also whole'],
    );
  });

  it('are of one socket: another one’s find no room beside them, and its flush sends none', () => {
    const { batch, add, libc, flush, sent } = setUp();
    add('a');
    const other = { data: Buffer.from('b'), to: peer(2), done: undefined, segmentBytes: 0 };
    assert.equal(batch.add(8, nameOf(peer(2)), other), false);
    batch.flush(8, () => assert.fail('it has none'));
    assert.deepEqual(libc.calls, []);
    flush();
    assert.ok(batch.add(8, nameOf(peer(2)), other));
    batch.flush(8, () => assert.fail('it left'));
    assert.deepEqual(libc.descriptors, [DESCRIPTOR, 8]);
    assert.equal(sent().length, 2);
  });

  it('leave nothing behind for the next burst, whose answers may be shorter', async () => {
    const { add, flush, sent, libc, told } = setUp();
    add('long answer', peer(1));
    add('another', peer(2));
    flush();
    libc.sent.length = 0;
    add('brief', peer(3));
    flush();
    flush();
    assert.deepEqual(sent(), ['brief to 10.77.0.3:2003']);
    await settle();
    assert.deepEqual(told, ['long answer: sent', 'another: sent', 'brief: sent']);
  });
});
