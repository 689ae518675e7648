import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import type { Sighting } from '../../src/domain/discovered-machine.ts';
import { parseIpv4 } from '../../src/domain/ipv4.ts';
import { macKey } from '../../src/domain/lease.ts';
import type { MacAddress } from '../../src/domain/mac.ts';
import { ruleOf } from '../lifecycle/discovery/discovery-fixture.ts';
import { ApiFixture, nodeBody, problemOf } from './api-fixture.ts';

const MACHINES = '/discovered';
let pod = new ApiFixture();
afterEach(async () => {
  await pod.api.close();
  pod = new ApiFixture();
});

function saw(number: number, more: Partial<Sighting> = {}): string {
  const mac = `d0:94:66:00:00:${number.toString(16).padStart(2, '0')}` as MacAddress;
  pod.discovery.sightings.saw({ key: macKey(mac), mac, stage: 'pxe', interfaceName: 'eno2', ...more });
  return mac;
}

async function items(path: string): Promise<Record<string, unknown>[]> {
  const response = await pod.call('GET', path);
  assert.equal(response.statusCode, 200, response.body);
  return response.json().items;
}

describe('listing discovered machines', () => {
  it('shows all that is known, in words', async () => {
    const hex = (text: string) => Buffer.from(text).toString('hex');
    const mac = saw(1, {
      firmware: 'uefi-x64',
      architecture: 7,
      uuid: '4c4c4544-0033-3410-8036-c4c04f32334a',
      vendorClass: 'PXEClient:Arch:00007:UNDI:003000',
      switchPort: { circuitId: hex('Ethernet1/7'), remoteId: hex('leaf-12') },
      relay: parseIpv4('10.78.0.1') ?? 0,
      address: parseIpv4('10.78.0.100') ?? 0,
    });
    assert.deepEqual(await items(MACHINES), [
      {
        key: `mac:${mac}`,
        kind: 'machine',
        mac,
        vendor: 'Dell Inc.',
        stage: 'pxe',
        firmware: 'uefi-x64',
        architecture: 7,
        uuid: '4c4c4544-0033-3410-8036-c4c04f32334a',
        vendorClass: 'PXEClient:Arch:00007:UNDI:003000',
        switchPort: { circuitId: hex('Ethernet1/7'), remoteId: hex('leaf-12'), text: 'leaf-12 Ethernet1/7' },
        interface: 'eno2',
        relay: '10.78.0.1',
        address: '10.78.0.100',
        firstSeenAt: new Date(pod.clock.now()).toISOString(),
        lastSeenAt: new Date(pod.clock.now()).toISOString(),
        requests: 1,
        suggestions: [],
      },
    ]);
  });

  it('goes through all of them page by page', async () => {
    for (let number = 1; number <= 5; number += 1) saw(number);
    const seen: unknown[] = [];
    let path: string | undefined = `${MACHINES}?limit=2`;
    while (path !== undefined) {
      const response = await pod.call('GET', path);
      const body: { items: { key: string }[]; next?: string } = response.json();
      seen.push(...body.items.map(({ key }) => key));
      path = body.next === undefined ? undefined : `${MACHINES}?limit=2&after=${encodeURIComponent(body.next)}`;
    }
    assert.equal(new Set(seen).size, 5);
  });

  it('filters by kind, maker, interface, network and time', async () => {
    saw(1, { address: parseIpv4('10.77.0.100') ?? 0 });
    saw(2, { interfaceName: 'eno3', mac: 'b8:3f:d2:00:00:02' as MacAddress, key: 'mac:b8:3f:d2:00:00:02' });
    pod.clock.advance(60_000);
    saw(3, { stage: 'os', vendorClass: 'iDRAC' });
    await pod.discovery.makers();
    await pod.clock.advanceSettling(2_000);
    const keys = async (query: string) => (await items(`${MACHINES}?${query}`)).map(({ mac }) => String(mac).slice(-2));
    assert.deepEqual(await keys('vendor=dell'), ['01', '03']);
    assert.deepEqual(await keys('interface=eno3'), ['02']);
    assert.deepEqual(await keys('subnet=10.77.0.0/24'), ['01']);
    assert.deepEqual(await keys('seenWithin=30'), ['03']);
    assert.deepEqual(await keys('kind=bmc'), ['03']);
    const wrong = await pod.call('GET', `${MACHINES}?subnet=10.77.0.1/24`);
    assert.deepEqual(problemOf(wrong).paths, ['?subnet']);
  });

  it('has no machine that is a node', async () => {
    saw(1);
    await pod.call('POST', '/nodes', { name: 'dgx01', interfaces: [{ name: 'eno1', mac: 'd0:94:66:00:00:01' }] });
    assert.deepEqual(await items(MACHINES), []);
    assert.equal((await pod.call('GET', `${MACHINES}/d0:94:66:00:00:01`)).statusCode, 404);
  });
});

