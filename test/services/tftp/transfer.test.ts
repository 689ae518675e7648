import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeAck, encodeError } from '../../../src/codecs/tftp/encode.ts';
import { TftpOp } from '../../../src/codecs/tftp/packet.ts';
import { bench, fileOf } from './transfer-bench.ts';

const WINDOW_OF_4 = { blksize: '1468', windowsize: '4' };

/** Loses what `when` says, once. */
function losing(when: (towards: 'client' | 'server', data: Uint8Array) => boolean) {
  let lost = false;
  return (towards: 'client' | 'server', data: Uint8Array): readonly number[] => {
    if (lost || !when(towards, data)) return [1];
    lost = true;
    return [];
  };
}

const isBlock = (data: Uint8Array, block: number) => data[1] === TftpOp.DATA && data[3] === block;

describe('a transfer on a sound wire', () => {
  for (const sizeBytes of [0, 1, 511, 512, 513, 1024, 100_000]) {
    it(`delivers ${sizeBytes} bytes in blocks of 512, with a short or empty block at the end`, () => {
      const bytes = fileOf(sizeBytes);
      const { transfer, client, clock, wire, ends } = bench({ bytes });
      transfer.start();
      clock.advance(1_000);
      assert.deepEqual(client.bytes, Buffer.from(bytes));
      assert.equal(wire.sent.length, Math.floor(sizeBytes / 512) + 1);
      assert.deepEqual(
        ends.map(({ outcome }) => outcome.end),
        ['done'],
      );
      assert.equal(ends[0]?.figures.bytes, sizeBytes);
      assert.equal(ends[0]?.figures.retransmits, 0);
    });
  }

  it('answers options with an OACK and sends nothing before that is acknowledged', () => {
    const { transfer, wire, client, clock } = bench({
      bytes: fileOf(5_000),
      options: { ...WINDOW_OF_4, tsize: '0' },
      fate: (towards) => (towards === 'client' ? [5] : [5]),
    });
    transfer.start();
    clock.advance(9);
    assert.deepEqual(
      wire.packets.map((packet) => packet.op),
      [TftpOp.OACK],
    );
    assert.deepEqual(Object.fromEntries(client.oack ?? []), { ...WINDOW_OF_4, tsize: '5000' });
    clock.advance(1);
    assert.deepEqual(wire.blocks, [1, 2, 3, 4]);
  });

  it('leaves as one send for each window', () => {
    const bytes = fileOf(1468 * 10 + 7);
    const { transfer, wire, client, clock } = bench({ bytes, options: WINDOW_OF_4 });
    transfer.start();
    clock.advance(1_000);
    assert.deepEqual(client.bytes, Buffer.from(bytes));
    assert.equal(wire.sends, 1 + 3, 'the OACK, then 4 + 4 + 3 blocks');
  });

  it('cuts a window that is too large for one send into several', () => {
    const bytes = fileOf(8192 * 70);
    const options = { blksize: '8192', windowsize: '64' };
    const { transfer, client, clock, ends } = bench({ bytes, options });
    transfer.start();
    clock.advance(1_000);
    assert.deepEqual(client.bytes, Buffer.from(bytes));
    assert.equal(ends[0]?.outcome.end, 'done');
  });

  it('rolls block numbers over from 65535 to 0 in files of more than 65535 blocks', () => {
    const bytes = fileOf(8 * 140_000 + 3);
    const { transfer, wire, client, clock, ends } = bench({ bytes, options: { blksize: '8', windowsize: '64' } });
    transfer.start();
    clock.advance(30_000);
    assert.equal(ends[0]?.outcome.end, 'done');
    assert.ok(Buffer.from(bytes).equals(client.bytes));
    assert.equal(wire.blocks[65_534], 65_535);
    assert.equal(wire.blocks[65_535], 0);
    assert.equal(wire.blocks[65_536], 1);
  });

  it('reads from a disk that answers later', async () => {
    const bytes = fileOf(100_000);
    const read = async (offset: number, length: number) => bytes.subarray(offset, offset + length);
    const { transfer, client, clock, ends } = bench({ bytes, options: WINDOW_OF_4, read });
    transfer.start();
    await clock.advanceSettling(100, 1);
    assert.deepEqual(client.bytes, Buffer.from(bytes));
    assert.equal(ends[0]?.outcome.end, 'done');
  });

  it('leaves no timer, no socket and no file open', () => {
    const each = bench({ bytes: fileOf(100) });
    each.transfer.start();
    each.clock.advance(10);
    assert.equal(each.clock.pendingTimers, 0);
    assert.equal(each.wire.closed, true);
    assert.equal(each.closes, 1);
  });
});

