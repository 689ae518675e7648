import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SharedUdp, type UdpEndpoint, type UdpSocket } from '../../../src/bmc/ipmi/shared-udp.ts';

class FakeSocket implements UdpSocket {
  readonly sent: string[] = [];
  isClosed = false;
  #hear: ((packet: Uint8Array, from: UdpEndpoint) => void) | undefined;
  #fail: ((error: Error, to?: UdpEndpoint) => void) | undefined;

  send(packet: Uint8Array, { address, port }: UdpEndpoint): void {
    this.sent.push(`${address}:${port} ${Buffer.from(packet)}`);
  }

  onMessage(listener: (packet: Uint8Array, from: UdpEndpoint) => void): void {
    this.#hear = listener;
  }

  onError(listener: (error: Error, to?: UdpEndpoint) => void): void {
    this.#fail = listener;
  }

  close(): void {
    this.isClosed = true;
  }

  bring(text: string, address: string, port = 623): void {
    this.#hear?.(Buffer.from(text), { address, port });
  }

  break(error: Error, to?: UdpEndpoint): void {
    this.#fail?.(error, to);
  }
}

function bench() {
  const sockets: FakeSocket[] = [];
  const network = new SharedUdp(async () => {
    sockets.push(new FakeSocket());
    return sockets.at(-1) as FakeSocket;
  });
  const join = async (host: string) => {
    const channel = await network.connect(host, 623);
    const heard: string[] = [];
    channel.onPacket((packet) => heard.push(Buffer.from(packet).toString()));
    channel.onError((error) => heard.push(`failed: ${error.message}`));
    return { channel, heard };
  };
  return { sockets, network, join };
}

describe('one socket for all BMCs', () => {
  test('brings each its own packets and its own failures, and nobody those of a stranger', async () => {
    const { sockets, join } = bench();
    const [one, two] = await Promise.all([join('10.0.0.1'), join('10.0.0.2')]);
    assert.equal(sockets.length, 1);
    const socket = sockets[0] as FakeSocket;
    one.channel.send(Buffer.from('a'));
    two.channel.send(Buffer.from('b'));
    assert.deepEqual(socket.sent, ['10.0.0.1:623 a', '10.0.0.2:623 b']);
    socket.bring('to one', '10.0.0.1');
    socket.bring('of a stranger', '10.0.0.3');
    socket.bring('of another port', '10.0.0.1', 624);
    socket.break(new Error('ENETUNREACH'), { address: '10.0.0.2', port: 623 });
    socket.break(new Error('nobody’s'));
    assert.deepEqual([one.heard, two.heard], [['to one'], ['failed: ENETUNREACH']]);
  });

  test('is closed with its last channel, and opened again for the next', async () => {
    const { sockets, join } = bench();
    const one = await join('10.0.0.1');
    const two = await join('10.0.0.2');
    one.channel.close();
    one.channel.close();
    assert.equal(sockets[0]?.isClosed, false);
    sockets[0]?.bring('late', '10.0.0.1');
    assert.deepEqual(one.heard, []);
    two.channel.close();
    await Promise.resolve();
    assert.equal(sockets[0]?.isClosed, true);
    await join('10.0.0.1');
    assert.equal(sockets.length, 2);
  });

  test('that can’t be opened is tried again for the next', async () => {
    let isBroken = true;
    const network = new SharedUdp(async () => {
      if (isBroken) throw new Error('EMFILE');
      return new FakeSocket();
    });
    await assert.rejects(network.connect('10.0.0.1', 623), /EMFILE/);
    isBroken = false;
    await network.connect('10.0.0.1', 623);
  });
});
