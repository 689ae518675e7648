import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageType } from '../../../src/codecs/dhcp/message.ts';
import { OptionCode } from '../../../src/codecs/dhcp/option-table.ts';
import { formatIpv4 } from '../../../src/domain/ipv4.ts';
import type { MacAddress } from '../../../src/domain/mac.ts';
import { settle } from '../../harness/clock.ts';
import {
  addressBytes,
  Client,
  FakeNodes,
  HOUR_MS,
  ip,
  numberOption,
  Pod,
  podSettings,
  reservation,
  SERVER,
  subnetOf,
  textOption,
  typeOf,
} from './pod.ts';

const { ACK, DECLINE, DISCOVER, INFORM, NAK, OFFER, RELEASE, REQUEST } = MessageType;
const OTHER = '52:54:00:77:00:02';
const behindRelay = () =>
  subnetOf({ cidr: '10.78.0.0/24', pools: [['10.78.0.100', '10.78.0.199']], relays: ['10.78.0.1'] });

test('DISCOVER: an offer with times, mask, router and the server’s name, and nothing on the disk', async () => {
  const pod = await Pod.up();
  const client = await Client.plugIn(pod);
  const offer = await client.ask({ type: DISCOVER });
  assert.equal(typeOf(offer), OFFER);
  assert.equal(formatIpv4(offer?.yiaddr ?? 0), '10.77.0.100');
  assert.equal(numberOption(offer, OptionCode.leaseTime), 3_600);
  assert.equal(numberOption(offer, OptionCode.renewalTime), 1_800);
  assert.equal(numberOption(offer, OptionCode.rebindingTime), 3_150);
  assert.equal(numberOption(offer, OptionCode.subnetMask), 0xffffff00);
  assert.equal(numberOption(offer, OptionCode.routers), ip(SERVER));
  assert.equal(numberOption(offer, OptionCode.serverIdentifier), ip(SERVER));
  assert.equal(textOption(offer, OptionCode.domainName), 'pod1.example.com');
  assert.equal(pod.disk.size, 0);
});

test('DISCOVER again: the same offer; an offer that nobody took is given to others after its hold', async () => {
  const settings = podSettings({ subnets: [subnetOf({ pools: [['10.77.0.100', '10.77.0.100']] })] });
  const pod = await Pod.up({ settings });
  const client = await Client.plugIn(pod);
  for (let attempt = 0; attempt < 3; attempt += 1) {
    assert.equal(formatIpv4((await client.ask({ type: DISCOVER }))?.yiaddr ?? 0), '10.77.0.100');
  }
  assert.equal(await client.ask({ type: DISCOVER, mac: OTHER }), undefined);
  pod.clock.advance(60_001);
  assert.equal(formatIpv4((await client.ask({ type: DISCOVER, mac: OTHER }))?.yiaddr ?? 0), '10.77.0.100');
});

test('SELECTING: the lease is on disk before the ACK leaves', async () => {
  const pod = await Pod.up();
  const client = await Client.plugIn(pod);
  await client.ask({ type: DISCOVER });
  let release = (): void => {};
  pod.commit = (batch) =>
    new Promise((resolve) => {
      release = () => {
        pod.write(batch);
        resolve();
      };
    });
  const early = await client.ask({ type: REQUEST, requested: '10.77.0.100', serverId: SERVER });
  assert.equal(early, undefined);
  assert.equal(pod.leases.byAddress(ip('10.77.0.100')), undefined);
  release();
  await settle();
  assert.equal(typeOf(client.heard.at(-1)?.message), ACK);
  assert.equal(pod.leases.byAddress(ip('10.77.0.100'))?.state, 'bound');
});

test('SELECTING: a disk that refuses is silence and an event, and the next one is served', async () => {
  const pod = await Pod.up();
  const client = await Client.plugIn(pod);
  const whole = pod.commit;
  pod.commit = async () => {
    throw new Error('ENOSPC: no space left on device');
  };
  assert.equal(await client.boot(), undefined);
  const [event] = pod.eventsOf('dhcp.commit-failed');
  assert.match(event?.text ?? '', /1 leases could not be written.*ENOSPC/);
  assert.match(event?.mend ?? '', /var\/lib\/podboot/);
  pod.commit = whole;
  assert.equal(await client.boot(), '10.77.0.100');
});

test('SELECTING another server: silence, and its offer is free again', async () => {
  const settings = podSettings({ subnets: [subnetOf({ pools: [['10.77.0.100', '10.77.0.100']] })] });
  const pod = await Pod.up({ settings });
  const client = await Client.plugIn(pod);
  await client.ask({ type: DISCOVER });
  assert.equal(await client.ask({ type: REQUEST, requested: '10.77.0.150', serverId: '10.77.0.5' }), undefined);
  assert.equal(await client.boot({ mac: OTHER }), '10.77.0.100');
});