describe('one discovered machine', () => {
  it('is found by its MAC address in any notation, and by its key', async () => {
    saw(1);
    for (const name of ['d0:94:66:00:00:01', 'D0-94-66-00-00-01', 'd094.6600.0001', 'mac:d0:94:66:00:00:01']) {
      const response = await pod.call('GET', `${MACHINES}/${encodeURIComponent(name)}`);
      assert.equal(response.statusCode, 200, name);
      assert.equal(response.json().mac, 'd0:94:66:00:00:01');
    }
  });

  it('may be known by a long client identifier alone', async () => {
    const clientId = 'ff'.repeat(60);
    pod.discovery.sightings.saw({ key: `cid:${clientId}`, clientId, stage: 'os', interfaceName: 'ib0' });
    const response = await pod.call('GET', `${MACHINES}/cid:${clientId}`);
    assert.equal(response.json().clientId, clientId);
  });

  it('is not found where there is none, or where the key is none', async () => {
    for (const name of ['d0:94:66:00:00:01', 'whoever', 'cid:xyz']) {
      assert.equal((await pod.call('GET', `${MACHINES}/${name}`)).statusCode, 404, name);
    }
  });

  it('says which nodes it may belong to, and what a rule would make of it', async () => {
    pod.discoveryRules = [ruleOf('dell')];
    await pod.call('POST', '/nodes', { name: 'dgx01', interfaces: [{ name: 'eno1', mac: 'd0:94:66:00:00:02' }] });
    saw(1);
    const { suggestions, rule } = (await pod.call('GET', `${MACHINES}/d0:94:66:00:00:01`)).json();
    assert.deepEqual(suggestions, [
      { node: 'dgx01', reason: 'its MAC address is 1 below that of the node’s interface eno1' },
    ]);
    assert.deepEqual(rule, { rule: 'dell', name: 'node-d09466000001' });
  });

  it('is forgotten, and comes back when it asks again', async () => {
    saw(1);
    assert.equal((await pod.call('DELETE', `${MACHINES}/d0:94:66:00:00:01`)).statusCode, 204);
    assert.deepEqual(await items(MACHINES), []);
    assert.equal((await pod.call('DELETE', `${MACHINES}/d0:94:66:00:00:01`)).statusCode, 404);
    saw(1);
    assert.equal((await items(MACHINES)).length, 1);
  });
});

