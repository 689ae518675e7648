import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeAck, encodeError } from '../../../src/codecs/tftp/encode.ts';
import { TftpErrorCode, TftpOp } from '../../../src/codecs/tftp/packet.ts';
import { settle } from '../../harness/clock.ts';
import { type Client, Pod, SERVER } from './tftp-pod.ts';
import { fileOf } from './transfer-bench.ts';

const LOCKSTEP = { blksize: '512', windowsize: '1' };

async function podWith(sizeBytes: number): Promise<Pod> {
  const pod = new Pod();
  pod.content.set('a', fileOf(sizeBytes)).set('b', fileOf(sizeBytes + 100));
  await pod.service.start();
  return pod;
}

/** The clients, each with its transfer begun. */
async function begun(pod: Pod, count: number, options: Record<string, string> = LOCKSTEP): Promise<Client[]> {
  const clients = await Promise.all(Array.from({ length: count }, () => pod.client()));
  for (const client of clients) client.ask('a', options);
  await settle();
  return clients;
}

function dataPorts(pod: Pod): number[] {
  return [...pod.server.sockets].map((socket) => socket.local.port).filter((port) => port !== 69);
}

function serverPort(client: Client | undefined): number {
  return client?.heard.at(-1)?.from.port ?? assert.fail('nothing was heard');
}

describe('transfers with small windows', () => {
  it('share a socket, and each client gets its own bytes', async () => {
    const pod = await podWith(5_000);
    const [first, second] = await Promise.all([pod.client(), pod.client()]);
    first.read('a', LOCKSTEP);
    second.read('b', LOCKSTEP);
    await settle(60);
    assert.ok(Buffer.from(fileOf(5_000)).equals(first.bytes));
    assert.ok(Buffer.from(fileOf(5_100)).equals(second.bytes));
    assert.equal(serverPort(first), serverPort(second));
    assert.equal(dataPorts(pod).length, 0, 'it closes with the last of them');
  });

  it('are as many on one socket as its buffers have room for', async () => {
    const pod = await podWith(5_000);
    const clients = await begun(pod, 200);
    assert.equal(dataPorts(pod).length, 4);
    const shares = Map.groupBy(clients, serverPort);
    assert.deepEqual(
      [...shares.values()].map((each) => each.length),
      [64, 64, 64, 8],
    );
  });

  it('go on when another one on their socket ends', async () => {
    const pod = await podWith(700);
    const [first, second] = await begun(pod, 2);
    const port = serverPort(first);
    first?.send(encodeError(0, 'enough'), port);
    await settle();
    assert.deepEqual(pod.told.slice(-1), ['tftp.aborted']);
    for (const block of [0, 1, 2]) {
      second?.send(encodeAck(block), port);
      await settle();
    }
    assert.equal(pod.told.at(-1), 'tftp.done');
    assert.equal(dataPorts(pod).length, 0);
  });

  it('share it whatever their block sizes are, unless their windows are large', async () => {
    const pod = await podWith(5_000);
    const small = await begun(pod, 2, { blksize: '1024', windowsize: '4' });
    const other = await begun(pod, 1, { blksize: '1468', windowsize: '16' });
    const large = await begun(pod, 2, { blksize: '1024', windowsize: '33' });
    const [shared] = small.map(serverPort);
    assert.deepEqual([...small, ...other].map(serverPort), [shared, shared, shared]);
    assert.equal(new Set([...small, ...large].map(serverPort)).size, 3);
    assert.ok(
      [...pod.server.sockets].every(
        (socket) => socket.local.port === 69 || (socket.options.sendBufferBytes ?? 0) >= 64 * 32 * 1_024,
      ),
      'there is room for the windows of all',
    );
  });

  it('get a new socket after their interface has changed; those that run stay on the old one', async () => {
    const pod = await podWith(700);
    const [first] = await begun(pod, 1);
    await pod.service.interfaceChanged('eno2');
    const [second] = await begun(pod, 1);
    assert.notEqual(serverPort(second), serverPort(first));
    first?.send(encodeAck(0), serverPort(first));
    await settle();
    assert.equal(first?.last?.op, TftpOp.DATA);
  });

  it('are all told when the socket can not be opened, and the next one tries anew', async () => {
    const pod = await podWith(300);
    const openDatagram = pod.server.openDatagram.bind(pod.server);
    pod.server.openDatagram = () => Promise.reject(new Error('EMFILE'));
    const clients = await begun(pod, 3);
    assert.ok(clients.every((client) => client.lastError === TftpErrorCode.NOT_DEFINED));
    assert.equal(pod.openFiles, 0);
    pod.server.openDatagram = openDatagram;
    const client = await pod.client();
    client.read('a', LOCKSTEP);
    await settle(20);
    assert.equal(client.bytes.length, 300);
  });

  it('hear of a send that failed, each of its own alone', async () => {
    const pod = await podWith(300);
    const [first, second] = await begun(pod, 2);
    const socket = [...pod.server.sockets].find((each) => each.local.port === serverPort(first)) ?? assert.fail();
    const send = socket.send.bind(socket);
    socket.send = (data, to, done) => {
      if (to.port === first?.socket.local.port) socket.fail(new Error('send EPERM'), to);
      else send(data, to, done);
    };
    await pod.clock.advanceSettling(120_000, 1_000);
    const stalled = pod.events.filter((event) => event.type === 'tftp.stalled').map((event) => event.text);
    assert.equal(stalled.length, 2);
    assert.equal(stalled.filter((line) => /send EPERM/.test(line)).length, 1);
    assert.ok(second !== undefined && second.heard.length > 1);
  });
});

