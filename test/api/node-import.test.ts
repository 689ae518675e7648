import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Problem } from '../../src/domain/errors.ts';
import { ApiFixture, nodeBody, problemOf } from './api-fixture.ts';

let pod: ApiFixture;
beforeEach(() => {
  pod = new ApiFixture();
});
afterEach(() => pod.api.close());

type Applied = {
  created: number;
  updated: number;
  unchanged: number;
  items: { action: string; name: string; id?: string; where?: string; changes: string[] }[];
  notes?: Problem[];
};

const upload = (text: string | Uint8Array, query = '', type = 'text/csv') =>
  pod.call('POST', `/nodes/import${query}`, text as string, { 'content-type': type });

async function imported(text: string, query = '', type = 'text/csv'): Promise<Applied> {
  const response = await upload(text, query, type);
  assert.equal(response.statusCode, 200, response.body);
  return response.json<Applied>();
}

const TABLE = 'name,mac,address,rack\ndgx01,52:54:00:77:00:01,10.77.0.1,r1\ndgx02,5254.0077.0002,10.77.0.2,r1\n';

describe('importing a table by the API', () => {
  it('enrols its nodes in one write, and says where each stands', async () => {
    const answer = await imported(TABLE);
    assert.deepEqual([answer.created, answer.updated, answer.unchanged], [2, 0, 0]);
    assert.deepEqual(
      answer.items.map(({ action, name, where }) => `${action} ${name} ${where}`),
      ['created dgx01 line 2', 'created dgx02 line 3'],
    );
    assert.equal(pod.store.batches.length, 1);
    assert.equal(pod.registry.byName('dgx02')?.interfaces[0]?.mac, '52:54:00:77:00:02');
    assert.equal(answer.items[0]?.id, pod.registry.byName('dgx01')?.id);
  });

  it('changes nothing the second time, and writes nothing', async () => {
    await imported(TABLE);
    const answer = await imported(TABLE);
    assert.deepEqual([answer.created, answer.updated, answer.unchanged], [0, 0, 2]);
    assert.equal(pod.store.batches.length, 1);
    assert.equal(pod.registry.byName('dgx01')?.version, 1);
  });

  it('a dry run says which fields would change, and changes none', async () => {
    await imported(TABLE);
    const text = TABLE.replace('10.77.0.1,r1', '10.77.0.1,r2').concat('dgx03,52:54:00:77:00:03,,\n');
    const answer = await imported(text, '?dryRun=true');
    assert.deepEqual(
      answer.items.map(({ action, changes, id }) => [action, changes, id === undefined]),
      [
        ['updated', ['rack r1 → r2'], false],
        ['unchanged', [], false],
        ['created', [], true],
      ],
    );
    assert.equal(pod.store.batches.length, 1);
    assert.equal(pod.registry.size, 2);
    assert.equal((await imported(text)).updated, 1);
    assert.equal(pod.registry.byName('dgx01')?.rack, 'r2');
  });

  it('refuses all of it for one mistake, with line and column, also in a dry run', async () => {
    for (const query of ['', '?dryRun=true']) {
      const response = await upload(`${TABLE}dgx03,52:54:00:77:00,10.77.0.3,r1\n`, query);
      assert.equal(response.statusCode, 422);
      const [problem] = response.json<{ problems: Problem[] }>().problems;
      assert.deepEqual([problem?.line, problem?.column, problem?.path], [4, 'mac', '']);
      assert.equal(pod.registry.size, 0);
    }
  });

  it('tells both owners of what is wanted twice: in the file with its line, and enrolled', async () => {
    await pod.enrol('old', 9);
    const response = await upload(
      'name,mac,address\na,52:54:00:77:00:01,10.77.0.1\nb,52:54:00:77:00:01,10.77.0.2\nc,52:54:00:77:00:03,10.77.0.9\n',
    );
    const problem = problemOf(response);
    assert.equal(problem.status, 409);
    assert.match(problem.text, /wanted for b \(interface boot\) and belongs to a \(interface boot\), line 2/);
    assert.match(problem.text, /wanted for c \(interface boot\) and belongs to old \(interface eno1\)/);
    assert.deepEqual(
      response.json<{ problems: Problem[] }>().problems.map(({ line, column }) => [line, column]),
      [
        [3, 'mac'],
        [4, 'address'],
      ],
    );
  });

  it('takes a shipping list with a map of its columns, and says which were not read', async () => {
    const list =
      'PO;Serial Number;MAC1;BMC MAC;Host\n4711;SN1;52-54-00-77-00-01;52-54-00-77-01-01;dgx01\n4711;SN2;52-54-00-77-00-02;52-54-00-77-01-02;dgx02\n';
    const map = encodeURIComponent(
      'Serial Number=serialNumber,MAC1=interfaces.eno1.mac,BMC MAC=interfaces.bmc.mac,Host=name',
    );
    const answer = await imported(list, `?map=${map}`);
    assert.equal(answer.created, 2);
    assert.match(answer.notes?.[0]?.message ?? '', /not read: PO/);
    const node = pod.registry.byName('dgx02');
    assert.deepEqual(
      node?.interfaces.map(({ name, role, mac }) => [name, role, mac]),
      [
        ['eno1', 'boot', '52:54:00:77:00:02'],
        ['bmc', 'bmc', '52:54:00:77:01:02'],
      ],
    );
    assert.equal(node?.serialNumber, 'SN2');
  });

  it('refuses a map that names what is not there', async () => {
    const problem = problemOf(await upload(TABLE, `?map=${encodeURIComponent('MAC9=mac,name=nome')}`));
    assert.equal(problem.status, 422);
    assert.match(problem.text, /“nome”.* is none of our columns/);
    assert.match((await upload(TABLE, '?map=MAC9=mac,name=name')).body, /column “MAC9”, which the file does not have/);
  });

  it('refuses an empty file, a table without nodes, a format it does not know and a body of another type', async () => {
    for (const [text, query, status] of [
      ['', '', 422],
      ['name,mac\n', '', 422],
      [TABLE, '?format=xlsx', 422],
      ['{}', '?format=machines', 422],
    ] as const) {
      assert.equal((await upload(text, query)).statusCode, status, `${text} ${query}`);
    }
    assert.equal((await upload(TABLE, '', 'application/xml')).statusCode, 415);
    assert.equal(pod.registry.size, 0);
  });

  it('needs the token', async () => {
    const response = await pod.call('POST', '/nodes/import', TABLE, {
      authorization: 'Bearer x',
      'content-type': 'text/csv',
    });
    assert.equal(response.statusCode, 401);
  });
});

