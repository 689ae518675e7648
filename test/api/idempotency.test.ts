import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { HostRefused } from '../../src/domain/errors.ts';
import type { KeptRequest } from '../../src/domain/kept-request.ts';
import { ApiFixture, nodeBody, problemOf } from './api-fixture.ts';

const KEY = '"8e03978e-40d5-43dd-bc93-6894a57f9324"';
const headers = { 'idempotency-key': KEY };

let pod: ApiFixture;
beforeEach(() => {
  pod = new ApiFixture();
});
afterEach(() => pod.api.close());

const enrol = (body: object = nodeBody('dgx01', 1), key = KEY) =>
  pod.call('POST', '/nodes', body, { 'idempotency-key': key });

async function kept(): Promise<readonly KeptRequest[]> {
  return (await pod.store.load()).documents.request ?? [];
}

describe('a POST with an Idempotency-Key', () => {
  it('that comes again gets the same answer, and nothing is done twice', async () => {
    const first = await enrol();
    const second = await enrol();
    assert.equal(first.statusCode, 201);
    assert.equal(second.statusCode, 201);
    assert.equal(second.body, first.body);
    for (const name of ['content-type', 'location', 'etag', 'cache-control']) {
      assert.equal(second.headers[name], first.headers[name], name);
    }
    assert.deepEqual(
      [first.headers['idempotent-replayed'], second.headers['idempotent-replayed']],
      [undefined, 'true'],
    );
    assert.equal(pod.registry.size, 1);
    await pod.call('DELETE', '/nodes/dgx01', undefined, { 'if-match': '*' });
    assert.equal((await enrol()).body, first.body, 'also when what it made is gone');
    assert.equal(pod.registry.size, 0);
  });

  it('is known after a restart', async () => {
    const first = await enrol();
    const records = await kept();
    const before = pod;
    pod = new ApiFixture(records);
    for (const document of records) {
      await pod.store.commit([{ put: 'document', kind: 'request', id: document.key, document }]);
    }
    const again = await enrol();
    assert.equal(again.body, first.body);
    assert.equal(pod.registry.size, 0);
    await before.api.close();
  });

  it('that podboot was interrupted in is told so, and is not done again', async () => {
    await enrol();
    const [record] = await kept();
    assert.ok(record !== undefined);
    const { answer: _, ...interrupted } = record;
    await pod.api.close();
    pod = new ApiFixture([interrupted]);
    const problem = problemOf(await enrol());
    assert.deepEqual([problem.status, problem.code], [409, 'idempotency-outcome-unknown']);
    assert.equal(pod.registry.size, 0);
  });

  it('with the key of another request is refused', async () => {
    await enrol();
    for (const send of [
      () => enrol(nodeBody('dgx02', 2)),
      () => pod.call('POST', '/reload', undefined, headers),
      () => pod.call('POST', '/nodes/bulk', [nodeBody('dgx01', 1)], headers),
    ]) {
      const problem = problemOf(await send());
      assert.deepEqual([problem.status, problem.code], [422, 'idempotency-key-reused']);
    }
    assert.equal(pod.registry.size, 1);
  });

  it('that comes again while it is worked on is told to wait', async () => {
    const { promise, resolve } = Promise.withResolvers<readonly []>();
    let reloads = 0;
    pod.reload = () => {
      reloads += 1;
      return promise;
    };
    const first = pod.call('POST', '/reload', undefined, headers);
    // The second's turn comes behind the first's.
    const second = problemOf(await pod.call('POST', '/reload', undefined, headers));
    assert.deepEqual([second.status, second.code], [409, 'idempotency-in-progress']);
    resolve([]);
    assert.equal((await first).statusCode, 200);
    assert.equal((await pod.call('POST', '/reload', undefined, headers)).headers['idempotent-replayed'], 'true');
    assert.equal(reloads, 1);
  });

  it('that was refused may come again, mended or when the reason is gone', async () => {
    assert.equal((await enrol({ ...nodeBody('dgx01', 1), group: 'missing' })).statusCode, 422);
    await pod.enrol('dgx02', 1);
    assert.equal((await enrol()).statusCode, 409);
    await pod.call('DELETE', '/nodes/dgx02', undefined, { 'if-match': '*' });
    assert.equal((await enrol()).statusCode, 201);
    assert.equal((await kept()).length, 1);
  });

  it('that failed by a fault of podboot is not done again', async () => {
    let isFaulty = true;
    const commit = pod.commit;
    pod.commit = (batch) =>
      isFaulty && batch.some((change) => 'put' in change && change.put === 'node')
        ? Promise.reject(new TypeError('fault'))
        : commit(batch);
    assert.equal((await enrol()).statusCode, 500);
    isFaulty = false;
    assert.equal(problemOf(await enrol()).code, 'idempotency-outcome-unknown');
  });

  it('is not begun while its key can’t be stored', async () => {
    pod.commit = () => Promise.reject(new HostRefused('The disk is full.', 'Free space.'));
    let reloads = 0;
    pod.reload = async () => {
      reloads += 1;
      return [];
    };
    assert.equal((await pod.call('POST', '/reload', undefined, headers)).statusCode, 503);
    assert.equal(reloads, 0);
    pod.commit = (batch) => pod.store.commit(batch);
    assert.equal((await pod.call('POST', '/reload', undefined, headers)).statusCode, 200);
  });

  it('is answered, also where its answer can’t be stored; a repeat then knows that it does not know', async () => {
    let commits = 0;
    pod.commit = (batch) => {
      commits += 1;
      return commits === 1 ? pod.store.commit(batch) : Promise.reject(new HostRefused('Full.', 'Free space.'));
    };
    assert.equal((await pod.call('POST', '/reload', undefined, headers)).statusCode, 200);
    assert.equal(problemOf(await pod.call('POST', '/reload', undefined, headers)).code, 'idempotency-outcome-unknown');
  });

  it('may write the key as a word; what is no key is refused before anything is done', async () => {
    assert.equal((await enrol(nodeBody('dgx01', 1), 'order-4711')).statusCode, 201);
    assert.equal((await enrol(nodeBody('dgx01', 1), '"order-4711"')).headers['idempotent-replayed'], 'true');
    for (const key of ['', '""', '"open', '"a", "b"', 'a b', `"${'x'.repeat(256)}"`, '"é"']) {
      const problem = problemOf(await enrol(nodeBody('dgx02', 2), key));
      assert.deepEqual([problem.status, problem.code], [400, 'idempotency-key-unreadable'], key);
    }
    assert.equal(pod.registry.size, 1);
  });

  it('is forgotten after a day, and beyond the thousandth', async () => {
    await enrol();
    pod.clock.advance(24 * 3_600_000 + 1);
    assert.equal((await enrol()).statusCode, 409, 'the name is taken by the first one');
    for (let number = 0; number < 1_100; number += 1) {
      await pod.call('POST', '/reload', undefined, { 'idempotency-key': `key-${number}` });
    }
    assert.ok((await kept()).length <= 1_000, `${(await kept()).length}`);
    const newest = await pod.call('POST', '/reload', undefined, { 'idempotency-key': 'key-1099' });
    assert.equal(newest.headers['idempotent-replayed'], 'true');
  });
});

it('a key on a request that is no POST changes nothing about it', async () => {
  await pod.enrol('dgx01', 1);
  for (let time = 0; time < 2; time += 1) {
    const response = await pod.call('PATCH', '/nodes/dgx01', { rack: `r${time}` }, { ...headers, 'if-match': '*' });
    assert.equal(response.json().rack, `r${time}`);
  }
  assert.deepEqual(await kept(), []);
});