describe('lost, doubled and meaningless packets', () => {
  it('sends the OACK again when its ACK does not come', () => {
    const fate = losing((towards) => towards === 'client');
    const { transfer, wire, client, clock } = bench({ bytes: fileOf(100), options: { tsize: '0' }, fate });
    transfer.start();
    clock.advance(2_000);
    assert.deepEqual(
      wire.packets.map((packet) => packet.op),
      [TftpOp.OACK, TftpOp.OACK, TftpOp.DATA],
    );
    assert.equal(client.complete, true);
  });

  it('goes on from the block after an ACK within the window', () => {
    const fate = losing((_, data) => isBlock(data, 6));
    const { transfer, wire, clock, ends } = bench({ bytes: fileOf(1468 * 11), options: WINDOW_OF_4, fate });
    transfer.start();
    clock.advance(100);
    assert.deepEqual(wire.blocks, [1, 2, 3, 4, 5, 6, 7, 8, 6, 7, 8, 9, 10, 11, 12]);
    assert.equal(ends[0]?.outcome.end, 'done');
    assert.equal(ends[0]?.figures.retransmits, 3);
  });

  it('sends a window again at once when its first block was lost, which only a repeated ACK tells', () => {
    const fate = losing((_, data) => isBlock(data, 5));
    const { transfer, wire, clock, ends } = bench({ bytes: fileOf(1468 * 7), options: WINDOW_OF_4, fate });
    transfer.start();
    clock.advance(100);
    assert.deepEqual(wire.blocks, [1, 2, 3, 4, 5, 6, 7, 8, 5, 6, 7, 8]);
    assert.equal(ends[0]?.outcome.end, 'done');
  });

  it('never sends a block twice for a doubled ACK (Sorcerer’s Apprentice)', () => {
    const doubled = () => [1, 1];
    for (const options of [{}, WINDOW_OF_4, { blksize: '512', windowsize: '16' }]) {
      const bytes = fileOf(50_000);
      const { transfer, wire, client, clock, ends } = bench({ bytes, options, fate: doubled });
      transfer.start();
      clock.advance(5_000);
      assert.deepEqual(client.bytes, Buffer.from(bytes));
      assert.equal(ends[0]?.figures.retransmits, 0);
      assert.equal(new Set(wire.blocks).size, wire.blocks.length);
    }
  });

  it('ignores an old ACK that took a detour', () => {
    const { transfer, wire, clock } = bench({ bytes: fileOf(512 * 20), fate: (to) => (to === 'client' ? [] : [0]) });
    transfer.start();
    for (let block = 1; block <= 5; block += 1) {
      wire.toServer(encodeAck(block));
      clock.advance(0);
    }
    for (const block of [1, 3, 60_000, 7]) wire.toServer(encodeAck(block));
    clock.advance(1);
    assert.deepEqual(wire.blocks, [1, 2, 3, 4, 5, 6]);
  });

  it('is not disturbed by noise on its port', () => {
    const bytes = fileOf(2_000);
    const { transfer, wire, client, clock } = bench({ bytes });
    transfer.start();
    for (const noise of [[], [0], [9, 9, 9, 9, 9], [0, 1, 65, 0], [0, 6, 0]]) wire.toServer(Uint8Array.from(noise));
    clock.advance(1_000);
    assert.deepEqual(client.bytes, Buffer.from(bytes));
  });
});

