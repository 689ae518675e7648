import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { ApiFixture, nodeBody, problemOf } from './api-fixture.ts';

let pod: ApiFixture;
beforeEach(async () => {
  pod = new ApiFixture();
  await pod.registry.enrolMany(
    Array.from({ length: 4 }, (_, index) => ({
      ...nodeBody(`dgx0${index + 1}`, index + 1),
      interfaces: [{ name: 'eno1', mac: `52:54:00:77:00:0${index + 1}` }],
      rack: index < 2 ? 'r1' : 'r2',
      roles: index === 3 ? ['login'] : ['gpu'],
      labels: index === 0 ? { row: 'a' } : {},
    })),
  );
});
afterEach(() => pod.api.close());

const patch = (query: string, body: object) => pod.call('PATCH', `/nodes${query}`, body);

describe('changing many nodes at once', () => {
  for (const [query, names] of [
    ['?name=dgx[01-03]', ['dgx01', 'dgx02', 'dgx03']],
    ['?name=*', ['dgx01', 'dgx02', 'dgx03', 'dgx04']],
    ['?rack=r1', ['dgx01', 'dgx02']],
    ['?role=gpu&rack=r2', ['dgx03']],
    ['?label=row=a', ['dgx01']],
  ] as const) {
    it(`takes those of ${query} alone, in one write`, async () => {
      const before = pod.store.batches.length;
      const response = await patch(query, { position: 'U1', labels: { wave: '2' } });
      assert.equal(response.statusCode, 200, response.body);
      const { updated, items } = response.json<{ updated: number; items: { name: string; changes: string[] }[] }>();
      assert.equal(updated, names.length);
      assert.deepEqual(items.map(({ name }) => name).sort(), names);
      assert.deepEqual(items[0]?.changes, ['position none → U1', 'labels.wave none → 2']);
      assert.equal(pod.store.batches.length, before + 1);
      for (const node of pod.registry.all()) {
        assert.equal(node.position, (names as readonly string[]).includes(node.name) ? 'U1' : undefined);
      }
    });
  }

  it('a dry run changes nothing and says what would', async () => {
    const response = await patch('?rack=r1&dryRun=true', { rack: 'r9' });
    assert.deepEqual(response.json().items[0].changes, ['rack r1 → r9']);
    assert.equal(pod.registry.byName('dgx01')?.rack, 'r1');
    assert.equal(pod.registry.byName('dgx01')?.version, 1);
  });

  it('leaves those that are like that already as they are', async () => {
    const response = await patch('?name=*', { rack: 'r1' });
    assert.deepEqual([response.json().updated, response.json().unchanged], [2, 2]);
    assert.equal(pod.registry.byName('dgx01')?.version, 1);
  });

  it('changes none where one can’t be, and says of which node it is', async () => {
    const problem = problemOf(await patch('?name=*', { group: 'missing' }));
    assert.equal(problem.status, 422);
    assert.deepEqual(problem.paths.sort(), ['dgx01.group', 'dgx02.group', 'dgx03.group', 'dgx04.group']);
    assert.equal(pod.registry.byName('dgx01')?.group, undefined);
  });

  it('refuses a name that is nobody’s, a selection of nobody, and one that was forgotten', async () => {
    const unknown = problemOf(await patch('?name=dgx[03-06]', { rack: 'r1' }));
    assert.equal(unknown.status, 422);
    assert.match(unknown.text, /no node dgx05.*no node dgx06/);
    assert.equal(problemOf(await patch('?rack=r7', { rack: 'r1' })).status, 404);
    assert.match(problemOf(await patch('', { rack: 'r1' })).text, /does not say which nodes/);
    assert.match(problemOf(await patch('?dryRun=true', { rack: 'r1' })).text, /does not say which nodes/);
  });

  it('refuses what is one node’s own, and a change of nothing', async () => {
    for (const body of [{ name: 'a' }, { interfaces: [] }, { uuid: null }, { serialNumber: 'S' }, {}]) {
      assert.equal((await patch('?name=*', body)).statusCode, 422, JSON.stringify(body));
    }
  });

  it('exports the same selections', async () => {
    const response = await pod.call('GET', '/nodes/export?format=csv&role=gpu&rack=r1');
    assert.deepEqual(
      response.body
        .split('\r\n')
        .slice(1, -1)
        .map((line) => line.split(',')[0]),
      ['dgx01', 'dgx02'],
    );
  });
});