test('SELECTING after the daemon was restarted between OFFER and REQUEST: granted, nobody else has it', async () => {
  const pod = await Pod.up();
  const client = await Client.plugIn(pod);
  await client.ask({ type: DISCOVER });
  await pod.crash();
  assert.equal(typeOf(await client.ask({ type: REQUEST, requested: '10.77.0.100', serverId: SERVER })), ACK);
});

test('SELECTING what another client holds: NAK', async () => {
  const pod = await Pod.up();
  const client = await Client.plugIn(pod);
  await client.boot({ mac: OTHER });
  const answer = await client.ask({ type: REQUEST, requested: '10.77.0.100', serverId: SERVER });
  assert.equal(typeOf(answer), NAK);
  assert.equal(textOption(answer, OptionCode.message), 'another client holds it');
});

test('INIT-REBOOT: its own address is confirmed, one of another network refused to everyone on the link', async () => {
  const pod = await Pod.up();
  const client = await Client.plugIn(pod);
  await client.boot();
  assert.equal(typeOf(await client.ask({ type: REQUEST, requested: '10.77.0.100' })), ACK);
  const stray = await client.ask({ type: REQUEST, requested: '192.168.1.20', flags: 0 });
  assert.equal(typeOf(stray), NAK);
  assert.equal(pod.network.sent.at(-1)?.to.address, '255.255.255.255');
});

test('INIT-REBOOT: a machine of the former server keeps an address that nobody else was given', async () => {
  const client = await Client.plugIn(await Pod.up());
  assert.equal(typeOf(await client.ask({ type: REQUEST, requested: '10.77.0.150' })), ACK);
});

test('INIT-REBOOT for what another client had before: NAK, it is kept for that one', async () => {
  const pod = await Pod.up();
  const client = await Client.plugIn(pod);
  await client.boot({ mac: OTHER });
  pod.clock.advance(2 * HOUR_MS);
  assert.equal(typeOf(await client.ask({ type: REQUEST, requested: '10.77.0.100' })), NAK);
  assert.equal(await client.boot({ mac: OTHER }), '10.77.0.100');
});

test('RENEWING: unicast to ciaddr, the whole time anew', async () => {
  const pod = await Pod.up();
  const client = await Client.plugIn(pod, { address: '10.77.0.100' });
  await client.boot();
  pod.clock.advance(1_800_000);
  const ack = await client.ask({ type: REQUEST, ciaddr: '10.77.0.100' }, SERVER);
  assert.equal(typeOf(ack), ACK);
  assert.deepEqual(pod.network.sent.at(-1)?.to, { address: '10.77.0.100', port: 68 });
  pod.clock.advance(3_500_000);
  assert.equal(pod.leases.byAddress(ip('10.77.0.100'))?.state, 'bound');
});

test('RENEWING through a router: the client’s own address says which subnet it is in', async () => {
  const settings = podSettings({
    subnets: [
      subnetOf(),
      subnetOf({ cidr: '10.78.0.0/24', pools: [['10.78.0.100', '10.78.0.199']], relays: ['10.78.0.1'] }),
    ],
  });
  const pod = await Pod.up({ settings });
  const relay = await Client.plugIn(pod, { relay: '10.78.0.1' });
  assert.equal(await relay.boot(), '10.78.0.100');
  const routed = await Client.plugIn(pod, { address: '10.78.0.100', link: 'behind' });
  assert.equal(typeOf(await routed.ask({ type: REQUEST, ciaddr: '10.78.0.100' }, SERVER)), ACK);
});

test('RENEWING an address of a network that is not ours, unicast: silence', async () => {
  const client = await Client.plugIn(await Pod.up(), { address: '192.168.1.20' });
  assert.equal(await client.ask({ type: REQUEST, ciaddr: '192.168.1.20' }, SERVER), undefined);
});

test('REBINDING: a broadcast is answered; astray it is refused', async () => {
  const pod = await Pod.up();
  const client = await Client.plugIn(pod, { address: '10.77.0.100' });
  await client.boot();
  assert.equal(typeOf(await client.ask({ type: REQUEST, ciaddr: '10.77.0.100' })), ACK);
  assert.equal(typeOf(await client.ask({ type: REQUEST, ciaddr: '10.99.0.4' })), NAK);
});

