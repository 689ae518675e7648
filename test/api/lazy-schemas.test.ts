import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiFixture } from './api-fixture.ts';

test('every schema of every route can be compiled', async () => {
  // Fastify's own way: all of them before the first request.
  const api = new ApiFixture([], undefined, undefined, {});
  assert.equal((await api.call('GET', '/nodes')).statusCode, 200);
});

test('what is found wrong is the request’s own, also where two come at once', async () => {
  const api = new ApiFixture();
  const [none, wrong, right] = await Promise.all([
    api.call('POST', '/nodes', { interfaces: [] }),
    api.call('POST', '/nodes', { name: 'a', interfaces: [], unknownKey: 1 }),
    api.call('POST', '/nodes', { name: 'a', interfaces: [{ name: 'eno1', mac: '52:54:00:77:00:01' }] }),
  ]);
  assert.equal(none.statusCode, 422);
  assert.match(none.body, /name/);
  assert.doesNotMatch(none.body, /unknownKey/);
  assert.equal(wrong.statusCode, 422);
  assert.match(wrong.body, /unknownKey/);
  assert.equal(right.statusCode, 201);
});
