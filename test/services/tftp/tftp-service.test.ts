import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeAck, encodeError, encodeReadRequest, encodeWriteRequest } from '../../../src/codecs/tftp/encode.ts';
import { TftpErrorCode, TftpOp } from '../../../src/codecs/tftp/packet.ts';
import { AccessDenied } from '../../../src/domain/errors.ts';
import { settle } from '../../harness/clock.ts';
import { Client, ipv4, Pod, SERVER } from './tftp-pod.ts';
import { fileOf } from './transfer-bench.ts';

describe('a request', () => {
  it('is answered from a port of its own at the address of its interface', async () => {
    const pod = new Pod();
    pod.content.set('ipxe.efi', fileOf(5_000));
    await pod.service.start();
    const client = await pod.client();
    client.read('ipxe.efi', { blksize: '1468', windowsize: '1', tsize: '0' });
    await settle(40);
    assert.deepEqual(client.bytes, Buffer.from(fileOf(5_000)));
    const from = client.heard[0]?.from;
    assert.equal(from?.address, SERVER);
    assert.notEqual(from?.port, 69);
    assert.deepEqual(pod.opened, [{ name: 'ipxe.efi', peer: ipv4('10.77.0.100'), serverAddress: ipv4(SERVER) }]);
    assert.deepEqual(pod.told, ['tftp.start', 'tftp.done']);
    const done = pod.events.at(-1);
    assert.equal(done?.data?.bytes, 5_000);
    assert.equal(done?.data?.blockBytes, 1_468);
    assert.equal(done?.data?.retransmits, 0);
    assert.equal(done?.subject.address, ipv4('10.77.0.100'));
    assert.equal(pod.openFiles, 0);
    assert.equal(pod.server.sockets.size, 1, 'only the listener is left');
  });

  it('for the size alone is a probe and no failure; the transfer that follows has its own port', async () => {
    const pod = new Pod();
    pod.content.set('shimx64.efi', fileOf(700));
    await pod.service.start();
    const client = await pod.client();
    client.ask('shimx64.efi', { tsize: '0', blksize: '1468', windowsize: '4' });
    await settle();
    const first = client.heard[0];
    assert.ok(first?.packet.op === TftpOp.OACK && first.packet.options.get('tsize') === '700');
    client.socket.send(encodeError(8, 'User aborted'), first.from);
    await settle();
    client.read('shimx64.efi', { blksize: '1468', windowsize: '4' });
    await settle(20);
    assert.equal(client.bytes.length, 700);
    assert.deepEqual(pod.told, ['tftp.start', 'tftp.probe', 'tftp.start', 'tftp.done']);
    assert.equal(pod.events[1]?.level, 'debug');
  });

  it('made again and again is no flood of lines: what a client can repeat at will has a key to hold it back by', async () => {
    const pod = new Pod();
    pod.content.set('tiny', fileOf(1));
    await pod.service.start();
    for (let time = 0; time < 3; time += 1) {
      const client = await pod.client();
      client.read('tiny', { tsize: '0' });
      await settle(10);
    }
    const done = pod.events.filter((event) => event.type === 'tftp.done');
    assert.deepEqual(
      done.map((event) => event.throttle),
      ['10.77.0.100 tiny', '10.77.0.100 tiny', '10.77.0.100 tiny'],
    );
    assert.ok(pod.events.every((event) => event.throttle !== undefined));
  });

  it('in netascii gets the converted text', async () => {
    const pod = new Pod();
    pod.content.set('motd', Buffer.from('one\ntwo\r'));
    await pod.service.start();
    const client = await pod.client();
    client.ask('motd', { tsize: '0' }, 69, 'netascii');
    await settle(20);
    assert.ok(client.last?.op === TftpOp.DATA);
    assert.equal(Buffer.from(client.last.data).toString('latin1'), 'one\r\ntwo\r\0');
  });

  const refused: [what: string, packet: Uint8Array, code: number, event: string][] = [
    ['to write', encodeWriteRequest('x', 'octet'), TftpErrorCode.ACCESS_VIOLATION, 'tftp.refused'],
    ['in mode mail', encodeReadRequest('x', 'mail'), TftpErrorCode.ILLEGAL_OPERATION, 'tftp.refused'],
    [
      'with a control character',
      encodeReadRequest('a\x1b[2Jb', 'octet'),
      TftpErrorCode.ACCESS_VIOLATION,
      'tftp.refused',
    ],
    [
      'with an endless name',
      encodeReadRequest('x'.repeat(600), 'octet'),
      TftpErrorCode.ACCESS_VIOLATION,
      'tftp.refused',
    ],
    ['for what is not there', encodeReadRequest('nothing', 'octet'), TftpErrorCode.FILE_NOT_FOUND, 'tftp.not-found'],
    [
      'for what may not be read',
      encodeReadRequest('../shadow', 'octet'),
      TftpErrorCode.ACCESS_VIOLATION,
      'tftp.refused',
    ],
    ['for what can not be read', encodeReadRequest('broken', 'octet'), TftpErrorCode.NOT_DEFINED, 'tftp.failed'],
  ];
  for (const [what, packet, code, type] of refused) {
    it(`${what} is refused with ERROR ${code} and told, throttled`, async () => {
      const pod = new Pod();
      pod.content.set('../shadow', new AccessDenied('outside of the assets'));
      pod.content.set('broken', new Error('EIO: i/o error'));
      await pod.service.start();
      const client = await pod.client();
      client.send(packet);
      await settle();
      assert.equal(client.lastError, code);
      assert.deepEqual(pod.told, [type]);
      assert.ok(pod.events[0]?.throttle !== undefined);
      assert.doesNotMatch(pod.events[0]?.text ?? '', /\p{Cc}/u);
      assert.equal(pod.service.statistics().running, 0);
    });
  }

  it('that is malformed is counted and told, not answered', async () => {
    const pod = new Pod();
    await pod.service.start();
    const client = await pod.client();
    for (const bytes of [[], [0], [0, 1, 65], [0, 1, 65, 0, 66], [7, 7, 7, 7]]) client.send(Uint8Array.from(bytes));
    client.send(encodeAck(1));
    await settle();
    assert.equal(client.heard.length, 0);
    assert.equal(pod.service.statistics().malformed, 5);
    assert.equal(pod.service.statistics().unexpected, 1);
    assert.ok(pod.events.every((event) => event.type === 'tftp.malformed' && event.throttle === '10.77.0.100'));
  });

  it('does not begin a second transfer when it comes twice, also while the file is being opened', async () => {
    const pod = new Pod();
    pod.content.set('ipxe.efi', fileOf(5_000));
    let open: () => void = () => {};
    pod.openDelay = new Promise((resolve) => {
      open = resolve;
    });
    await pod.service.start();
    const client = await pod.client();
    client.ask('ipxe.efi');
    client.ask('ipxe.efi');
    await settle();
    open();
    await settle();
    client.ask('ipxe.efi');
    await settle();
    assert.equal(pod.opened.length, 1);
    assert.equal(pod.service.statistics().started, 1);
    assert.equal(client.heard.length, 1);
  });

  it('for something else from the same port takes the place of the old transfer', async () => {
    const pod = new Pod();
    pod.content.set('a', fileOf(5_000)).set('b', fileOf(100));
    await pod.service.start();
    const client = await pod.client();
    client.ask('a');
    await settle();
    client.read('b');
    await settle(20);
    assert.equal(client.bytes.length, 100);
    assert.ok(
      client.heard.every(({ packet }) => packet.op === TftpOp.DATA),
      'no ERROR that would end the new one',
    );
    assert.equal(pod.service.statistics().running, 0);
  });

  it('of a machine that was reset in the middle begins anew, a late copy does not', async () => {
    const pod = new Pod();
    pod.content.set('a', fileOf(5_000));
    await pod.service.start();
    const client = await pod.client();
    client.ask('a');
    await settle();
    client.socket.send(encodeAck(1), client.heard[0]?.from ?? assert.fail());
    await settle();
    client.ask('a');
    await settle();
    assert.equal(pod.service.statistics().started, 1);
    await pod.clock.advanceSettling(4_000, 100);
    client.ask('a');
    await settle();
    assert.equal(pod.service.statistics().started, 2);
    assert.equal(pod.service.statistics().running, 1);
  });
});