test('REBINDING on our link with an address from behind a relay: NAK, the machine was moved', async () => {
  const pod = await Pod.up({ settings: podSettings({ subnets: [subnetOf(), behindRelay()] }) });
  const there = await Client.plugIn(pod, { relay: '10.78.0.1' });
  assert.equal(await there.boot(), '10.78.0.100');
  const here = await Client.plugIn(pod);
  const sent = pod.network.sent.length;
  await here.ask({ type: REQUEST, ciaddr: '10.78.0.100' });
  assert.equal(typeOf(here.lastAnswer(sent)), NAK);
  assert.equal(await here.boot(), '10.77.0.100');
});

test('SELECTING with an old address left in ciaddr: the ACK goes where the machine hears it', async () => {
  const pod = await Pod.up({ settings: podSettings({ subnets: [subnetOf(), behindRelay()] }) });
  const client = await Client.plugIn(pod);
  for (const ciaddr of ['10.78.0.100', '192.168.1.7', '10.77.0.55']) {
    assert.equal(await client.boot({ ciaddr }), '10.77.0.100', ciaddr);
  }
});

test('RENEWING after the lease ended, nobody else had it: confirmed', async () => {
  const pod = await Pod.up();
  const client = await Client.plugIn(pod, { address: '10.77.0.100' });
  await client.boot();
  pod.clock.advance(5 * HOUR_MS);
  assert.equal(pod.leases.byAddress(ip('10.77.0.100')), undefined);
  assert.equal(typeOf(await client.ask({ type: REQUEST, ciaddr: '10.77.0.100' })), ACK);
});

test('a REQUEST for nothing is not answered', async () => {
  const pod = await Pod.up();
  const client = await Client.plugIn(pod);
  assert.equal(await client.ask({ type: REQUEST }), undefined);
  assert.equal(pod.service.statistics()['silent.senseless'], 1);
});

test('INFORM: options without address and times, and no lease', async () => {
  const pod = await Pod.up();
  const client = await Client.plugIn(pod, { address: '10.77.0.50' });
  const ack = await client.ask({ type: INFORM, ciaddr: '10.77.0.50' });
  assert.equal(typeOf(ack), ACK);
  assert.equal(ack?.yiaddr, 0);
  assert.equal(numberOption(ack, OptionCode.leaseTime), undefined);
  assert.equal(numberOption(ack, OptionCode.routers), ip(SERVER));
  assert.equal(pod.disk.size, 0);
});

test('DECLINE: the address rests, the client gets another one, and it outlives a restart', async () => {
  const pod = await Pod.up();
  const client = await Client.plugIn(pod);
  await client.boot();
  assert.equal(await client.ask({ type: DECLINE, requested: '10.77.0.100', serverId: SERVER }), undefined);
  assert.match(pod.eventsOf('dhcp.decline')[0]?.mend ?? '', /arping/);
  assert.equal(await client.boot(), '10.77.0.101');
  await pod.crash();
  assert.equal(typeOf(await client.ask({ type: REQUEST, requested: '10.77.0.100' })), NAK);
  pod.clock.advance(HOUR_MS + 1);
  assert.equal([...pod.leases.quarantined()].length, 0);
});

test('DECLINE of what the client was never given changes nothing', async () => {
  const pod = await Pod.up();
  const client = await Client.plugIn(pod);
  await client.ask({ type: DECLINE, requested: '10.77.0.150', serverId: SERVER });
  assert.equal(pod.disk.size, 0);
  assert.equal(pod.service.statistics()['silent.not-its-lease'], 1);
});

test('RELEASE: the lease ends, the client gets the same address when it is back', async () => {
  const pod = await Pod.up();
  const client = await Client.plugIn(pod, { address: '10.77.0.100' });
  await client.boot();
  await client.ask({ type: RELEASE, ciaddr: '10.77.0.100', serverId: SERVER }, SERVER);
  assert.equal(pod.leases.byAddress(ip('10.77.0.100')), undefined);
  assert.equal(pod.disk.get(ip('10.77.0.100'))?.state, 'released');
  assert.match(pod.eventsOf('dhcp.release')[0]?.text ?? '', /gave 10\.77\.0\.100 back/);
  assert.equal(pod.service.statistics().released, 1);
  assert.equal(await client.boot({ mac: OTHER }), '10.77.0.101');
  assert.equal(await client.boot(), '10.77.0.100');
});

test('RELEASE of another client’s address changes nothing', async () => {
  const pod = await Pod.up();
  const client = await Client.plugIn(pod);
  await client.boot();
  await client.ask({ type: RELEASE, mac: OTHER, ciaddr: '10.77.0.100', serverId: SERVER }, SERVER);
  assert.equal(pod.leases.byAddress(ip('10.77.0.100'))?.state, 'bound');
});

