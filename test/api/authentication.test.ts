import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { hashToken, isAuthorized, newToken } from '../../src/api/token.ts';
import { ApiFixture, problemOf } from './api-fixture.ts';

let pod: ApiFixture;
beforeEach(() => {
  pod = new ApiFixture();
});
afterEach(() => pod.api.close());

describe('the token', () => {
  it('has 256 random bits, is known by its prefix, and is kept as a hash', () => {
    const { token, hash } = newToken();
    assert.match(token, /^pbt_[A-Za-z0-9_-]{43}$/);
    assert.notEqual(newToken().token, token);
    assert.equal(hash, hashToken(token));
    assert.doesNotMatch(hash, new RegExp(token));
  });

  it('is taken as RFC 6750 writes it, and in no other way', () => {
    const { token, hash } = newToken();
    for (const good of [`Bearer ${token}`, `bearer ${token}`, `BEARER  ${token}`])
      assert.ok(isAuthorized(good, hash), good);
    const bad = [
      undefined,
      '',
      token,
      'Bearer',
      'Bearer ',
      `Basic ${token}`,
      `Bearer ${token}x`,
      `Bearer ${token.slice(0, -1)}`,
      `Bearer ${hash}`,
      `Bearer ${token} ${token}`,
      `Bearer ${'a'.repeat(10_000)}`,
    ];
    for (const header of bad) assert.ok(!isAuthorized(header, hash), String(header));
    for (const wrongHash of ['', 'zz', hash.slice(2)])
      assert.ok(!isAuthorized(`Bearer ${token}`, wrongHash), wrongHash);
    assert.ok(!isAuthorized(undefined, hashToken('')), 'the hash of nothing is no way in');
  });
});

describe('every route', () => {
  const routes = [
    ['GET', '/nodes'],
    ['POST', '/nodes'],
    ['POST', '/nodes/bulk'],
    ['GET', '/nodes/dgx01'],
    ['PATCH', '/nodes/dgx01'],
    ['DELETE', '/nodes/dgx01'],
    ['GET', '/nodes/dgx01/timeline'],
    ['GET', '/timeline'],
    ['GET', '/leases'],
    ['GET', '/status'],
    ['POST', '/reload'],
    ['HEAD', '/nodes'],
    ['OPTIONS', '/nodes'],
    ['GET', '/nothing'],
    ['GET', '//'],
  ] as const;

  it('needs it, and says how to get one', async () => {
    for (const [method, path] of routes) {
      const response = await pod.call(method, path, undefined, { authorization: 'Bearer wrong' });
      assert.equal(response.statusCode, 401, `${method} ${path}`);
      assert.equal(response.headers['www-authenticate'], 'Bearer realm="podboot"');
      if (method !== 'HEAD') assert.match(problemOf(response).text, /podboot token new/);
    }
  });

  it('does not read the body of a stranger', async () => {
    const response = await pod.call('POST', '/nodes', '{', { authorization: '' });
    assert.equal(response.statusCode, 401);
  });
});

it('a peer that fails again and again is told to wait, and the right token still passes', async () => {
  const statuses: number[] = [];
  for (let attempt = 0; attempt < 25; attempt += 1) {
    statuses.push((await pod.call('GET', '/nodes', undefined, { authorization: `Bearer ${attempt}` })).statusCode);
  }
  assert.equal(statuses[0], 401);
  assert.equal(statuses[19], 401);
  assert.equal(statuses[20], 429);
  const told = await pod.call('GET', '/nodes', undefined, { authorization: 'Bearer x' });
  assert.ok(Number(told.headers['retry-after']) > 0);
  assert.equal((await pod.call('GET', '/nodes')).statusCode, 200);
});

it('a new token counts at once, and the old one no more', async () => {
  const old = pod.token;
  ({ token: pod.token, hash: pod.hash } = newToken());
  assert.equal((await pod.call('GET', '/nodes')).statusCode, 200);
  assert.equal((await pod.call('GET', '/nodes', undefined, { authorization: `Bearer ${old}` })).statusCode, 401);
});

it('no token is in any event', async () => {
  await pod.call('GET', '/nodes');
  await pod.call('GET', `/nodes?after=x`, undefined, { authorization: 'Bearer pbt_wrong' });
  assert.ok(pod.events.length > 0);
  assert.doesNotMatch(JSON.stringify(pod.events), /pbt_/);
});