describe('adopting', () => {
  it('makes a node, with its address and its tag', async () => {
    saw(1);
    const response = await pod.call('POST', `${MACHINES}/d0:94:66:00:00:01/adopt`, {
      name: 'dgx01',
      rack: 'r1',
      roles: ['gpu'],
      labels: { row: 'a' },
    });
    assert.equal(response.statusCode, 201, response.body);
    const node = response.json();
    assert.equal(response.headers.location, `/api/v1/nodes/${node.id}`);
    assert.equal(node.interfaces[0].mac, 'd0:94:66:00:00:01');
    assert.deepEqual([node.rack, node.roles, node.labels], ['r1', ['gpu'], { row: 'a' }]);
    assert.deepEqual(await items(MACHINES), []);
    const shown = await pod.call('GET', '/nodes/dgx01');
    assert.equal(shown.json().version, 1);
  });

  it('takes the history of the machine along', async () => {
    saw(1);
    await pod.discovery.makers();
    await pod.clock.advanceSettling(2_000);
    await pod.call('POST', `${MACHINES}/d0:94:66:00:00:01/adopt`, { name: 'dgx01' });
    const types = (await items('/nodes/dgx01/timeline')).map(({ type }) => type);
    assert.deepEqual(types, ['machine.discovered', 'node.enrolled', 'machine.adopted']);
  });

  it('adds an interface to a node that there is', async () => {
    await pod.call('POST', '/nodes', nodeBody('dgx01', 1));
    saw(2);
    const response = await pod.call('POST', `${MACHINES}/d0:94:66:00:00:02/adopt`, {
      node: 'dgx01',
      interface: 'bmc',
      role: 'bmc',
    });
    assert.equal(response.statusCode, 200, response.body);
    assert.equal(response.json().interfaces[1].role, 'bmc');
  });

  it('refuses what does not go together, and tells where', async () => {
    saw(1);
    const path = `${MACHINES}/d0:94:66:00:00:01/adopt`;
    for (const [body, at] of [
      [{}, 'name'],
      [{ node: 'dgx01' }, 'interface'],
      [{ node: 'dgx01', interface: 'bmc', name: 'dgx02' }, 'name'],
      [{ node: 'dgx01', interface: 'bmc', rack: 'r1' }, 'rack'],
      [{ name: 'dgx01', role: 'bmc' }, 'role'],
      [{ name: 'dgx 01' }, 'name'],
      [{ name: 'dgx01', nmae: 'x' }, 'nmae'],
    ] as const) {
      const response = await pod.call('POST', path, body);
      const { status, paths } = problemOf(response);
      assert.deepEqual([status, paths.map((each) => each.replace(/^\//, ''))], [422, [at]], response.body);
    }
    assert.equal((await items(MACHINES)).length, 1);
  });

  it('tells whose it is by now', async () => {
    saw(1);
    const path = `${MACHINES}/d0:94:66:00:00:01/adopt`;
    await pod.call('POST', path, { name: 'dgx01' });
    const response = await pod.call('POST', path, { name: 'dgx02' });
    assert.equal(response.statusCode, 409);
    assert.match(response.body, /dgx01’s interface boot already/);
  });
});

describe('rules', () => {
  it('are shown with what they would do, and done when told to', async () => {
    pod.discoveryRules = [ruleOf('dell', { match: { oui: 'd0:94:66', subnet: { network: 0, prefixLength: 0 } } })];
    saw(1);
    saw(2);
    await pod.call('POST', '/nodes', {
      name: 'node-d09466000002',
      interfaces: [{ name: 'a', mac: '52:54:00:00:00:09' }],
    });
    const shown = await pod.call('GET', `${MACHINES}/rules`);
    assert.deepEqual(shown.json().rules, [
      {
        name: 'dell',
        automatic: false,
        match: { oui: 'd0:94:66', subnet: '0.0.0.0/0' },
        namePattern: 'node-{mac}',
      },
    ]);
    assert.deepEqual(
      shown
        .json()
        .outcomes.map(({ name, problem }: { name: string; problem?: string }) => [name, problem !== undefined]),
      [
        ['node-d09466000001', false],
        ['node-d09466000002', true],
      ],
    );
    const dry = await pod.call('POST', `${MACHINES}/apply-rules`, { dryRun: true });
    assert.equal(dry.json().items.length, 2);
    assert.equal(pod.registry.size, 1);
    const done = await pod.call('POST', `${MACHINES}/apply-rules`, {});
    assert.equal(done.json().items[0].node, pod.registry.byName('node-d09466000001')?.id);
    assert.equal((await items(MACHINES)).length, 1);
  });
});
