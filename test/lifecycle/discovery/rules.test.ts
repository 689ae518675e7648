import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DiscoveryMatch } from '../../../src/domain/settings.ts';
import { matchRule } from '../../../src/lifecycle/discovery/rule-match.ts';
import { planAdoptions } from '../../../src/lifecycle/discovery/rule-plan.ts';
import { portNumber } from '../../../src/lifecycle/discovery/switch-port-text.ts';
import { DiscoveryFixture, ip, macOf, portOf, ruleOf, sightingOf } from './discovery-fixture.ts';

const UUID = '4c4c4544-0033-3410-8036-c4c04f32334a';

function machineOf(number: number, more: object = {}) {
  return { ...sightingOf(number), kind: 'machine' as const, firstSeenAt: 0, lastSeenAt: 0, requests: 1, ...more };
}

const MACHINE = machineOf(1, {
  uuid: UUID,
  vendorClass: 'PXEClient:Arch:00007:UNDI:003000',
  serialNumber: 'D34623J',
  address: ip('10.78.0.100'),
  ...portOf('Ethernet1/7', 'sw12'),
});

const FITS: readonly (readonly [string, DiscoveryMatch, boolean])[] = [
  ['part of its maker’s name', { vendor: 'dell' }, true],
  ['another maker', { vendor: 'supermicro' }, false],
  ['its OUI', { oui: 'd0:94:66' }, true],
  ['another OUI', { oui: 'b8:3f:d2' }, false],
  ['a MAC address pattern', { mac: 'd0:94:66:*' }, true],
  ['a UUID pattern', { uuid: '4c4c4544-*' }, true],
  ['its serial number', { serialNumber: 'd34623j' }, true],
  ['its vendor class', { vendorClass: 'PXEClient:*' }, true],
  ['its architecture', { architecture: 7 }, true],
  ['another architecture', { architecture: 11 }, false],
  ['its firmware', { firmware: 'uefi-x64' }, true],
  ['the text of its port', { circuitId: 'text:Ethernet1/*' }, true],
  ['the bytes of its port', { circuitId: '45746865726e6574312f37' }, true],
  ['another port', { circuitId: 'text:Ethernet2/*' }, false],
  ['its switch', { remoteId: 'text:sw12' }, true],
  ['its subnet', { subnet: { network: ip('10.78.0.0'), prefixLength: 24 } }, true],
  ['another subnet', { subnet: { network: ip('10.77.0.0'), prefixLength: 24 } }, false],
  ['two things, one of which fits', { oui: 'd0:94:66', architecture: 11 }, false],
];

for (const [name, match, fits] of FITS) {
  test(`a rule by ${name} ${fits ? 'fits' : 'does not fit'}`, () => {
    const words = matchRule(ruleOf('any', { match }), { machine: MACHINE, vendor: 'Dell Inc.' });
    assert.equal(words !== undefined, fits);
  });
}

test('without an address, the relay tells the subnet, and without a relay the interface does', () => {
  const match = { subnet: { network: ip('10.78.0.0'), prefixLength: 24 } };
  const rule = ruleOf('any', { match });
  assert.ok(matchRule(rule, { machine: machineOf(1, { relay: ip('10.78.0.1') }) }));
  assert.ok(matchRule(rule, { machine: machineOf(1), interfaceAddress: ip('10.78.0.1') }));
  assert.equal(matchRule(rule, { machine: machineOf(1) }), undefined);
});

for (const [hex, port] of [
  [Buffer.from('Ethernet1/7').toString('hex'), '7'],
  [Buffer.from('Gi1/0/12\0').toString('hex'), '12'],
  ['0004000a011f', '31'],
  [Buffer.from('uplink').toString('hex'), undefined],
] as const) {
  test(`the port of ${hex} is ${port ?? 'not known'}`, () => {
    assert.equal(portNumber({ circuitId: hex }), port);
  });
}

const NO_NODES = { byName: () => undefined, byUuid: () => undefined };

test('names are made of ports, MAC addresses, captured words and counters', () => {
  const adopt = (namePattern: string, rack?: string) => ({
    match: { remoteId: 'text:sw{rack}' },
    adopt: {
      namePattern,
      interfaceName: 'boot',
      roles: [],
      labels: { port: 'r{rack}-{port}' },
      ...(rack === undefined ? {} : { rack }),
    },
  });
  const planned = (namePattern: string, rack?: string) =>
    planAdoptions([{ machine: MACHINE }], [ruleOf('any', adopt(namePattern, rack))], NO_NODES)[0];
  assert.equal(planned('dgx{port:2}')?.input?.name, 'dgx07');
  assert.equal(planned('node-{mac}')?.input?.name, 'node-d09466000001');
  assert.equal(planned('r{rack}-{n:3}')?.input?.name, 'r12-001');
  assert.equal(planned('s-{serial}')?.input?.name, 's-d34623j');
  const full = planned('dgx{port}', 'R{rack}');
  assert.deepEqual([full?.input?.rack, full?.input?.labels], ['R12', { port: 'r12-7' }]);
});