describe('when to send again', () => {
  const silentAfter = (blocks: number) => {
    let seen = 0;
    return (towards: 'client' | 'server') => {
      if (towards === 'server') seen += 1;
      return towards === 'server' && seen > blocks ? [] : [20];
    };
  };

  it('follows the round trips that it measured, with a floor of 200 ms, and doubles', () => {
    const { transfer, wire, clock } = bench({ bytes: fileOf(512 * 20), fate: silentAfter(10) });
    const times: number[] = [];
    const start = clock.monotonic();
    const send = wire.server.send.bind(wire.server);
    wire.server.send = (data, to) => {
      times.push(clock.monotonic() - start);
      send(data, to);
    };
    transfer.start();
    clock.advance(4_000);
    const sentAgain = times.slice(11).map((at) => at - 400);
    assert.deepEqual(sentAgain.slice(0, 4), [200, 600, 1_400, 3_000]);
  });

  it('sends a first answer that is not acknowledged again after 1, 2, 4 and then every 5 seconds, six times in all', () => {
    for (const options of [{}, { tsize: '0' }]) {
      const { transfer, wire, clock, ends } = bench({ bytes: fileOf(5_000), options, fate: () => [] });
      const start = clock.monotonic();
      const times: number[] = [];
      const send = wire.server.send.bind(wire.server);
      wire.server.send = (data, to) => {
        times.push(clock.monotonic() - start);
        send(data, to);
      };
      transfer.start();
      clock.advance(60_000);
      assert.deepEqual(times, [0, 1_000, 3_000, 7_000, 12_000, 17_000, 22_000], 'the last one is an ERROR');
      assert.equal(ends[0]?.outcome.end, 'stalled');
    }
  });

  it('sends it again at once where the client asks again, but not for a copy of its request', () => {
    for (const options of [{}, { tsize: '0' }]) {
      const { transfer, wire, clock } = bench({ bytes: fileOf(5_000), options, fate: () => [] });
      transfer.start();
      clock.advance(50);
      transfer.askedAgain();
      assert.equal(wire.sent.length, 1);
      clock.advance(200);
      transfer.askedAgain();
      transfer.askedAgain();
      assert.equal(wire.sent.length, 2);
      clock.advance(999);
      assert.equal(wire.sent.length, 2, 'and the timer begins anew');
      clock.advance(1);
      assert.equal(wire.sent.length, 3);
    }
  });

  it('sends nothing for a request that comes again when the transfer runs, or has ended', () => {
    const { transfer, wire, clock, ends } = bench({ bytes: fileOf(512 * 20), fate: silentAfter(10) });
    transfer.start();
    clock.advance(450);
    const sent = wire.sent.length;
    transfer.askedAgain();
    assert.equal(wire.sent.length, sent);
    clock.advance(60_000);
    assert.equal(ends.length, 1);
    const last = wire.sent.length;
    transfer.askedAgain();
    assert.equal(wire.sent.length, last);
  });

  it('waits longer on a slow way', () => {
    const slow = silentAfter(10);
    const fate = (towards: 'client' | 'server') => slow(towards).map(() => 300);
    const { transfer, clock, ends, wire } = bench({ bytes: fileOf(512 * 20), fate });
    transfer.start();
    clock.advance(600 * 10 + 500);
    assert.equal(
      new Set(wire.blocks).size,
      wire.blocks.length,
      'nothing was sent twice before a round trip had passed',
    );
    assert.equal(ends.length, 0);
  });

  it('learns nothing from the answer to a packet that went twice (Karn)', () => {
    // Every first copy is lost: what is acknowledged was always sent before.
    const seen = new Set<string>();
    const fate = (towards: 'client' | 'server', data: Uint8Array) => {
      const key = Buffer.from(data.subarray(0, 4)).toString('hex');
      if (towards === 'server' || seen.has(key)) return [1];
      seen.add(key);
      return [];
    };
    const { transfer, clock, ends } = bench({ bytes: fileOf(512 * 3), options: { tsize: '0' }, fate });
    transfer.start();
    clock.advance(30_000);
    assert.equal(ends[0]?.outcome.end, 'done');
    assert.equal(ends[0]?.figures.roundTripMs, undefined);
    assert.equal(ends[0]?.figures.retransmits, 5);
  });

  it('honours the timeout that the client asked for, to the second', () => {
    const { transfer, wire, clock } = bench({
      bytes: fileOf(5_000),
      options: { timeout: '3' },
      fate: (towards) => (towards === 'client' ? [1] : []),
    });
    transfer.start();
    clock.advance(2_999);
    assert.equal(wire.sent.length, 1);
    clock.advance(1);
    assert.equal(wire.sent.length, 2);
    clock.advance(3_000);
    assert.equal(wire.sent.length, 3);
  });
});

