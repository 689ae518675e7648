import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { ApiFixture, nodeBody, problemOf } from './api-fixture.ts';

let pod: ApiFixture;
beforeEach(() => {
  pod = new ApiFixture();
});
afterEach(() => pod.api.close());

describe('enrolling', () => {
  it('answers with the node as it is stored, its place and its entity tag', async () => {
    const response = await pod.call('POST', '/nodes', {
      name: 'DGX01',
      interfaces: [
        { name: 'eno1', mac: '5254.0077.0001', address: '10.77.0.100' },
        { name: 'ib0', role: 'infiniband', clientId: 'FF:00:00:00:00:00:02:00:00:02:c9:00' },
        { name: 'bmc', role: 'bmc', mac: '52-54-00-77-00-FF' },
        { name: 'eno3', role: 'other', switchPort: { circuitId: '0x0001', remoteId: '0A:0b' } },
      ],
      uuid: '4C4C4544-0032-4D10-8052-B4C04F564433',
      serialNumber: ' 1234 ',
      rack: 'r1',
      roles: [],
      labels: { row: 'a' },
      options: {
        interfaceMtu: 9000,
        domainNameServers: ['10.77.0.1'],
        classlessRoutes: [{ to: '10.0.0.0/8', via: '10.77.0.1' }],
      },
      boot: { profile: 'rescue', loader: 'grub' },
    });
    assert.equal(response.statusCode, 201, response.body);
    const node = response.json();
    assert.equal(response.headers.location, `/api/v1/nodes/${node.id}`);
    assert.equal(response.headers.etag, `"${node.id}.1"`);
    assert.deepEqual(node, {
      id: node.id,
      name: 'dgx01',
      interfaces: [
        { name: 'eno1', role: 'boot', mac: '52:54:00:77:00:01', address: '10.77.0.100' },
        { name: 'ib0', role: 'infiniband', clientId: 'ff00000000000200000' + '2c900' },
        { name: 'bmc', role: 'bmc', mac: '52:54:00:77:00:ff' },
        { name: 'eno3', role: 'other', switchPort: { circuitId: '0001', remoteId: '0a0b' } },
      ],
      uuid: '4c4c4544-0032-4d10-8052-b4c04f564433',
      serialNumber: '1234',
      rack: 'r1',
      roles: [],
      labels: { row: 'a' },
      options: {
        interfaceMtu: 9000,
        domainNameServers: ['10.77.0.1'],
        classlessRoutes: [{ to: '10.0.0.0/8', via: '10.77.0.1' }],
      },
      boot: { profile: 'rescue', loader: 'grub' },
      state: 'enrolled',
      version: 1,
      createdAt: '2026-01-01T00:00:00.000Z',
      updatedAt: '2026-01-01T00:00:00.000Z',
    });
    for (const name of [node.id, 'dgx01', 'DGX01', '52:54:00:77:00:01', '525400770001', '52-54-00-77-00-ff']) {
      assert.deepEqual((await pod.call('GET', `/nodes/${name}`)).json(), node, name);
    }
    assert.equal((await pod.store.load()).nodes.length, 1);
  });

  it('tells both owners of what is held already', async () => {
    await pod.enrol('dgx01', 1);
    const response = await pod.call('POST', '/nodes', { ...nodeBody('dgx02', 1), name: 'dgx02' });
    const problem = problemOf(response);
    assert.equal(problem.status, 409);
    assert.deepEqual(problem.paths, ['interfaces[0].mac', 'interfaces[0].address']);
    assert.match(problem.text, /dgx02 \(interface eno1\) and belongs to dgx01 \(interface eno1\)/);
    assert.equal(pod.registry.size, 1);
  });

  it('says how a value is written that is not written like that', async () => {
    const limit = await pod.call('GET', '/nodes?limit=0');
    assert.match(limit.body, /"mend":"1 to 1000; 100 unless told\."/);
  });

  it('tells what the configuration has against it', async () => {
    const response = await pod.call('POST', '/nodes', { ...nodeBody('dgx01', 1), group: 'missing' });
    assert.deepEqual(problemOf(response).paths, ['group']);
    assert.equal(response.statusCode, 422);
  });

  it('stores nothing, and says why, while the disk is full', async () => {
    const { HostRefused } = await import('../../src/domain/errors.ts');
    pod.commit = () => Promise.reject(new HostRefused('The disk is full.', 'Free space.'));
    const response = await pod.enrol('dgx01', 1);
    assert.equal(response.statusCode, 503);
    assert.match(response.body, /Free space/);
    assert.equal((await pod.call('GET', '/nodes/dgx01')).statusCode, 404);
  });

  it('answers a fault of its own without its inside, and tells the log', async () => {
    pod.commit = () => Promise.reject(new TypeError('secret inside'));
    const response = await pod.enrol('dgx01', 1);
    assert.equal(response.statusCode, 500);
    assert.doesNotMatch(response.body, /secret inside/);
    assert.ok(pod.events.some((event) => event.type === 'api.fault' && event.text.includes('secret inside')));
  });
});

