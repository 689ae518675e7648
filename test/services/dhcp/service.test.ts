import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeDhcp } from '../../../src/codecs/dhcp/decode.ts';
import { encodeDhcp } from '../../../src/codecs/dhcp/encode.ts';
import { BootOp, MessageType } from '../../../src/codecs/dhcp/message.ts';
import { OptionCode } from '../../../src/codecs/dhcp/option-table.ts';
import type { StoreChange } from '../../../src/domain/ports.ts';
import { CommitQueue } from '../../../src/services/dhcp/commit-queue.ts';
import { settle } from '../../harness/clock.ts';
import { addressBytes, Client, HOUR_MS, ip, message, Pod, podSettings, SERVER, subnetOf, typeOf } from './pod.ts';

const { ACK, DISCOVER, OFFER, REQUEST } = MessageType;

/** Another DHCP server on the link, at 10.77.0.5. */
async function plugInServer(pod: Pod, address = '10.77.0.5') {
  const host = pod.network.host('other', [{ name: 'eth0', link: 'lab', address }]);
  const socket = await host.openDatagram({ address: '0.0.0.0', port: 67, broadcast: true });
  socket.onMessage((data) => {
    const request = decodeDhcp(data.slice());
    if (request.op !== BootOp.BOOTREQUEST || request.options.get(OptionCode.messageType)?.[0] !== DISCOVER) return;
    const options = new Map([
      [OptionCode.messageType, Uint8Array.of(OFFER)],
      [OptionCode.serverIdentifier, addressBytes(address)],
    ]);
    const offer = { ...request, op: BootOp.BOOTREPLY, yiaddr: ip('10.77.0.222'), options };
    socket.send(encodeDhcp(offer), { address: '255.255.255.255', port: 68 });
  });
}

const PROBING = { probeIntervalMs: 600_000 };

test('another DHCP server is found by asking, named once, and again after an hour', async () => {
  const pod = new Pod({ settings: podSettings(PROBING) });
  await plugInServer(pod);
  await pod.service.start();
  await settle();
  const [event] = pod.eventsOf('dhcp.other-server');
  assert.match(event?.text ?? '', /Another DHCP server answers on eno2: 10\.77\.0\.5/);
  assert.match(event?.mend ?? '', /arping -I eno2 10\.77\.0\.5/);
  await pod.clock.advanceSettling(HOUR_MS - 600_000, 600_000);
  assert.equal(pod.eventsOf('dhcp.other-server').length, 1);
  await pod.clock.advanceSettling(HOUR_MS, 600_000);
  assert.equal(pod.eventsOf('dhcp.other-server').length, 2);
  await pod.service.stop();
  assert.equal(pod.clock.pendingTimers, 0);
  assert.equal(pod.host.sockets.size, 0);
});

test('our own question is not answered by ourselves, and its port is free again', async () => {
  const pod = await Pod.up({ settings: podSettings(PROBING) });
  await pod.clock.advanceSettling(9_000, 1_000);
  assert.equal(pod.service.statistics()['ignored.own-probe'], 2);
  assert.equal(pod.service.statistics()['leases.offered'], 0);
  assert.deepEqual(
    [...pod.host.sockets].map((socket) => socket.local.port),
    [67, 67],
  );
  assert.equal(pod.eventsOf('dhcp.other-server').length, 0);
});

test('a client that takes another server’s offer tells of that server, a relayed one does not', async () => {
  const settings = podSettings({
    subnets: [subnetOf(), subnetOf({ cidr: '10.78.0.0/24', pools: [], relays: ['10.78.0.1'] })],
  });
  const pod = await Pod.up({ settings });
  const relay = await Client.plugIn(pod, { relay: '10.78.0.1' });
  const chosen = { type: REQUEST, requested: '10.77.0.222', serverId: '10.77.0.5' };
  await relay.ask(chosen);
  assert.equal(pod.eventsOf('dhcp.other-server').length, 0);
  const client = await Client.plugIn(pod);
  await client.ask(chosen);
  await client.ask(chosen);
  assert.equal(pod.eventsOf('dhcp.other-server').length, 1);
});

test('beside another server its absence is what is told', async () => {
  const pod = await Pod.up({ settings: podSettings({ ...PROBING, subnets: [] }, 'proxy') });
  await pod.clock.advanceSettling(9_000, 1_000);
  assert.equal(pod.eventsOf('dhcp.no-server')[0]?.level, 'warn');
  await plugInServer(pod);
  await pod.clock.advanceSettling(600_000, 1_000);
  assert.equal(pod.eventsOf('dhcp.other-server')[0]?.level, 'info');
  assert.equal(pod.eventsOf('dhcp.no-server').length, 1);
});

