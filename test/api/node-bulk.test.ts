import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { ApiFixture, nodeBody, problemOf } from './api-fixture.ts';

let pod: ApiFixture;
beforeEach(() => {
  pod = new ApiFixture();
});
afterEach(() => pod.api.close());

const many = (count: number) => Array.from({ length: count }, (_, index) => nodeBody(`n${index}`, index + 1));

describe('enrolling many nodes at once', () => {
  it('stores all of them in one write, and answers with their ids in the order in which they were sent', async () => {
    let commits = 0;
    pod.commit = (batch) => {
      commits += 1;
      return pod.store.commit(batch);
    };
    const response = await pod.call('POST', '/nodes/bulk', many(3).reverse());
    assert.equal(response.statusCode, 201, response.body);
    const { items } = response.json<{ items: { id: string; name: string }[] }>();
    assert.deepEqual(
      items.map(({ name }) => name),
      ['n2', 'n1', 'n0'],
    );
    for (const { id, name } of items) assert.equal(pod.registry.byId(id)?.name, name);
    assert.equal(commits, 1);
  });

  it('takes 5,000, and no more', async () => {
    assert.equal((await pod.call('POST', '/nodes/bulk', many(5_000))).statusCode, 201);
    assert.equal(pod.registry.size, 5_000);
    const more = await pod.call('POST', '/nodes/bulk', many(5_001));
    assert.equal(more.statusCode, 422);
    assert.match(more.body, /5000/);
  });

  it('stores none where one is wrong, and tells every mistake with the index of its node', async () => {
    const nodes: unknown[] = many(4);
    nodes[1] = { ...nodeBody('n1', 2), serial: 'S1' };
    nodes[2] = 7;
    nodes[3] = { name: 'n3', interfaces: [{ name: 'eno1', mac: 5 }] };
    const problem = problemOf(await pod.call('POST', '/nodes/bulk', nodes));
    assert.equal(problem.status, 422);
    assert.deepEqual(problem.paths, ['[1].serial', '[2]', '[3].interfaces[0].mac']);
    assert.equal(pod.registry.size, 0);
  });

  it('stores none where two of them, or one of them and an enrolled one, want the same', async () => {
    await pod.enrol('n9', 9);
    const inside = problemOf(await pod.call('POST', '/nodes/bulk', [nodeBody('a', 1), nodeBody('b', 1)]));
    assert.equal(inside.status, 409);
    assert.deepEqual(inside.paths, ['[1].interfaces[0].mac', '[1].interfaces[0].address']);
    assert.match(inside.text, /wanted for b .* belongs to a /);
    const stored = problemOf(await pod.call('POST', '/nodes/bulk', [nodeBody('a', 1), nodeBody('b', 9)]));
    assert.match(stored.text, /wanted for b .* belongs to n9 /);
    assert.equal(pod.registry.size, 1);
  });

  it('refuses what is no list, an empty one, and one that is too long to be read', async () => {
    for (const [body, status] of [
      [{ items: many(1) }, 422],
      [[], 422],
      [Array.from({ length: 5_000 }, () => ({ ...nodeBody('a', 1), rack: 'x'.repeat(1_000) })), 413],
    ] as const) {
      assert.equal((await pod.call('POST', '/nodes/bulk', body)).statusCode, status);
    }
  });

  it('leaves the name bulk to a node', async () => {
    await pod.enrol('bulk', 1);
    assert.equal((await pod.call('GET', '/nodes/bulk')).json().name, 'bulk');
  });
});

describe('a body of nothing but mistakes is answered briefly', () => {
  const BOUND_BYTES = 300_000;
  const wrong = (count: number) => Array.from({ length: count }, () => 1);
  const unknown = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 1]));
  const cases: readonly [string, 'POST' | 'PATCH', string, object, RegExp][] = [
    ['unknown keys', 'POST', '/nodes', unknown(80_000), /more than 10000 values/],
    ['unknown keys of a change', 'PATCH', '/nodes/dgx01', unknown(80_000), /more than 10000 values/],
    ['interfaces that are none', 'POST', '/nodes', { name: 'a', interfaces: wrong(400_000) }, /more than 10000 values/],
    ['as many mistakes as a node may hold', 'POST', '/nodes', unknown(9_000), /the first 1000 of 9002 problems/],
    ['nodes that are none', 'POST', '/nodes/bulk', wrong(5_000), /the first 1000 problems/],
    ['one node of unknown keys among many', 'POST', '/nodes/bulk', [unknown(9_000)], /the first 1000 problems/],
    ['one node with too much', 'POST', '/nodes/bulk', [nodeBody('a', 1), unknown(20_000)], /"\[1\]".*more than 10000/],
  ];
  for (const [name, method, path, body, told] of cases) {
    it(name, async () => {
      const response = await pod.call(method, path, body);
      assert.equal(response.statusCode, 422, response.body.slice(0, 200));
      assert.match(response.body, told);
      assert.ok(response.body.length < BOUND_BYTES, `${response.body.length} bytes`);
      assert.equal(pod.registry.size, 0);
    });
  }
});