test('a word that nothing tells is a problem of that machine alone', () => {
  const rule = ruleOf('any', {
    match: { oui: 'd0:94:66' },
    adopt: { namePattern: 'dgx{port}', interfaceName: 'boot', roles: [], labels: {} },
  });
  const planned = planAdoptions([{ machine: MACHINE }, { machine: machineOf(2) }], [rule], NO_NODES);
  assert.deepEqual(
    planned.map(({ input, problem }) => [input?.name, problem]),
    [
      [undefined, 'nothing tells {port} of it'],
      ['dgx7', undefined],
    ],
  );
});

test('counters go by switch and port, whatever order the machines came in', () => {
  const rule = ruleOf('any', { adopt: { namePattern: 'dgx{n:2}', interfaceName: 'boot', roles: [], labels: {} } });
  const machines = [5, 3, 9, 1].map((number) => ({ machine: machineOf(number, portOf(`Eth${20 - number}`, 'sw1')) }));
  fc.assert(
    fc.property(fc.shuffledSubarray(machines, { minLength: machines.length }), (shuffled) => {
      const names = planAdoptions(shuffled, [rule], NO_NODES).map(({ machine, input }) => [machine.mac, input?.name]);
      assert.deepEqual(names, [
        [macOf(9), 'dgx01'],
        [macOf(5), 'dgx02'],
        [macOf(3), 'dgx03'],
        [macOf(1), 'dgx04'],
      ]);
    }),
  );
});

test('names that two machines would have go to neither', () => {
  const rule = ruleOf('any', { adopt: { namePattern: 'dgx{port}', interfaceName: 'boot', roles: [], labels: {} } });
  const machines = [1, 2].map((number) => ({ machine: machineOf(number, portOf('Eth7')) }));
  for (const { problem } of planAdoptions(machines, [rule], NO_NODES))
    assert.match(problem ?? '', /dgx7 would be mac:.* too/);
});

test('of two interfaces of one machine, the first is the node and the other is told to belong to it', () => {
  const machines = [2, 1].map((number) => ({ machine: machineOf(number, { uuid: UUID }) }));
  const planned = planAdoptions(machines, [ruleOf('any')], NO_NODES);
  assert.deepEqual(
    planned.map(({ input, problem }) => [input?.name, problem]),
    [
      ['node-d09466000001', undefined],
      ['node-d09466000002', 'it has the UUID of node-d09466000001: another interface of the same machine'],
    ],
  );
});

test('the first rule that fits counts, and BMCs are never adopted by one', () => {
  const rules = [ruleOf('none', { match: { oui: 'b8:3f:d2' } }), ruleOf('first'), ruleOf('second')];
  const planned = planAdoptions([{ machine: MACHINE }, { machine: machineOf(2, { kind: 'bmc' }) }], rules, NO_NODES);
  assert.deepEqual(
    planned.map(({ rule }) => rule.name),
    ['first'],
  );
});

test('a dry run tells what would be done, and does nothing of it', async () => {
  const fixture = await DiscoveryFixture.started({ discovery: { rules: [ruleOf('dell')] } });
  await fixture.came(1);
  await fixture.came(2);
  await fixture.enrol('node-d09466000002', { interfaces: [{ name: 'eno1', mac: macOf(77) }] });
  const outcomes = await fixture.discovery.dryRun();
  assert.deepEqual(
    outcomes.map(({ rule, name, problem }) => [rule, name, problem]),
    [
      ['dell', 'node-d09466000001', undefined],
      ['dell', 'node-d09466000002', 'there is a node node-d09466000002 already'],
    ],
  );
  assert.equal(fixture.registry.size, 1);
});

test('applied, the rules adopt whom they can and leave the others in the list', async () => {
  const fixture = await DiscoveryFixture.started({ discovery: { rules: [ruleOf('dell')] } });
  const keys = [await fixture.came(1), await fixture.came(2)];
  await fixture.enrol('node-d09466000002', { interfaces: [{ name: 'eno1', mac: macOf(77) }] });
  const outcomes = await fixture.discovery.applyRules();
  assert.deepEqual(
    outcomes.map(({ node, problem }) => [node?.name, problem !== undefined]),
    [
      ['node-d09466000001', false],
      [undefined, true],
    ],
  );
  assert.deepEqual(fixture.keys(), [keys[1]]);
  assert.match(fixture.eventsOf('machine.adopted')[0]?.text ?? '', /by rule dell/);
});

