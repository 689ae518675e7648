import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DiscoveryFixture, ip, macOf, portOf } from './discovery-fixture.ts';

const MINUTE = 60_000;

test('a stranger appears with what it said, and is told with its maker', async () => {
  const fixture = await DiscoveryFixture.started();
  const key = fixture.saw(1, { uuid: '4c4c4544-0033-3410-8036-c4c04f32334a', ...portOf('Ethernet1/7') });
  await fixture.wait(1_500);
  const [machine] = fixture.discovery.list();
  assert.equal(machine?.key, key);
  assert.equal(machine?.requests, 1);
  assert.equal(machine?.kind, 'machine');
  const [report] = await fixture.discovery.report([fixture.discovery.get(key)]);
  assert.equal(report?.vendor, 'Dell Inc.');
  const [event] = fixture.eventsOf('machine.discovered');
  assert.match(event?.text ?? '', /d0:94:66:00:00:01 \(Dell Inc\., uefi-x64\)/);
  assert.match(event?.mend ?? '', /podboot discovered adopt/);
});

test('it is told once, however often it asks', async () => {
  const fixture = await DiscoveryFixture.started();
  for (let time = 0; time < 20; time += 1) {
    fixture.saw(1);
    await fixture.wait(4_000);
  }
  assert.equal(fixture.eventsOf('machine.discovered').length, 1);
  assert.equal(fixture.discovery.list()[0]?.requests, 20);
});

test('an operating system that asks later leaves what the firmware said', async () => {
  const fixture = await DiscoveryFixture.started();
  const uuid = '77000000-0000-4000-8000-000000000001';
  fixture.saw(1, { uuid, relay: ip('10.78.0.1'), ...portOf('eth1') });
  fixture.saw(1, { stage: 'os', hostname: 'ubuntu', address: ip('10.78.0.100') });
  const [machine] = fixture.discovery.list();
  assert.equal(machine?.stage, 'os');
  assert.equal(machine?.uuid, uuid);
  assert.equal(machine?.firmware, 'uefi-x64');
  assert.equal(machine?.hostname, 'ubuntu');
  assert.equal(machine?.relay, ip('10.78.0.1'), 'a renewal goes past the relay');
  assert.deepEqual(machine?.switchPort, portOf('eth1').switchPort);
});

test('firmware that asks on another link is there now', async () => {
  const fixture = await DiscoveryFixture.started();
  fixture.saw(1, { relay: ip('10.78.0.1'), ...portOf('eth1') });
  fixture.saw(1, { interfaceName: 'eno3' });
  const [machine] = fixture.discovery.list();
  assert.deepEqual([machine?.interfaceName, machine?.relay, machine?.switchPort], ['eno3', undefined, undefined]);
});

test('a machine that is enrolled is in no list from then on, and not on the disk either', async () => {
  const fixture = await DiscoveryFixture.started();
  const key = await fixture.came(1);
  await fixture.wait(MINUTE);
  assert.equal((await fixture.stored()).length, 1);
  await fixture.enrol('dgx01', { interfaces: [{ name: 'eno1', mac: macOf(1) }] });
  assert.deepEqual(fixture.keys(), []);
  assert.throws(() => fixture.discovery.get(key), /no such discovered machine/);
  await fixture.wait(MINUTE + 1_000);
  assert.deepEqual(await fixture.stored(), []);
});

test('a machine that is forgotten comes back when it asks again, as new', async () => {
  const fixture = await DiscoveryFixture.started();
  const key = await fixture.came(1);
  fixture.discovery.forget(key);
  assert.deepEqual(fixture.keys(), []);
  assert.throws(() => fixture.discovery.forget(key), /no such discovered machine/);
  await fixture.wait(5_000);
  fixture.saw(1);
  const machine = fixture.discovery.get(key);
  assert.equal(machine.requests, 1);
  assert.equal(machine.firstSeenAt, fixture.clock.now());
});

test('what is known outlives a restart', async () => {
  const fixture = await DiscoveryFixture.started();
  const key = await fixture.came(1, { uuid: '77000000-0000-4000-8000-000000000001' });
  await fixture.discovery.stop();
  const before = fixture.discovery.get(key);
  const again = await fixture.restarted();
  assert.deepEqual(again.discovery.get(key), before);
  assert.equal(fixture.clock.pendingTimers, 0, 'a stopped one has no timers');
});

test('the disk is written once a minute in batches, whatever comes', async () => {
  const fixture = await DiscoveryFixture.started();
  for (let second = 0; second < 59; second += 1) {
    for (let number = 0; number < 1_200; number += 1) fixture.saw(number);
    await fixture.clock.advanceSettling(1_000);
  }
  assert.equal(fixture.batches.length, 0, 'not before the minute is over');
  await fixture.wait(2_000);
  assert.deepEqual(
    fixture.batches.map((batch) => batch.length),
    [500, 500, 200],
  );
  const written = fixture.batches.length;
  for (let number = 0; number < 1_200; number += 1) fixture.saw(number);
  await fixture.wait(MINUTE);
  assert.equal(fixture.batches.length, written, 'the time of the last packet alone can wait');
  await fixture.wait(14 * MINUTE);
  for (let number = 0; number < 1_200; number += 1) fixture.saw(number);
  await fixture.wait(MINUTE + 1_000);
  assert.equal(fixture.batches.length, written + 3);
});

