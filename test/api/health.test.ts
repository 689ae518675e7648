import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { hashToken } from '../../src/api/token.ts';
import { ApiFixture } from './api-fixture.ts';

let pod: ApiFixture;
beforeEach(() => {
  pod = new ApiFixture();
});
afterEach(() => pod.api.close());

/** Without a token. */
function ask(url: string, remoteAddress: string, headers: Record<string, string> = {}) {
  return pod.api.inject({ method: 'GET', url, remoteAddress, headers });
}

const NOT_READY = {
  isAlive: true,
  isReady: false,
  checks: [{ name: 'disk', ok: false, text: 'it is full', mend: 'Free space.' }],
};

describe('probes', () => {
  it('of this host are told one word without a token, and nothing of what is wrong', async () => {
    for (const from of ['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1']) {
      const answer = await ask('/readyz', from);
      assert.deepEqual([answer.statusCode, answer.body], [200, 'ok\n'], from);
    }
    pod.health = NOT_READY;
    const [ready, alive] = [await ask('/readyz', '127.0.0.1'), await ask('/healthz', '127.0.0.1')];
    assert.deepEqual([ready.statusCode, ready.body], [503, 'not ok\n']);
    assert.deepEqual([alive.statusCode, alive.body], [200, 'ok\n']);
    pod.health = { ...NOT_READY, isAlive: false };
    assert.equal((await ask('/healthz', '127.0.0.1')).statusCode, 503);
  });

  it('from elsewhere need the token, also by way of a proxy on this host', async () => {
    for (const from of ['10.77.0.9', '::ffff:10.77.0.9', '2001:db8::1']) {
      assert.equal((await ask('/readyz', from)).statusCode, 401, from);
    }
    for (const header of ['x-forwarded-for', 'forwarded', 'via', 'x-real-ip']) {
      assert.equal((await ask('/healthz', '127.0.0.1', { [header]: '10.77.0.9' })).statusCode, 401, header);
    }
    const headers = { authorization: `Bearer ${pod.token}` };
    assert.equal((await ask('/readyz', '10.77.0.9', headers)).statusCode, 200);
  });

  it('open nothing else on this host', async () => {
    for (const url of [
      '/api/v1/health',
      '/api/v1/status',
      '/metrics',
      '/healthz/x',
      '/readyz?x=1/../api',
      '/docs/json',
    ]) {
      const { statusCode } = await ask(url, '127.0.0.1');
      assert.equal(statusCode, url.startsWith('/readyz') ? 200 : 401, url);
    }
    assert.equal(
      (await pod.api.inject({ method: 'POST', url: '/healthz', remoteAddress: '127.0.0.1' })).statusCode,
      401,
    );
  });

  it('with the token are told each check and its mend', async () => {
    pod.health = NOT_READY;
    const answer = await pod.call('GET', '/health');
    assert.deepEqual(answer.json(), { alive: true, ready: false, checks: NOT_READY.checks });
  });
});

describe('the token for metrics', () => {
  const token = 'pbt_for-metrics';
  const headers = { authorization: `Bearer ${token}` };

  it('opens /metrics, and nothing else', async () => {
    pod.metricsHash = hashToken(token);
    const answer = await ask('/metrics', '10.77.0.9', headers);
    assert.equal(answer.statusCode, 200);
    assert.match(answer.body, /^podboot_build_info 1/);
    for (const url of ['/api/v1/nodes', '/api/v1/health', '/readyz', '/docs/json', '/metrics/x']) {
      assert.equal((await ask(url, '10.77.0.9', headers)).statusCode, 401, url);
    }
    const reload = await pod.api.inject({ method: 'POST', url: '/api/v1/reload', headers });
    assert.equal(reload.statusCode, 401);
  });

  it('opens nothing where none was made', async () => {
    assert.equal((await ask('/metrics', '127.0.0.1', headers)).statusCode, 401);
    assert.equal((await pod.call('GET', '//metrics')).statusCode, 200, 'the token of the API does');
  });
});