describe('a client that uses its port again', () => {
  it('gets its next file from another port, while others stay where they were', async () => {
    const pod = await podWith(700);
    const [client, other] = await begun(pod, 2);
    const before = serverPort(client);
    client?.ask('b', LOCKSTEP);
    await settle();
    assert.notEqual(serverPort(client), before);
    assert.equal(serverPort(other), before);
    assert.equal(pod.service.statistics().running, 2);
  });

  it('is not told an ERROR for what is still on the way of the old transfer', async () => {
    const pod = await podWith(700);
    const [client] = await begun(pod, 2);
    const before = serverPort(client);
    client?.ask('b', LOCKSTEP);
    await settle();
    const heard = client?.heard.length;
    client?.send(encodeAck(0), before);
    client?.send(encodeAck(7), before);
    await settle();
    assert.equal(client?.heard.length, heard);
    client?.send(encodeAck(0), serverPort(client));
    await settle();
    assert.ok(client?.last?.op === TftpOp.DATA && client.last.block === 1);
  });

  it('ends the old transfer at once', async () => {
    const pod = await podWith(700);
    const [client] = await begun(pod, 1);
    client?.ask('b', LOCKSTEP);
    await settle();
    assert.equal(pod.service.statistics().cancelled, 1);
    assert.equal(pod.openFiles, 1);
    assert.equal(dataPorts(pod).length, 1);
  });
});

describe('a stranger at a data socket', () => {
  it('is told ERROR 5, and no transfer is disturbed', async () => {
    const pod = await podWith(700);
    const [client, other] = await begun(pod, 2);
    const port = serverPort(client);
    const stranger = await pod.client();
    stranger.send(encodeAck(0), port);
    await settle();
    assert.equal(stranger.lastError, TftpErrorCode.UNKNOWN_TRANSFER_ID);
    assert.equal(stranger.heard[0]?.from.port, port);
    assert.deepEqual([client?.heard.length, other?.heard.length], [1, 1]);
  });

  it('is told the same where the transfer has the socket for itself', async () => {
    const pod = await podWith(5_000);
    const [client] = await begun(pod, 1, { blksize: '1024', windowsize: '40' });
    const stranger = await pod.client();
    stranger.send(encodeAck(0), serverPort(client));
    await settle();
    assert.equal(stranger.lastError, TftpErrorCode.UNKNOWN_TRANSFER_ID);
  });

  it('that sends an ERROR is never answered with one', async () => {
    const pod = await podWith(700);
    const [client] = await begun(pod, 1);
    const stranger = await pod.client();
    stranger.send(encodeError(0, 'no'), serverPort(client));
    await settle();
    assert.equal(stranger.heard.length, 0);
  });

  it('is answered only so often, in a flood, and again when that is over', async () => {
    const pod = await podWith(700);
    const [client] = await begun(pod, 1);
    const port = serverPort(client);
    const stranger = await pod.client();
    for (let time = 0; time < 500; time += 1) stranger.send(encodeAck(1), port);
    await settle();
    assert.equal(stranger.heard.length, 16);
    await pod.clock.advanceSettling(1_000, 100);
    stranger.send(encodeAck(1), port);
    await settle();
    assert.equal(stranger.heard.length, 17);
    assert.equal(stranger.heard.at(-1)?.from.address, SERVER);
  });
});