describe('many at once', () => {
  it('serves 200 clients at the same time, each the exact bytes', async () => {
    const pod = new Pod();
    const bytes = fileOf(1468 * 20 + 5);
    pod.content.set('nbp.efi', bytes);
    await pod.service.start();
    const clients = await Promise.all(Array.from({ length: 200 }, () => pod.client()));
    for (const client of clients) client.read('nbp.efi', { blksize: '1468', windowsize: '1' });
    await settle(300);
    for (const client of clients) assert.ok(Buffer.from(bytes).equals(client.bytes));
    assert.equal(pod.service.statistics().done, 200);
    assert.equal(pod.service.statistics().bytes, 200 * bytes.length);
    assert.equal(pod.clock.pendingTimers, 0);
    assert.equal(pod.openFiles, 0);
  });

  it('turns away a client that has its share of the transfers running, and serves the others', async () => {
    const pod = new Pod({ maxTransfers: 5, maxTransfersPerClient: 2 });
    pod.content.set('a', fileOf(100));
    await pod.service.start();
    const clients = await Promise.all(Array.from({ length: 3 }, () => pod.client()));
    for (const client of clients) client.ask('a');
    await settle();
    assert.deepEqual(
      clients.map((client) => client.lastError),
      [undefined, undefined, 0],
    );
    const busy = pod.events.find((event) => event.type === 'tftp.client-busy');
    assert.match(busy?.text ?? '', /10\.77\.0\.100 was turned away: 2 transfers of its own/);
    assert.match(busy?.mend ?? '', /tftp\.maxTransfersPerClient/);
    assert.equal(busy?.throttle, '10.77.0.100');
    const { clientBusy, busy: all, running } = pod.service.statistics();
    assert.deepEqual({ clientBusy, all, running }, { clientBusy: 1, all: 0, running: 2 });

    const other = pod.network.host('other', [{ name: 'eth0', link: 'pod', address: '10.77.0.101' }]);
    const neighbour = new Client(await other.openDatagram({ address: '10.77.0.101', port: 0 }));
    neighbour.read('a');
    await settle(20);
    assert.equal(neighbour.bytes.length, 100);
  });

  it('answers a client again whose first answer was lost, when it asks again', async () => {
    const pod = new Pod();
    pod.content.set('a', fileOf(100));
    await pod.service.start();
    const client = await pod.client();
    pod.network.lose = ({ from }) => from.address === SERVER;
    client.read('a');
    await settle();
    pod.network.lose = () => false;
    await pod.clock.advanceSettling(250, 250);
    client.read('a');
    await settle(20);
    assert.equal(client.bytes.length, 100);
    const { running, started, retransmits, done } = pod.service.statistics();
    assert.deepEqual({ running, started, retransmits, done }, { running: 0, started: 1, retransmits: 1, done: 1 });
  });

  it('counts a client’s requests once however often they come, and no longer when they have ended', async () => {
    const pod = new Pod({ maxTransfersPerClient: 1 });
    pod.content.set('a', fileOf(100));
    pod.content.set('b', fileOf(200));
    await pod.service.start();
    const client = await pod.client();
    client.ask('a');
    client.ask('a');
    await settle();
    // From the same port: it was reset, and wants something else.
    client.ask('b');
    await settle();
    assert.equal(client.lastError, undefined);
    client.read('missing');
    await settle();
    assert.equal(client.lastError, 1);
    client.read('b');
    await settle(20);
    assert.equal(client.bytes.length, 200);
    const again = await pod.client();
    again.read('a');
    await settle(20);
    assert.equal(again.bytes.length, 100);
    assert.equal(pod.service.statistics().clientBusy, 0);
  });

  it('turns away who comes when the most transfers are running, and takes the next when one has ended', async () => {
    const pod = new Pod({ maxTransfers: 2 });
    pod.content.set('a', fileOf(100));
    await pod.service.start();
    const clients = await Promise.all(Array.from({ length: 3 }, () => pod.client()));
    for (const client of clients) client.ask('a');
    await settle();
    assert.deepEqual(
      clients.map((client) => client.lastError),
      [undefined, undefined, 0],
    );
    const busy = pod.events.find((event) => event.type === 'tftp.busy');
    assert.ok(busy?.throttle !== undefined && /maxTransfers/.test(busy.mend ?? ''));
    clients[0]?.socket.send(encodeAck(1), clients[0].heard[0]?.from ?? assert.fail());
    await settle();
    clients[2]?.read('a');
    await settle(20);
    assert.equal(clients[2]?.bytes.length, 100);
  });

  it('forgets clients that never answer', async () => {
    const pod = new Pod();
    pod.content.set('a', fileOf(100));
    await pod.service.start();
    const client = await pod.client();
    client.ask('a', { tsize: '0' });
    await settle();
    await pod.clock.advanceSettling(120_000, 1_000);
    assert.deepEqual(pod.told, ['tftp.start', 'tftp.stalled']);
    assert.match(pod.events[1]?.mend ?? '', /let UDP pass/);
    assert.equal(pod.service.statistics().running, 0);
    assert.equal(pod.openFiles, 0);
    assert.equal(pod.server.sockets.size, 1);
  });
});