describe('listing', () => {
  it('has those that are asked for, page by page', async () => {
    const body = (name: string, number: number, more: object) => ({ ...nodeBody(name, number), ...more });
    const bodies = [
      body('dgx01', 1, { rack: 'r1', roles: ['gpu'], group: 'dgx', labels: { row: 'a', slot: '1' } }),
      body('dgx02', 2, { rack: 'r2', roles: ['gpu', 'kube_node'], group: 'dgx', labels: { row: 'a' } }),
      body('dgx10', 3, { rack: 'r2', roles: ['gpu'], labels: { row: 'b' } }),
      body('login01', 4, { rack: 'r1', roles: ['login'] }),
      body('mgmt01', 5, {}),
    ];
    for (const each of bodies) assert.equal((await pod.call('POST', '/nodes', each)).statusCode, 201);
    const asked: readonly (readonly [string, string])[] = [
      ['name=dgx[01-09]', 'dgx01 dgx02'],
      ['name=DGX01,mgmt01', 'dgx01 mgmt01'],
      ['name=dgx*,login?1', 'dgx01 dgx02 dgx10 login01'],
      ['name=nobody', ''],
      ['rack=r1', 'dgx01 login01'],
      ['role=gpu', 'dgx01 dgx02 dgx10'],
      ['role=kube_node', 'dgx02'],
      ['group=dgx&rack=r2', 'dgx02'],
      ['label=row', 'dgx01 dgx02 dgx10'],
      ['label=row=a', 'dgx01 dgx02'],
      ['label=row=a&label=slot=1', 'dgx01'],
      ['label=toString', ''],
    ];
    for (const [query, names] of asked) {
      const seen: string[] = [];
      let next: string | undefined = '';
      while (next !== undefined) {
        const url = `/nodes?limit=2&${query}${next === '' ? '' : `&after=${next}`}`;
        const page: { items: { name: string }[]; next?: string } = (await pod.call('GET', url)).json();
        assert.ok(page.items.length <= 2 && (page.next === undefined || page.items.length === 2));
        seen.push(...page.items.map((node) => node.name));
        next = page.next;
      }
      assert.equal(seen.join(' '), names, query);
    }
  });

  it('refuses a filter that can’t be read, and one that it does not know', async () => {
    const queries = ['name=dgx[3-1]', 'name=dgx[1-99999]', 'name=a{b*', `name=${[...'abcdefghi'].join('*,')}*`];
    for (const query of queries) {
      assert.deepEqual(problemOf(await pod.call('GET', `/nodes?${query}`)).paths, ['?name'], query);
    }
    assert.equal((await pod.call('GET', '/nodes?rak=r1')).statusCode, 422);
    assert.equal((await pod.call('GET', '/nodes?rack=')).statusCode, 422);
  });

  it('goes through all nodes by name, page by page, each once', async () => {
    for (const number of [3, 1, 5, 2, 4]) await pod.enrol(`dgx0${number}`, number);
    const seen: string[] = [];
    let next: string | undefined = '';
    while (next !== undefined) {
      const page: { items: { name: string }[]; next?: string } = (
        await pod.call('GET', `/nodes?limit=2${next === '' ? '' : `&after=${next}`}`)
      ).json();
      assert.ok(page.items.length <= 2);
      seen.push(...page.items.map((node) => node.name));
      next = page.next;
      // The place of the cursor may be gone when it is used.
      if (next === 'dgx02') await pod.registry.remove(pod.registry.byName('dgx02')?.id ?? '');
    }
    assert.deepEqual(seen, ['dgx01', 'dgx02', 'dgx03', 'dgx04', 'dgx05']);
  });

  it('refuses a limit that is none', async () => {
    for (const limit of ['0', '1001', '-1', '1e3', 'all', '', '99999999999']) {
      const response = await pod.call('GET', `/nodes?limit=${limit}`);
      assert.equal(response.statusCode, 422, limit);
      assert.deepEqual(problemOf(response).paths, ['?limit']);
    }
  });
});

