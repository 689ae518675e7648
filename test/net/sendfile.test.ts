import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createFileSender } from '../../src/net/sendfile.ts';

const sender = createFileSender();
const CONTENT = Buffer.alloc(8 << 20, 'podboot ');

interface Pair {
  readonly ours: Socket;
  readonly peer: Socket;
  readonly file: number;
}

async function pair(context: TestContext): Promise<Pair> {
  const folder = mkdtempSync(join(tmpdir(), 'podboot-sendfile-'));
  writeFileSync(join(folder, 'file'), CONTENT);
  const file = openSync(join(folder, 'file'), 'r');
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const ours = connect(address.port, '127.0.0.1');
  const [peer]: Socket[] = await once(server, 'connection');
  assert.ok(peer !== undefined);
  if (ours.connecting) await once(ours, 'connect');
  context.after(() => {
    ours.destroy();
    peer.destroy();
    server.close();
    closeSync(file);
    rmSync(folder, { recursive: true });
  });
  return { ours, peer, file };
}

describe('sendfile', { skip: sender === undefined && 'needs the C library', timeout: 10_000 }, () => {
  const send = sender!;

  it("takes a part of the file to the peer, and the socket's own writes stay in order around it", async (context) => {
    const { ours, peer, file } = await pair(context);
    const received: Buffer[] = [];
    peer.on('data', (data) => received.push(data)).resume();
    await new Promise((resolve) => ours.write('head\n', resolve));
    const descriptor = send.descriptorOf(ours);
    assert.ok(descriptor !== undefined);
    assert.equal(send.send(descriptor, file, 8, 4_000), 4_000);
    ours.end('\ntail');
    await once(peer, 'end');
    const expected = Buffer.concat([Buffer.from('head\n'), CONTENT.subarray(8, 4_008), Buffer.from('\ntail')]);
    assert.ok(expected.equals(Buffer.concat(received)));
  });

  it('never blocks: a peer that does not read makes it say so', async (context) => {
    const { ours, file } = await pair(context);
    const descriptor = send.descriptorOf(ours);
    assert.ok(descriptor !== undefined);
    let offset = 0;
    for (;;) {
      const sent = send.send(descriptor, file, offset % CONTENT.length, CONTENT.length);
      if (sent === 'would-block') break;
      assert.ok(typeof sent === 'number' && sent > 0);
      offset += sent;
      assert.ok(offset < 256 << 20, 'no socket holds as much');
    }
  });

  it('is 0 at the end of the file', async (context) => {
    const { ours, file } = await pair(context);
    assert.equal(send.send(send.descriptorOf(ours) ?? -1, file, CONTENT.length, 10), 0);
  });

  it('names what went wrong', async (context) => {
    const { ours, file } = await pair(context);
    assert.deepEqual(send.send(send.descriptorOf(ours) ?? -1, 999_999, 0, 10), { errno: 'EBADF' });
    assert.deepEqual(send.send(999_999, file, 0, 10), { errno: 'EBADF' });
  });

  it('has no descriptor for a socket that is closed, or for what is no socket', async (context) => {
    const { ours } = await pair(context);
    ours.destroy();
    await once(ours, 'close');
    assert.equal(send.descriptorOf(ours), undefined);
    assert.equal(send.descriptorOf({}), undefined);
    assert.equal(send.descriptorOf({ _handle: null }), undefined);
    assert.equal(send.descriptorOf({ _handle: { fd: -1 } }), undefined);
  });
});