test('BOOTP: a reservation gets its address for ever, a stranger nothing', async () => {
  const settings = podSettings({
    reservations: [reservation('kvm1', '10.77.0.9', { mac: '52:54:00:aa:00:01' as MacAddress })],
  });
  const pod = await Pod.up({ settings });
  const client = await Client.plugIn(pod);
  const reply = await client.ask({ mac: '52:54:00:aa:00:01' });
  assert.equal(formatIpv4(reply?.yiaddr ?? 0), '10.77.0.9');
  assert.equal(typeOf(reply), undefined);
  assert.equal(numberOption(reply, OptionCode.leaseTime), undefined);
  assert.equal(pod.disk.get(ip('10.77.0.9'))?.expiresAt, null);
  pod.batches.length = 0;
  await client.ask({ mac: '52:54:00:aa:00:01' });
  assert.deepEqual(pod.batches, [], 'what is on the disk is not written again');
  assert.equal(await client.ask({}), undefined);
});

test('BOOTP from a pool, where the site wants it, and not at all where it does not', async () => {
  const open = await Client.plugIn(await Pod.up({ settings: podSettings({ bootp: 'pool' }) }));
  assert.equal(formatIpv4((await open.ask({}))?.yiaddr ?? 0), '10.77.0.100');
  const closed = await Client.plugIn(await Pod.up({ settings: podSettings({ bootp: 'off' }) }));
  assert.equal(await closed.ask({}), undefined);
});

test('reservations only: strangers hear nothing, not even a NAK; nodes are served', async () => {
  const nodes = new FakeNodes();
  nodes.enrol('dgx01', [{ mac: '52:54:00:77:00:01' as MacAddress }]);
  const pod = await Pod.up({ nodes, settings: podSettings({}, 'reservations') });
  const client = await Client.plugIn(pod);
  for (const stray of [
    { type: DISCOVER },
    { type: REQUEST, requested: '192.168.1.1' },
    { type: REQUEST, ciaddr: '192.168.1.1' },
    { type: INFORM, ciaddr: '10.77.0.9' },
    {},
  ]) {
    assert.equal(await client.ask({ mac: OTHER, ...stray }), undefined);
  }
  assert.equal(await client.boot(), '10.77.0.100');
  assert.equal(typeOf(await client.ask({ type: REQUEST, requested: '192.168.1.1' })), NAK);
});

test('a shorter lease is given where the client wishes for one, with T1 and T2 in proportion', async () => {
  const client = await Client.plugIn(await Pod.up());
  const wish = (seconds: string): [number, Uint8Array][] => [[OptionCode.leaseTime, addressBytes(seconds)]];
  const short = await client.ask({ type: DISCOVER, options: wish('0.0.2.88') });
  assert.equal(numberOption(short, OptionCode.leaseTime), 600);
  assert.equal(numberOption(short, OptionCode.renewalTime), 300);
  assert.equal(numberOption(short, OptionCode.rebindingTime), 525);
  const greedy = await client.ask({ type: DISCOVER, options: wish('255.255.255.255') });
  assert.equal(numberOption(greedy, OptionCode.leaseTime), 3_600);
  const silly = await client.ask({ type: DISCOVER, options: wish('0.0.0.1') });
  assert.equal(numberOption(silly, OptionCode.leaseTime), 60);
});

test('a full pool says who holds what, once a minute, and never stops a reservation', async () => {
  const settings = podSettings({
    subnets: [subnetOf({ pools: [['10.77.0.100', '10.77.0.102']] })],
    reservations: [reservation('switch1', '10.77.0.102', { mac: '52:54:00:aa:00:01' as MacAddress })],
  });
  const pod = await Pod.up({ settings });
  const client = await Client.plugIn(pod);
  await client.boot({ mac: '52:54:00:00:00:01' });
  pod.clock.advance(1_000);
  await client.boot({ mac: '52:54:00:00:00:02' });
  for (let stranger = 3; stranger < 9; stranger += 1) {
    assert.equal(await client.boot({ mac: `52:54:00:00:00:0${stranger}` }), undefined);
  }
  const events = pod.eventsOf('dhcp.pool-full');
  assert.equal(events.length, 1);
  assert.match(events[0]?.text ?? '', /Of 3 addresses 2 are leased, 0 on offer, 0 in quarantine, 1 kept/);
  assert.match(events[0]?.text ?? '', /end first: 10\.77\.0\.100 \(52:54:00:00:00:01, in 60 min\), 10\.77\.0\.101/);
  assert.equal(await client.boot({ mac: '52:54:00:aa:00:01' }), '10.77.0.102');
  pod.clock.advance(60_000);
  await client.boot({ mac: '52:54:00:00:00:09' });
  assert.equal(pod.eventsOf('dhcp.pool-full').length, 2);
  pod.clock.advance(HOUR_MS);
  assert.equal(await client.boot({ mac: '52:54:00:00:00:09' }), '10.77.0.100', 'the one that ended first');
});
