import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { HostRefused, InvalidInput, NotFound } from '../../src/domain/errors.ts';
import type { Lease } from '../../src/domain/lease.ts';
import type { MacAddress } from '../../src/domain/mac.ts';
import { ApiFixture, problemOf } from './api-fixture.ts';

let pod: ApiFixture;
beforeEach(() => {
  pod = new ApiFixture();
});
afterEach(() => pod.api.close());

it('status tells version, uptime, interfaces and counters', async () => {
  await pod.api.inject({ url: '/' });
  pod.clock.advance(90_500);
  pod.clock.jumpWallClock(-1_000_000);
  const status = (await pod.call('GET', '/status')).json();
  assert.equal(status.version, '1.2.3');
  assert.equal(status.uptimeSeconds, 90);
  assert.deepEqual(status.interfaces, [{ name: 'eno2', address: '10.77.0.1', dhcp: 'authoritative' }]);
  assert.deepEqual(status.counters, { dhcp: { offers: 2 } });
  assert.deepEqual(status.leases, { bound: 0, released: 0, declined: 0 });
});

describe('reload', () => {
  it('answers with the warnings of the new configuration', async () => {
    const warnings = [{ path: 'profiles.rescue', message: 'Its kernel is missing.', mend: 'Copy it.' }];
    pod.reload = async () => warnings;
    const response = await pod.call('POST', '/reload');
    assert.equal(response.statusCode, 200);
    assert.deepEqual(response.json(), { warnings });
  });

  it('tells every problem of a wrong one', async () => {
    const problems = [
      { path: 'subnets', message: 'None.', line: 3 },
      { path: 'poools', message: 'Unknown.' },
    ];
    pod.reload = async () => {
      throw new InvalidInput('podboot.yaml has 2 problems', problems);
    };
    const response = await pod.call('POST', '/reload');
    assert.equal(response.statusCode, 422);
    assert.deepEqual(response.json().problems, problems);
  });

  it('says 503, not 404, where the file is gone or a port is taken', async () => {
    for (const error of [new NotFound('podboot.yaml is not there'), new HostRefused('Port in use', 'Stop it')]) {
      pod.reload = () => Promise.reject(error);
      assert.equal((await pod.call('POST', '/reload')).statusCode, 503);
    }
  });

  it('runs once at a time', async () => {
    const { promise, resolve } = Promise.withResolvers<readonly []>();
    pod.reload = () => promise;
    const first = pod.call('POST', '/reload');
    const second = await pod.call('POST', '/reload');
    assert.equal(second.statusCode, 409);
    resolve([]);
    assert.equal((await first).statusCode, 200);
    assert.equal((await pod.call('POST', '/reload')).statusCode, 200);
  });
});

