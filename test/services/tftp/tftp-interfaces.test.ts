import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeAck } from '../../../src/codecs/tftp/encode.ts';
import { TftpOp } from '../../../src/codecs/tftp/packet.ts';
import { HostRefused } from '../../../src/domain/errors.ts';
import { settle } from '../../harness/clock.ts';
import { onInterface, Pod, SERVER, settingsWith } from './tftp-pod.ts';
import { fileOf } from './transfer-bench.ts';

describe('its interfaces', () => {
  const BOTH = [onInterface('eno2', SERVER), onInterface('eno3', '10.78.0.1')];

  it('are those with tftp alone', async () => {
    const pod = new Pod({ interfaces: [onInterface('eno2', SERVER), onInterface('eno3', '10.78.0.1', false)] });
    await pod.service.start();
    assert.deepEqual(
      [...pod.server.sockets].map((socket) => socket.options.interfaceName),
      ['eno2'],
    );
  });

  it('are all opened, or none at all with the reason', async () => {
    const pod = new Pod({ interfaces: [...BOTH, onInterface('eno9', '10.79.0.1')] });
    await assert.rejects(pod.service.start(), HostRefused);
    assert.equal(pod.server.sockets.size, 0);
  });

  it('change with a reload, and running transfers go on', async () => {
    const pod = new Pod();
    pod.content.set('a', fileOf(600));
    await pod.service.start();
    const client = await pod.client();
    client.ask('a');
    await settle();
    await pod.service.reload(settingsWith({ interfaces: BOTH, port: 6_969 }));
    assert.deepEqual(
      [...pod.server.sockets].filter((socket) => socket.local.port === 6_969).map((socket) => socket.local.address),
      [SERVER, '10.78.0.1'],
    );
    assert.ok(![...pod.server.sockets].some((socket) => socket.local.port === 69));
    const from = client.heard[0]?.from ?? assert.fail();
    client.socket.send(encodeAck(1), from);
    await settle();
    client.socket.send(encodeAck(2), from);
    await settle();
    assert.equal(pod.told.at(-1), 'tftp.done');
  });

  it('stay as they were when a reload is refused', async () => {
    const pod = new Pod();
    pod.content.set('a', fileOf(100));
    await pod.service.start();
    const wrong = settingsWith({ interfaces: [...BOTH, onInterface('eno9', '10.79.0.1')], port: 6_969 });
    await assert.rejects(pod.service.reload(wrong), HostRefused);
    assert.deepEqual(
      [...pod.server.sockets].map((socket) => `${socket.local.address}:${socket.local.port}`),
      [`${SERVER}:69`],
    );
    const client = await pod.client();
    client.read('a');
    await settle(20);
    assert.equal(client.bytes.length, 100);
  });

  it('may go and come back: told, and served again', async () => {
    const pod = new Pod({ interfaces: BOTH });
    pod.content.set('a', fileOf(100));
    await pod.service.start();
    pod.server.setAddress('eno2', undefined);
    await pod.service.interfaceChanged('eno2');
    assert.deepEqual(pod.told, ['tftp.interface-lost']);
    assert.ok(pod.events[0]?.mend !== undefined);
    assert.equal(pod.service.statistics().listening, 1);
    await pod.service.reload(settingsWith({ interfaces: BOTH, maxTransfers: 5 }));
    assert.equal(pod.service.statistics().listening, 1, 'a reload does not stumble over what was gone before');
    pod.server.setAddress('eno2', SERVER);
    await pod.service.interfaceChanged('eno2');
    const client = await pod.client();
    client.read('a');
    await settle(20);
    assert.equal(client.bytes.length, 100);
  });

  it('that are not ours are none of our business', async () => {
    const pod = new Pod();
    await pod.service.start();
    await pod.service.interfaceChanged('eno7');
    assert.deepEqual(pod.told, []);
    assert.equal(pod.service.statistics().listening, 1);
  });

  it('are quiet after stop, which tells the clients and leaves nothing open', async () => {
    const pod = new Pod();
    pod.content.set('a', fileOf(5_000));
    await pod.service.start();
    const client = await pod.client();
    client.ask('a');
    await settle();
    await pod.service.stop();
    await settle();
    assert.equal(client.last?.op, TftpOp.ERROR);
    assert.equal(pod.server.sockets.size, 0);
    assert.equal(pod.clock.pendingTimers, 0);
    assert.equal(pod.openFiles, 0);
  });

  it('leave nothing open when stop comes while the transfer’s socket is being opened', async () => {
    const pod = new Pod();
    pod.content.set('a', fileOf(5_000));
    await pod.service.start();
    const client = await pod.client();
    let open: () => void = () => {};
    const opening = new Promise<void>((resolve) => {
      open = resolve;
    });
    const openDatagram = pod.server.openDatagram.bind(pod.server);
    pod.server.openDatagram = async (options) => {
      await opening;
      return openDatagram(options);
    };
    client.ask('a');
    await settle();
    await pod.service.stop();
    open();
    await settle();
    assert.equal(pod.openFiles, 0);
    assert.equal(pod.server.sockets.size, 0);
    assert.equal(pod.clock.pendingTimers, 0);
    assert.deepEqual(pod.told, []);
  });

  it('leave no file open when stop comes while one is being opened', async () => {
    const pod = new Pod();
    pod.content.set('a', fileOf(5_000));
    let open: () => void = () => {};
    pod.openDelay = new Promise((resolve) => {
      open = resolve;
    });
    await pod.service.start();
    const client = await pod.client();
    client.ask('a');
    await settle();
    await pod.service.stop();
    open();
    await settle();
    assert.equal(pod.openFiles, 0);
    assert.equal(pod.server.sockets.size, 0);
    assert.equal(pod.clock.pendingTimers, 0);
  });
});