test('packets that are none are counted and dropped; the next one is served', async () => {
  const pod = await Pod.up();
  const client = await Client.plugIn(pod);
  const host = pod.network.host('fuzzer', [{ name: 'eno1', link: 'lab' }]);
  const socket = await host.openDatagram({ address: '0.0.0.0', port: 9_999, broadcast: true });
  for (const size of [0, 1, 100, 235, 239]) {
    socket.send(new Uint8Array(size), { address: '255.255.255.255', port: 67 });
  }
  await settle();
  assert.equal(pod.service.statistics()['dropped.malformed'], 5);
  assert.equal(pod.eventsOf('dhcp.malformed')[0]?.throttle, 'eno2 0.0.0.0');
  assert.equal(await client.boot(), '10.77.0.100');
});

test('a policy that throws costs one packet, not the daemon', async () => {
  let broken = true;
  const pod = await Pod.up({
    boot: () => {
      if (broken) throw new TypeError('bug');
      return { reason: 'nothing' };
    },
  });
  const client = await Client.plugIn(pod);
  const options: [number, Uint8Array][] = [[OptionCode.userClass, Uint8Array.from(Buffer.from('iPXE'))]];
  assert.equal(await client.ask({ type: DISCOVER, options }), undefined);
  assert.match(pod.eventsOf('dhcp.fault')[0]?.text ?? '', /bug/);
  broken = false;
  assert.equal(typeOf(await client.ask({ type: DISCOVER, options })), OFFER);
});

test('a relay that no subnet names is told of, with the mend, and gets nothing', async () => {
  const pod = await Pod.up();
  const relay = await Client.plugIn(pod, { relay: '10.78.0.1' });
  assert.equal(await relay.ask({ type: DISCOVER }), undefined);
  const [event] = pod.eventsOf('dhcp.unknown-relay');
  assert.match(event?.text ?? '', /relay 10\.78\.0\.1 asks through eno2/);
  assert.match(event?.mend ?? '', /add 10\.78\.0\.1 to "relays"/);
  assert.equal(pod.service.statistics()['refused.unknown-relay'], 1);
});

test('dhcp: off opens no socket, and an interface that is not named hears nothing', async () => {
  const pod = await Pod.up({ settings: podSettings({}, 'off') });
  assert.equal(pod.host.sockets.size, 0);
});

test('a port in use ends the start with the mend, and leaves nothing open', async () => {
  const pod = new Pod();
  const dnsmasq = await pod.host.openDatagram({ address: '0.0.0.0', port: 67, reuseAddress: true });
  await assert.rejects(pod.service.start(), /port 67 .* is in use/);
  assert.deepEqual([...pod.host.sockets], [dnsmasq]);
});

test('without a neighbour entry the answer goes to everyone', async () => {
  const pod = await Pod.up();
  const client = await Client.plugIn(pod);
  const offer = await client.ask({ type: DISCOVER, flags: 0 });
  assert.equal(typeOf(offer), OFFER, 'taught to the kernel');
  assert.equal(pod.network.sent.at(-1)?.to.address, '10.77.0.100');
  pod.host.canAddNeighbours = false;
  await client.ask({ type: DISCOVER, flags: 0 });
  assert.equal(pod.network.sent.at(-1)?.to.address, '255.255.255.255');
});

test('an interface that goes away and comes back: two events, and it is served again', async () => {
  const pod = await Pod.up();
  const client = await Client.plugIn(pod);
  const { interfaces } = pod.host;
  pod.host.interfaces = [];
  await pod.service.interfaceChanged('eno2');
  assert.equal(pod.eventsOf('dhcp.interface-down').length, 1);
  assert.equal(await client.boot(), undefined);
  pod.host.interfaces = interfaces;
  await pod.service.interfaceChanged('eno2');
  assert.equal(pod.eventsOf('dhcp.interface-up').length, 1);
  assert.equal(await client.boot(), '10.77.0.100');
});

/** Sockets open only when the gate does. */
function gate(pod: Pod): () => void {
  const { host } = pod;
  const plain = host.openDatagram.bind(host);
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  host.openDatagram = async (options) => {
    await opened;
    return plain(options);
  };
  return open;
}

test('a stop while an interface is coming back leaves no socket open', async () => {
  const pod = await Pod.up();
  const open = gate(pod);
  const back = pod.service.interfaceChanged('eno2');
  await settle();
  const stopped = pod.service.stop();
  open();
  await Promise.all([back, stopped]);
  assert.equal(pod.host.sockets.size, 0);
});