describe('importing JSON by the API', () => {
  it('takes an export, a list as GET shows it, and one node', async () => {
    await pod.enrol('dgx01', 1);
    const exported = (await pod.call('GET', '/nodes/export')).body;
    const list = JSON.stringify((await pod.call('GET', '/nodes')).json().items);
    for (const text of [exported, list, JSON.stringify(nodeBody('dgx01', 1))]) {
      assert.equal((await imported(text, '', 'application/json')).unchanged, 1, text);
    }
  });

  it('tells the line of each mistake of form', async () => {
    const text =
      '{"nodes": [\n{"name": "a", "interfaces": []},\n{"name": "b",\n "interfaces": [{"name": "eno1",\n "mac": 5}],\n "colour": 1}\n]}';
    const response = await upload(text, '', 'application/json');
    assert.deepEqual(
      response.json<{ problems: Problem[] }>().problems.map(({ line, path }) => [line, path]),
      [
        [2, 'interfaces'],
        [5, 'interfaces[0].mac'],
        [6, 'colour'],
      ],
    );
    const cut = await upload('{"nodes": [\n{"name": "a",\n', '', 'application/json');
    assert.match(cut.body, /ends too early/);
    const comma = await upload('{"nodes": [\n{"name": "a",}\n]}', '', 'application/json');
    assert.equal(comma.json<{ problems: Problem[] }>().problems[0]?.line, 2);
  });
});

describe('exporting', () => {
  it('gives a table and JSON that can be imported again without a difference', async () => {
    await imported(TABLE);
    await pod.call('POST', '/nodes', {
      name: 'odd',
      interfaces: [
        { name: 'eno1', mac: '52:54:00:77:00:09', switchPort: { circuitId: '0001', remoteId: '0a' } },
        { name: 'ib0', role: 'infiniband', clientId: 'ff0001' },
        { name: 'bmc1', role: 'bmc', mac: '52:54:00:77:00:0a', address: '10.77.0.77' },
      ],
      serialNumber: '1E+10',
      rack: "'quoted'",
      position: '15-Dec',
      roles: ['gpu', 'kube_node'],
      labels: { formula: '=1+1', empty: '', spaces: ' a ', comma: 'a,"b";c', minus: '-1', apostrophe: "'" },
      options: {
        interfaceMtu: 9000,
        timeOffset: -3600,
        domainName: '9000',
        routers: ['10.77.0.1', '10.77.0.2'],
        classlessRoutes: [{ to: '10.0.0.0/8', via: '10.77.0.1' }],
      },
      boot: { profile: 'rescue', loader: 'grub', diskMethod: 'grub-exit' },
    });
    const before = [...pod.registry.all()];
    for (const [format, type] of [
      ['csv', 'text/csv'],
      ['json', 'application/json'],
    ] as const) {
      const response = await pod.call('GET', `/nodes/export?format=${format}`);
      assert.equal(response.statusCode, 200, response.body);
      assert.match(String(response.headers['content-type']), new RegExp(type));
      assert.doesNotMatch(response.body, /(^|,)[=+@-]/m, 'nothing that a spreadsheet would run');
      const answer = await imported(response.body, '', type);
      assert.deepEqual([answer.created, answer.updated, answer.unchanged], [0, 0, 3], JSON.stringify(answer.items));
      // And into an empty store.
      const other = new ApiFixture();
      const again = await other.call('POST', '/nodes/import', response.body, { 'content-type': type });
      assert.equal(again.json<Applied>().created, 3, again.body);
      const plain = (node: object) => ({ ...node, id: '', version: 0, createdAt: 0, updatedAt: 0 });
      assert.deepEqual(
        before.map(({ name }) => plain(other.registry.byName(name) ?? {})),
        before.map(plain),
      );
      await other.api.close();
    }
  });

  it('keeps the name export from nodes, which could not be read by it', async () => {
    assert.equal((await pod.enrol('export', 1)).statusCode, 422);
  });
});