describe('the end that is no success', () => {
  it('calls ERROR 8 after the OACK of a size request a probe, as EDK2 means it', () => {
    const each = bench({
      bytes: fileOf(5_000),
      options: { tsize: '0', ...WINDOW_OF_4 },
      fate: (to) => (to === 'client' ? [] : [1]),
    });
    each.transfer.start();
    each.wire.toServer(encodeError(8, 'User aborted'));
    each.clock.advance(1);
    assert.deepEqual(each.ends[0]?.outcome, { end: 'probe' });
    assert.equal(each.clock.pendingTimers, 0);
    assert.equal(each.closes, 1);
  });

  it('tells an abort in the middle with the client’s own words', () => {
    const { transfer, wire, clock, ends } = bench({ bytes: fileOf(5_000), fate: (to) => (to === 'client' ? [] : [1]) });
    transfer.start();
    wire.toServer(encodeAck(1));
    wire.toServer(encodeError(3, 'out of memory'));
    clock.advance(1);
    assert.deepEqual(ends[0]?.outcome, { end: 'aborted', code: 3, message: 'out of memory' });
    assert.equal(ends[0]?.figures.bytes, 512);
  });

  it('gives up on a client that never acknowledges, and tells it', () => {
    const { transfer, wire, clock, ends } = bench({ bytes: fileOf(5_000), options: { tsize: '0' }, fate: () => [] });
    transfer.start();
    clock.advance(60_000);
    const outcome = ends[0]?.outcome;
    assert.ok(outcome?.end === 'stalled' && !outcome.heardOf);
    assert.ok(wire.sent.length <= 7);
    assert.equal(wire.packets.at(-1)?.op, TftpOp.ERROR);
    assert.equal(clock.pendingTimers, 0);
  });

  it('gives up on a client that falls silent in the middle, with what the kernel said last', () => {
    const { transfer, wire, clock, ends } = bench({
      bytes: fileOf(50_000),
      fate: (to) => (to === 'client' ? [] : [1]),
    });
    transfer.start();
    wire.toServer(encodeAck(1));
    clock.advance(1);
    wire.failSend(new Error('send EPERM'));
    clock.advance(120_000);
    const outcome = ends[0]?.outcome;
    assert.ok(outcome?.end === 'stalled' && outcome.heardOf && outcome.silentMs >= 25_000);
    assert.equal(outcome.sendError?.message, 'send EPERM');
  });

  it('does not call it a stall when only the last ACK is missing', () => {
    const fate = (towards: 'client' | 'server', data: Uint8Array) =>
      towards === 'server' && data[3] === 10 ? [] : [1];
    const { transfer, client, clock, ends } = bench({ bytes: fileOf(512 * 9 + 1), fate });
    transfer.start();
    clock.advance(30_000);
    assert.equal(client.complete, true);
    assert.equal(ends[0]?.outcome.end, 'unconfirmed');
  });

  it('fails when the file becomes shorter meanwhile, and the client learns it', () => {
    const bytes = fileOf(5_000);
    const read = (offset: number, length: number) => bytes.subarray(offset, Math.min(offset + length, 2_000));
    const { transfer, client, clock, ends } = bench({ bytes, read });
    transfer.start();
    clock.advance(100);
    const outcome = ends[0]?.outcome;
    assert.ok(outcome?.end === 'failed' && /shorter/.test(outcome.error.message));
    assert.equal(client.error.length, 1);
    assert.equal(client.complete, false);
  });

  for (const how of ['throws', 'rejects']) {
    it(`fails when a read ${how}`, async () => {
      const error = new Error('EIO: i/o error');
      const read = () => {
        if (how === 'throws') throw error;
        return Promise.reject(error);
      };
      const each = bench({ bytes: fileOf(5_000), read });
      each.transfer.start();
      await each.clock.advanceSettling(10, 5);
      assert.deepEqual(each.ends[0]?.outcome, { end: 'failed', error });
      assert.equal(each.closes, 1);
    });
  }

  it('does not wait for ever for a file server that hangs, and closes the file when it comes back', async () => {
    let answer: (bytes: Uint8Array) => void = () => {};
    const read = () =>
      new Promise<Uint8Array>((resolve) => {
        answer = resolve;
      });
    const each = bench({ bytes: fileOf(5_000), read });
    each.transfer.start();
    await each.clock.advanceSettling(60_000, 1_000);
    assert.equal(each.ends[0]?.outcome.end, 'failed');
    assert.equal(each.closes, 0, 'not while the read is under way');
    answer(fileOf(512));
    await each.clock.advanceSettling(1);
    assert.equal(each.closes, 1);
  });

  it('ends with an ERROR when it is cancelled with a message, silently without', () => {
    for (const message of ['the server is stopping', undefined]) {
      const { transfer, wire, ends } = bench({ bytes: fileOf(5_000) });
      transfer.start();
      transfer.cancel(message);
      assert.equal(wire.packets.filter((packet) => packet.op === TftpOp.ERROR).length, message === undefined ? 0 : 1);
      assert.deepEqual(ends[0]?.outcome, { end: 'cancelled' });
    }
  });
});