test('what the disk refused is written later', async () => {
  const fixture = await DiscoveryFixture.started();
  const key = await fixture.came(1);
  await fixture.wait(MINUTE);
  const commit = fixture.commit;
  fixture.commit = () => Promise.reject(new Error('disk full'));
  fixture.discovery.forget(key);
  fixture.saw(2);
  await fixture.wait(MINUTE + 1_000);
  assert.match(fixture.eventsOf('discovery.not-written')[0]?.text ?? '', /disk full/);
  fixture.commit = commit;
  await fixture.wait(MINUTE + 1_000);
  assert.deepEqual(
    (await fixture.stored()).map(({ mac }) => mac),
    [macOf(2)],
  );
});

test('a flood of made-up addresses pushes out nothing but itself, and fills neither disk nor log', async () => {
  const fixture = await DiscoveryFixture.started({ limits: { settled: 100, fleeting: 200 } });
  for (let number = 0; number < 40; number += 1) fixture.saw(number);
  await fixture.wait(4_000);
  for (let number = 0; number < 40; number += 1) fixture.saw(number);
  const real = fixture.keys();
  let made = 1_000_000;
  for (let second = 0; second < 65; second += 1) {
    for (let packet = 0; packet < 2_000; packet += 1) fixture.saw(made++);
    await fixture.clock.advanceSettling(1_000);
  }
  assert.deepEqual(
    real.filter((key) => !fixture.keys().includes(key)),
    [],
    'those that were there before are there still',
  );
  assert.ok(fixture.keys().length <= 300, `${fixture.keys().length} machines`);
  const changes = fixture.batches.flat().length;
  assert.ok(changes <= 300, `${changes} changes on the disk in the first minute`);
  assert.ok(fixture.eventsOf('machine.discovered').length <= 65 * 201 + 40);
  assert.ok(fixture.eventsOf('discovery.flood').length > 0, 'the flood is told as one');
});

test('a machine that keeps asking amid a flood is found', async () => {
  const fixture = await DiscoveryFixture.started({ limits: { settled: 100, fleeting: 200 } });
  let made = 1_000_000;
  for (let second = 0; second < 20; second += 1) {
    for (let packet = 0; packet < 3_000; packet += 1) {
      // As EDK2 asks: at 0, 4, 12 s, in the middle of 3,000 others.
      if (packet === 1_500 && [4, 8, 16].includes(second)) fixture.saw(1);
      fixture.saw(made++);
    }
    await fixture.clock.advanceSettling(1_000);
  }
  assert.ok(fixture.keys().includes(`mac:${macOf(1)}`), 'it is in the list');
});

test('of machines that stay, the one that was silent for longest goes first', async () => {
  const fixture = await DiscoveryFixture.started({ limits: { settled: 3, fleeting: 10 } });
  for (const number of [1, 2, 3]) await fixture.came(number);
  fixture.saw(1);
  await fixture.came(4);
  assert.deepEqual(
    fixture.keys(),
    [1, 3, 4].map((number) => `mac:${macOf(number)}`),
  );
  await fixture.wait(MINUTE);
  assert.equal((await fixture.stored()).length, 3);
});

test('a BMC is told as one, by its words or its maker', async () => {
  const fixture = await DiscoveryFixture.started();
  const bmc = { stage: 'os' } as const;
  fixture.saw(1, { ...bmc, vendorClass: 'iDRAC' });
  fixture.saw(2, { ...bmc, vendorClass: 'CPQRIB3' });
  fixture.saw(3, { ...bmc, vendorClass: 'NVIDIA/BF/BMC' });
  fixture.saw(4, { ...bmc, hostname: 'AMID09466000004' });
  fixture.saw(5, { ...bmc, hostname: 'dgx-bmc.example.com' });
  fixture.saw(6, { ...bmc, hostname: 'submarine', vendorClass: 'udhcp 1.36.1' });
  fixture.saw(7, { vendorClass: 'PXEClient:Arch:00007:UNDI:003000', hostname: 'bmc' });
  await fixture.wait(2_000);
  assert.deepEqual(
    fixture.discovery.list().map(({ kind }) => kind),
    ['bmc', 'bmc', 'bmc', 'bmc', 'bmc', 'machine', 'machine'],
  );
  assert.match(fixture.eventsOf('machine.discovered')[0]?.text ?? '', /BMC: Dell iDRAC/);
});

test('nodes that a machine may belong to are suggested with the reason, and nothing is done', async () => {
  const fixture = await DiscoveryFixture.started();
  await fixture.enrol('dgx01', {
    uuid: '77000000-0000-4000-8000-000000000001',
    interfaces: [{ name: 'eno1', mac: macOf(0x100) }],
  });
  await fixture.enrol('dgx02', { interfaces: [{ name: 'eno1', mac: macOf(0x200), ...portOf('Eth2', 'sw1') }] });
  const neighbour = fixture.saw(0xfe);
  const sameUuid = fixture.saw(0x999, { uuid: '77000000-0000-4000-8000-000000000001' });
  const samePort = fixture.saw(0x998, portOf('Eth2', 'sw1'));
  const nobody = fixture.saw(0x888);
  const reports = await fixture.discovery.report(
    [neighbour, sameUuid, samePort, nobody].map((key) => fixture.discovery.get(key)),
  );
  assert.deepEqual(
    reports.map(({ suggestions }) => suggestions.map(({ node, reason }) => `${node.name}: ${reason}`)),
    [
      ['dgx01: its MAC address is 2 below that of the node’s interface eno1'],
      ['dgx01: it has the node’s UUID'],
      ['dgx02: it asks at the switch port of the node’s interface eno1'],
      [],
    ],
  );
  await fixture.wait(5_000);
  assert.equal(fixture.registry.byName('dgx01')?.version, 1);
});