test('a rule adopts by itself only where it says so, and only who has come to stay', async () => {
  const waits = await DiscoveryFixture.started({ discovery: { rules: [ruleOf('dell')] } });
  await waits.came(1);
  assert.equal(waits.registry.size, 0);
  const acts = await DiscoveryFixture.started({ discovery: { rules: [ruleOf('dell', { automatic: true })] } });
  acts.saw(1);
  await acts.wait(3_000);
  assert.equal(acts.registry.size, 0, 'it came once: it may be made up');
  acts.saw(1);
  await acts.wait(3_000);
  assert.deepEqual(acts.registry.sortedNames(), ['node-d09466000001']);
  acts.saw(2, { address: ip('10.77.0.100') });
  await acts.wait(3_000);
  assert.equal(acts.registry.size, 2, 'who took an address was there to hear the offer');
});

test('an automatic rule does not take what a rule before it leaves to an operator', async () => {
  const fixture = await DiscoveryFixture.started({
    discovery: { rules: [ruleOf('by hand'), ruleOf('by itself', { automatic: true })] },
  });
  await fixture.came(1);
  assert.equal(fixture.registry.size, 0);
});

test('what an automatic rule can’t do is told', async () => {
  const fixture = await DiscoveryFixture.started({ discovery: { rules: [ruleOf('dell', { automatic: true })] } });
  await fixture.enrol('node-d09466000001', { interfaces: [{ name: 'eno1', mac: macOf(77) }] });
  await fixture.came(1);
  assert.match(fixture.eventsOf('discovery.not-adopted')[0]?.text ?? '', /there is a node node-d09466000001 already/);
});

test('a flood of addresses that an automatic rule fits ends at a limit', async () => {
  const fixture = await DiscoveryFixture.started({ discovery: { rules: [ruleOf('dell', { automatic: true })] } });
  for (let number = 0; number < 700; number += 1) fixture.saw(number, { address: ip('10.77.0.100') + number });
  await fixture.wait(5_000);
  assert.equal(fixture.registry.size, 500);
  assert.equal(fixture.eventsOf('discovery.rules-halted').length, 1);
});

test('no rule gives a profile that can write to a disk', async () => {
  const adopt = { namePattern: 'node-{mac}', interfaceName: 'boot', roles: [], labels: {}, profile: 'install' };
  const fixture = await DiscoveryFixture.started({
    discovery: { rules: [ruleOf('dell', { adopt, automatic: true })] },
    destructive: ['install'],
  });
  await fixture.came(1);
  const [outcome] = await fixture.discovery.applyRules();
  assert.match(outcome?.problem ?? '', /can write to disks/);
  assert.equal(fixture.registry.size, 0);
});

test('in whatever order machines come and are enrolled, adopted and removed, each MAC address has one owner', async () => {
  const step = fc.record({
    act: fc.constantFrom('saw', 'adopt', 'enrol', 'remove', 'forget', 'rules'),
    number: fc.integer({ min: 0, max: 5 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const fixture = await DiscoveryFixture.started({
        discovery: { rules: [ruleOf('dell')] },
        limits: { settled: 3, fleeting: 3 },
      });
      for (const { act, number } of steps) {
        const key = `mac:${macOf(number)}`;
        const name = `n${number}`;
        const refused = () => undefined;
        if (act === 'saw') fixture.saw(number);
        else if (act === 'adopt') await fixture.discovery.adopt(key, { name }).catch(refused);
        else if (act === 'enrol')
          await fixture.enrol(name, { interfaces: [{ name: 'a', mac: macOf(number) }] }).catch(refused);
        else if (act === 'rules') await fixture.discovery.applyRules();
        else if (act === 'forget' && fixture.keys().includes(key)) fixture.discovery.forget(key);
        else if (act === 'remove') {
          const node = fixture.registry.byMac(macOf(number))?.node;
          if (node !== undefined) await fixture.registry.remove(node.id);
        }
        const enrolled = [...fixture.registry.all()].flatMap((node) => node.interfaces.map(({ mac }) => `mac:${mac}`));
        assert.equal(new Set(enrolled).size, enrolled.length);
        assert.deepEqual(
          fixture.keys().filter((each) => enrolled.includes(each)),
          [],
          'in one list only',
        );
        assert.ok(fixture.keys().length <= 6);
      }
      await fixture.discovery.stop();
    }),
    { numRuns: 60 },
  );
});

test('a disk that refuses a node that a rule makes is told, and the next machine is tried', async () => {
  const fixture = await DiscoveryFixture.started({ discovery: { rules: [ruleOf('dell', { automatic: true })] } });
  const { commit } = fixture;
  fixture.commit = () => Promise.reject(new Error('disk full'));
  await fixture.came(1);
  assert.match(fixture.eventsOf('discovery.not-adopted')[0]?.text ?? '', /disk full/);
  fixture.commit = commit;
  await fixture.came(2);
  assert.deepEqual(fixture.registry.sortedNames(), ['node-d09466000002']);
});