describe('leases', () => {
  const lease = (address: number, more: Partial<Lease> = {}): Lease => ({
    address,
    key: `mac:52:54:00:77:00:${address.toString(16).slice(-2)}`,
    state: 'bound',
    startsAt: Date.UTC(2026, 0, 1),
    expiresAt: Date.UTC(2026, 0, 2),
    ...more,
  });

  it('are listed by address, across the sign bit, page by page', async () => {
    const addresses = [0xc0a80001, 0x0a4d0002, 0x0a4d0010, 0x0a4d0001];
    pod.leases = addresses.map((address) => lease(address));
    const first = (await pod.call('GET', '/leases?limit=3')).json();
    assert.deepEqual(
      first.items.map((each: { address: string }) => each.address),
      ['10.77.0.1', '10.77.0.2', '10.77.0.16'],
    );
    assert.equal(first.next, '10.77.0.16');
    const second = (await pod.call('GET', `/leases?limit=3&after=${first.next}`)).json();
    assert.deepEqual(
      second.items.map((each: { address: string }) => each.address),
      ['192.168.0.1'],
    );
    assert.equal(second.next, undefined);
  });

  it('name their node, and can be asked for by state', async () => {
    const node = (await pod.enrol('dgx01', 1)).json();
    pod.leases = [
      lease(0x0a4d0001, { nodeId: node.id, mac: '52:54:00:77:00:01' as MacAddress, hostname: 'dgx01' }),
      lease(0x0a4d0002, { state: 'declined', expiresAt: null, nodeId: 'gone' }),
    ];
    assert.deepEqual((await pod.call('GET', '/leases?state=bound')).json().items, [
      {
        address: '10.77.0.1',
        key: 'mac:52:54:00:77:00:01',
        state: 'bound',
        mac: '52:54:00:77:00:01',
        node: 'dgx01',
        hostname: 'dgx01',
        startsAt: '2026-01-01T00:00:00.000Z',
        expiresAt: '2026-01-02T00:00:00.000Z',
      },
    ]);
    const [declined] = (await pod.call('GET', '/leases?state=declined')).json().items;
    assert.equal(declined.expiresAt, undefined);
    assert.equal(declined.node, undefined);
  });

  it('of a machine that was enrolled after it came are its node’s', async () => {
    await pod.enrol('dgx01', 1);
    pod.leases = [
      lease(0x0a4d0001, { mac: '52:54:00:77:00:01' as MacAddress }),
      lease(0x0a4d0002, { mac: '52:54:00:77:00:99' as MacAddress }),
    ];
    const { items } = (await pod.call('GET', '/leases?node=dgx01')).json();
    assert.deepEqual(
      items.map(({ address, node }: { address: string; node: string }) => [address, node]),
      [['10.77.0.1', 'dgx01']],
    );
  });
});

describe('timelines', () => {
  it('tell a node’s steps, with what it did before it was enrolled', async () => {
    const key = 'mac:52:54:00:77:00:01';
    const emit = (text: string, subject: object) =>
      pod.timeline.emit({ type: 'dhcp.offer', level: 'info', subject, text });
    emit('a stranger asks', { key });
    emit('another one asks', { key: 'mac:52:54:00:77:00:02' });
    const node = (await pod.enrol('dgx01', 1)).json();
    emit('it boots', { key, nodeId: node.id, nodeName: 'dgx01', address: 0x0a4d0001, interfaceName: 'eno2' });
    const { items } = (await pod.call('GET', '/nodes/dgx01/timeline')).json();
    assert.deepEqual(
      items.map((entry: { text: string }) => entry.text.slice(0, 15)),
      ['a stranger asks', 'enrolled with e', 'it boots'],
    );
    assert.deepEqual([items[2].key, items[2].address, items[2].interface], [key, '10.77.0.1', 'eno2']);
    const rest = (await pod.call('GET', `/nodes/dgx01/timeline?after=${items[1].sequence}`)).json();
    assert.equal(rest.items.length, 1);
    const stranger = (await pod.call('GET', '/timeline?mac=52-54-00-77-00-02')).json();
    assert.equal(stranger.items[0].text, 'another one asks');
    emit('a listener opened', {});
    assert.ok(
      (await pod.call('GET', '/timeline'))
        .json()
        .items.some((each: { text: string }) => each.text === 'a listener opened'),
    );
  });

  it('are read on from where the page before ended', async () => {
    for (let index = 0; index < 5; index += 1)
      pod.timeline.emit({ type: 't', level: 'info', subject: {}, text: String(index) });
    const first = (await pod.call('GET', '/timeline?limit=3')).json();
    const second = (await pod.call('GET', `/timeline?limit=3&after=${first.next}`)).json();
    assert.deepEqual(
      [...first.items, ...second.items].map((entry: { text: string }) => entry.text),
      ['0', '1', '2', '3', '4'],
    );
    assert.equal(second.next, undefined);
  });
});

it('an unknown method is a problem like every other', async () => {
  assert.equal(problemOf(await pod.call('PUT', '/nodes/dgx01', {})).status, 404);
});
