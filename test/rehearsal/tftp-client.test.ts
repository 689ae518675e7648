import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeTftp } from '../../src/codecs/tftp/decode.ts';
import { encodeData, encodeError, encodeOack } from '../../src/codecs/tftp/encode.ts';
import { TftpOp, type TftpPacket } from '../../src/codecs/tftp/packet.ts';
import type { DatagramSocket } from '../../src/domain/ports.ts';
import { EDK2_TFTP, GRUB_TFTP, TftpClient, type TftpJob, type TftpOutcome } from '../../src/rehearsal/tftp-client.ts';
import { FakeClock, settle } from '../harness/clock.ts';
import { FakeNetwork } from '../harness/network.ts';

const SERVER = '10.0.0.1';
const CLIENT = '10.0.0.9';

/** A client and a server's transfer socket on a link; the test plays the server. */
async function play(job: Partial<TftpJob> = {}) {
  const network = new FakeNetwork();
  const server = network.host('server', [{ name: 'a', link: 'l', address: SERVER }]);
  const machine = network.host('machine', [{ name: 'a', link: 'l', address: CLIENT }]);
  const listener = await server.openDatagram({ address: SERVER, port: 69 });
  const transfer = await server.openDatagram({ address: SERVER, port: 0 });
  const heard: TftpPacket[] = [];
  const hear = (data: Uint8Array): void => void heard.push(decodeTftp(data.slice()));
  listener.onMessage(hear);
  transfer.onMessage(hear);
  const clock = new FakeClock();
  const socket = await machine.openDatagram({ address: CLIENT, port: 0 });
  const endpoint = { address: SERVER, port: 69 };
  let outcome: TftpOutcome | undefined;
  const client = new TftpClient(socket, clock, { name: 'a.efi', server: endpoint, dialect: EDK2_TFTP, ...job });
  void client.run().then((each) => {
    outcome = each;
  });
  await settle();
  return {
    clock,
    heard,
    outcome: () => outcome,
    openSockets: () => machine.sockets.size,
    say: async (...packets: readonly Uint8Array[]) => {
      for (const packet of packets) transfer.send(packet, socket.local);
      await settle();
    },
    sayFrom: async (other: DatagramSocket, packet: Uint8Array) => {
      other.send(packet, socket.local);
      await settle();
    },
    stranger: () => server.openDatagram({ address: SERVER, port: 0 }),
    /** Acknowledged block numbers so far. */
    acks: () => heard.flatMap((packet) => (packet.op === TftpOp.ACK ? [packet.block] : [])),
  };
}

const oack = (options: Record<string, string>) => encodeOack(new Map(Object.entries(options)));
const block = (number: number, size = 1468) => encodeData(number & 0xffff, new Uint8Array(size).fill(number));
const GRANTED = { blksize: '1468', windowsize: '4' };

test('EDK2 asks for the size, aborts with ERROR 8, and that is no failure', async () => {
  const { heard, say, outcome, openSockets, clock } = await play({ sizeOnly: true });
  const [request] = heard;
  assert.ok(request?.op === TftpOp.RRQ);
  assert.deepEqual(
    [...request.options],
    [
      ['tsize', '0'],
      ['blksize', '1468'],
      ['windowsize', '4'],
    ],
  );
  await say(oack({ ...GRANTED, tsize: '850528' }));
  assert.deepEqual(heard.at(-1), { op: TftpOp.ERROR, code: 8, message: 'User aborted the transfer' });
  assert.deepEqual(outcome(), { result: 'size', sizeBytes: 850528 });
  assert.equal(openSockets(), 0);
  assert.equal(clock.pendingTimers, 0);
});

test('a file arrives in windows of four; each window is acknowledged once', async () => {
  const { say, acks, outcome, heard } = await play();
  const [request] = heard;
  assert.ok(request?.op === TftpOp.RRQ);
  assert.deepEqual(
    [...request.options],
    [
      ['blksize', '1468'],
      ['windowsize', '4'],
    ],
  );
  await say(oack(GRANTED), block(1), block(2), block(3), block(4), block(5), block(6, 10));
  assert.deepEqual(acks(), [0, 4, 6]);
  const got = outcome();
  assert.ok(got?.result === 'file');
  assert.equal(got.file.sizeBytes, 5 * 1468 + 10);
  assert.equal(got.retransmits, 0);
});