test('a reload while an interface is coming back takes its place', async () => {
  const pod = await Pod.up();
  const client = await Client.plugIn(pod);
  const open = gate(pod);
  const back = pod.service.interfaceChanged('eno2');
  await settle();
  const reloaded = pod.service.reload(podSettings({}, 'reservations'));
  await settle();
  const again = pod.service.interfaceChanged('eno2');
  open();
  await Promise.all([back, reloaded, again]);
  assert.equal(await client.boot(), undefined, 'known machines only');
  assert.equal(pod.host.sockets.size, 2);
});

test('a reload is in force at once; leases stay; a client outside of the new pool is moved', async () => {
  const pod = await Pod.up();
  const client = await Client.plugIn(pod);
  assert.equal(await client.boot(), '10.77.0.100');
  await pod.service.reload(podSettings({ subnets: [subnetOf({ pools: [['10.77.0.50', '10.77.0.60']] })] }));
  assert.equal(await client.boot(), '10.77.0.50');
  assert.equal(pod.leases.byAddress(ip('10.77.0.100')), undefined);
});

test('a reload that can’t be had changes nothing', async () => {
  const pod = await Pod.up();
  const client = await Client.plugIn(pod);
  const broken = podSettings({}, 'authoritative', [
    { name: 'eno2', address: ip('10.77.0.9'), dhcp: 'authoritative', tftp: true, http: true, dns: false },
    { name: 'eno7', address: ip('10.70.0.1'), dhcp: 'authoritative', tftp: true, http: true, dns: false },
  ]);
  await assert.rejects(pod.service.reload(broken), /not on this host|not there/);
  assert.equal(await client.boot(), '10.77.0.100');
});

test('a stop answers what is on its way to the disk, and nothing after', async () => {
  const pod = await Pod.up();
  const client = await Client.plugIn(pod);
  await client.ask({ type: DISCOVER });
  let written = (): void => {};
  pod.commit = (batch) =>
    new Promise((resolve) => {
      written = () => {
        pod.write(batch);
        resolve();
      };
    });
  await client.ask({ type: REQUEST, requested: '10.77.0.100', serverId: SERVER });
  const stopped = pod.service.stop();
  await settle();
  written();
  await stopped;
  await settle();
  assert.equal(typeOf(client.heard.at(-1)?.message), ACK);
  assert.equal(await client.ask({ type: DISCOVER }), undefined);
});

test('after the clock jumped, a restart still knows who holds what', async () => {
  const pod = await Pod.up();
  const client = await Client.plugIn(pod);
  await client.boot();
  pod.clock.jumpWallClock(48 * HOUR_MS);
  await pod.clock.advanceSettling(10_000);
  assert.match(pod.eventsOf('dhcp.clock-jumped')[0]?.text ?? '', /jumped by 172800 s/);
  await pod.crash();
  assert.equal(pod.leases.byAddress(ip('10.77.0.100'))?.state, 'bound');
});

test('REQUESTs of one turn are one batch, and what comes meanwhile is the next', async () => {
  const pod = await Pod.up();
  const client = await Client.plugIn(pod);
  for (let index = 1; index < 9; index += 1) await client.ask({ type: DISCOVER, mac: `52:54:00:00:00:0${index}` });
  await Promise.all(
    Array.from({ length: 8 }, (_, index) =>
      client.send(
        message({
          type: REQUEST,
          mac: `52:54:00:00:00:0${index + 1}`,
          requested: `10.77.0.${100 + index}`,
          serverId: SERVER,
        }),
      ),
    ),
  );
  assert.deepEqual(pod.batches, [8]);
});

test('the queue before the disk has a bound, one batch in flight, and keeps the order', async () => {
  const batches: number[] = [];
  const done: string[] = [];
  let finish = (): void => {};
  const queue = new CommitQueue({
    commit: (batch: readonly StoreChange[]) => {
      batches.push(batch.length);
      return new Promise((resolve) => {
        finish = resolve;
      });
    },
    failed: () => assert.fail('nothing fails here'),
    maxPending: 4,
  });
  const add = (name: string) =>
    queue.add({
      changes: [{ lease: { address: 1, key: name, state: 'bound', startsAt: 0, expiresAt: 1 }, endsAt: 1 }],
      committed: () => void done.push(name),
    });
  assert.ok(add('a') && add('b'));
  await settle();
  assert.ok(add('c') && add('d'));
  assert.equal(add('e'), false);
  await settle();
  assert.deepEqual(batches, [2]);
  finish();
  await settle();
  assert.deepEqual(
    [batches, done],
    [
      [2, 2],
      ['a', 'b'],
    ],
  );
  finish();
  await queue.drained();
  assert.deepEqual(done, ['a', 'b', 'c', 'd']);
});