describe('changing', () => {
  it('merges, removes what is null, and gives a new tag', async () => {
    const created = await pod.call('POST', '/nodes', {
      ...nodeBody('dgx01', 1),
      rack: 'r1',
      labels: { a: '1', b: '2' },
      boot: { profile: 'rescue', loader: 'grub' },
    });
    pod.clock.advance(1_000);
    const response = await pod.call(
      'PATCH',
      '/nodes/dgx01',
      { rack: null, labels: { a: null, c: '3' }, boot: { profile: 'local' } },
      { 'if-match': String(created.headers.etag), 'content-type': 'application/merge-patch+json' },
    );
    assert.equal(response.statusCode, 200, response.body);
    const node = response.json();
    assert.equal(node.rack, undefined);
    assert.deepEqual(node.labels, { b: '2', c: '3' });
    assert.deepEqual(node.boot, { profile: 'local', loader: 'grub' });
    assert.equal(node.version, 2);
    assert.equal(node.updatedAt, '2026-01-01T00:00:01.000Z');
    assert.equal(node.createdAt, '2026-01-01T00:00:00.000Z');
    assert.equal(response.headers.etag, `"${node.id}.2"`);
  });

  it('needs to be told the version, and refuses an old one', async () => {
    const { etag } = (await pod.enrol('dgx01', 1)).headers;
    const missing = await pod.call('PATCH', '/nodes/dgx01', { rack: 'r1' });
    assert.equal(missing.statusCode, 428);
    assert.equal(missing.headers.etag, etag);
    assert.equal((await pod.call('DELETE', '/nodes/dgx01')).statusCode, 428);
    const first = await pod.call('PATCH', '/nodes/dgx01', { rack: 'r1' }, { 'if-match': `"other", ${String(etag)}` });
    assert.equal(first.statusCode, 200);
    for (const tag of [String(etag), `W/${String(first.headers.etag)}`, '"nonsense"', '']) {
      const late = await pod.call('PATCH', '/nodes/dgx01', { rack: 'r2' }, { 'if-match': tag });
      assert.equal(late.statusCode, 412, tag);
      assert.equal(problemOf(late).code, 'version-changed');
    }
    assert.equal((await pod.call('DELETE', '/nodes/dgx01', undefined, { 'if-match': String(etag) })).statusCode, 412);
    assert.equal((await pod.call('PATCH', '/nodes/dgx01', { rack: 'r3' }, { 'if-match': '*' })).statusCode, 200);
  });

  it('lets one of two changes win that were made for the same version at the same time', async () => {
    const { etag } = (await pod.enrol('dgx01', 1)).headers;
    const both = await Promise.all(
      ['r1', 'r2'].map((rack) => pod.call('PATCH', '/nodes/dgx01', { rack }, { 'if-match': String(etag) })),
    );
    assert.deepEqual(both.map((response) => response.statusCode).sort(), [200, 412]);
  });

  it('takes no tag of a removed node for the one that took its name', async () => {
    const { etag } = (await pod.enrol('dgx01', 1)).headers;
    assert.equal((await pod.call('DELETE', '/nodes/dgx01', undefined, { 'if-match': String(etag) })).statusCode, 204);
    await pod.enrol('dgx01', 1);
    assert.equal((await pod.call('DELETE', '/nodes/dgx01', undefined, { 'if-match': String(etag) })).statusCode, 412);
  });

  it('answers 304 to whoever has the node as it is', async () => {
    const { etag } = (await pod.enrol('dgx01', 1)).headers;
    const same = await pod.call('GET', '/nodes/dgx01', undefined, { 'if-none-match': String(etag) });
    assert.equal(same.statusCode, 304);
    assert.equal(same.body, '');
  });
});