test('a server without options sends at once, in blocks of 512', async () => {
  const { say, acks, outcome } = await play();
  await say(block(1, 512), block(2, 0));
  assert.deepEqual(acks(), [1, 2]);
  const got = outcome();
  assert.ok(got?.result === 'file' && got.file.sizeBytes === 512);
});

test('a block that is lost is asked for again once, and the file is whole', async () => {
  const { say, acks, outcome } = await play();
  await say(oack(GRANTED), block(1), block(3), block(4));
  assert.deepEqual(acks(), [0, 1]);
  await say(block(2), block(3), block(4), block(5, 1));
  assert.deepEqual(acks(), [0, 1, 5]);
  const got = outcome();
  assert.ok(got?.result === 'file');
  assert.equal(got.file.sizeBytes, 4 * 1468 + 1);
  assert.equal(got.retransmits, 1);
  assert.deepEqual([got.file.head[0], got.file.head[1468], got.file.head[2 * 1468]], [1, 2, 3]);
});

test('blocks that come twice change nothing', async () => {
  const { say, acks, outcome } = await play({ dialect: GRUB_TFTP });
  await say(oack({ blksize: '1024', tsize: '1025' }), block(1, 1024), block(1, 1024), block(2, 1));
  assert.deepEqual(acks(), [0, 1, 2]);
  const got = outcome();
  assert.ok(got?.result === 'file' && got.file.sizeBytes === 1025);
});

test('the tail of a window is lost: after the timeout the client says how far it is', async () => {
  const { say, acks, clock, outcome } = await play();
  await say(oack(GRANTED), block(1), block(2));
  await clock.advanceSettling(4_100);
  assert.deepEqual(acks(), [0, 2]);
  await say(block(3, 1));
  assert.equal(outcome()?.result, 'file');
});

test('block numbers roll over', async () => {
  const { say, acks, outcome } = await play({ dialect: { ...GRUB_TFTP, blockBytes: 8, windowBlocks: 1_024 } });
  await say(oack({ blksize: '8', windowsize: '1024', tsize: '0' }));
  const last = 65_538;
  for (let first = 1; first < last; first += 1_024) {
    const numbers = Array.from({ length: Math.min(1_024, last - first) }, (_, index) => first + index);
    await say(...numbers.map((number) => block(number, 8)));
  }
  await say(block(last, 0));
  const got = outcome();
  assert.ok(got?.result === 'file');
  assert.equal(got.file.sizeBytes, (last - 1) * 8);
  assert.equal(acks().at(-1), 2);
});

test('nobody answers: six repetitions of the request, then the end', async () => {
  const { heard, clock, outcome, openSockets } = await play();
  await clock.advanceSettling(60_000, 1_000);
  assert.equal(heard.filter((packet) => packet.op === TftpOp.RRQ).length, 7);
  assert.deepEqual(outcome(), { result: 'failed', reason: 'no answer from 10.0.0.1:69' });
  assert.equal(openSockets(), 0);
  assert.equal(clock.pendingTimers, 0);
});

test('a server that falls silent in the middle is told of with what came', async () => {
  const { say, clock, outcome } = await play();
  await say(oack(GRANTED), block(1));
  await clock.advanceSettling(60_000, 1_000);
  assert.deepEqual(outcome(), { result: 'failed', reason: 'the server fell silent after 1468 bytes' });
});

test('a file that is not there', async () => {
  const { say, outcome } = await play();
  await say(encodeError(1, 'not here'));
  assert.deepEqual(outcome(), { result: 'refused', code: 1, message: 'not here' });
});

test('a server that grants more than was asked for is refused with ERROR 8', async () => {
  const { say, outcome, heard } = await play();
  await say(oack({ blksize: '9000' }));
  assert.equal(outcome()?.result, 'failed');
  const last = heard.at(-1);
  assert.ok(last?.op === TftpOp.ERROR && last.code === 8);
});

test('a packet from another port of the server is answered with ERROR 5 and changes nothing', async () => {
  const { say, sayFrom, stranger, outcome } = await play();
  await say(oack(GRANTED));
  const other = await stranger();
  let told: TftpPacket | undefined;
  other.onMessage((data) => {
    told = decodeTftp(data.slice());
  });
  await sayFrom(other, block(1, 3));
  assert.ok(told?.op === TftpOp.ERROR && told.code === 5);
  assert.equal(outcome(), undefined);
});
