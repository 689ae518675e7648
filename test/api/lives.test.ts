import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { ApiFixture, problemOf } from './api-fixture.ts';

let pod: ApiFixture;
beforeEach(async () => {
  pod = new ApiFixture();
  for (let number = 1; number <= 4; number += 1) await pod.enrol(`dgx0${number}`, number);
});
afterEach(() => pod.api.close());

const act = (path: string, body: object = { by: 'anna' }) => pod.call('POST', path, body);

test('a node shows its state, and its fault beside it', async () => {
  assert.equal((await pod.call('GET', '/nodes/dgx01')).json().state, 'enrolled');
  await act('/nodes/dgx01/actions/maintenance', { by: 'anna', reason: 'DIMM swap' });
  const node = (await pod.call('GET', '/nodes/dgx01')).json();
  assert.deepEqual([node.state, node.reason], ['maintenance', 'DIMM swap']);
});

test('a read that the client knows already is none any more when the node’s life has gone on', async () => {
  const first = await pod.call('GET', '/nodes/dgx01');
  const tag = String(first.headers.etag);
  assert.equal((await pod.call('GET', '/nodes/dgx01', undefined, { 'if-none-match': tag })).statusCode, 304);
  await act('/nodes/dgx01/actions/maintenance');
  const second = await pod.call('GET', '/nodes/dgx01', undefined, { 'if-none-match': tag });
  assert.equal(second.statusCode, 200);
  const changed = await pod.call('PATCH', '/nodes/dgx01', { rack: 'r1' }, { 'if-match': String(second.headers.etag) });
  assert.equal(changed.statusCode, 200);
  const again = await pod.call('PATCH', '/nodes/dgx01', { rack: 'r2' }, { 'if-match': tag });
  assert.equal(again.statusCode, 412, 'the record has changed');
});

test('one node is armed, and the second operator is told who has done it', async () => {
  const armed = await act('/nodes/dgx01/actions/install', { by: 'anna', profile: 'os' });
  assert.equal(armed.statusCode, 200);
  assert.match(armed.json().text, /dgx01 is armed for os/);
  const again = (await act('/nodes/dgx01/actions/install', { by: 'anna', profile: 'os' })).json();
  assert.deepEqual([again.outcome, /armed for os already, until/.test(again.text)], ['already', true]);
  const stale = await act('/nodes/dgx01/actions/revoke', { by: 'anna', version: 0 });
  assert.deepEqual([stale.statusCode, stale.json().code], [412, 'version-changed']);
  const other = await act('/nodes/dgx01/actions/install', { by: 'bert', profile: 'other' });
  assert.equal(other.statusCode, 409);
  assert.match(problemOf(other).text, /armed for os by anna/);
  const { items } = (await pod.call('GET', '/nodes/dgx01/grants')).json();
  assert.deepEqual(
    items.map((grant: { state: string; armedBy: string }) => [grant.state, grant.armedBy]),
    [['armed', 'anna']],
  );
  assert.equal((await pod.call('GET', '/grants?state=armed')).json().items.length, 1);
  await act('/nodes/dgx01/actions/revoke', { by: 'bert', reason: 'wrong node' });
  assert.match((await pod.call('GET', '/nodes/dgx01/grants')).json().items[0].ended, /revoked by bert: wrong node/);
});

test('a dry run says what would happen to each node, and changes nothing', async () => {
  await act('/nodes/dgx02/actions/maintenance', { by: 'anna', reason: 'fan' });
  await act('/nodes/dgx03/actions/install', { by: 'bert', profile: 'other' });
  const commits = pod.store.batches.length;
  const answer = (await act('/actions/install?name=dgx[01-04]&dryRun=true', { by: 'anna', profile: 'os' })).json();
  assert.equal(answer.dryRun, true);
  const outcomes = answer.items.map((item: { node: string; outcome: string }) => `${item.node} ${item.outcome}`);
  assert.deepEqual(outcomes, ['dgx01 would', 'dgx02 refused', 'dgx03 refused', 'dgx04 would']);
  assert.match(answer.items[1].text, /in maintenance: fan \(anna\)/);
  assert.match(answer.items[2].text, /by bert/);
  assert.equal(pod.store.batches.length, commits);
});

test('a bulk action does what it can, and tells of each', async () => {
  await act('/nodes/dgx02/actions/retire');
  const { items } = (await act('/actions/maintenance?name=dgx*', { by: 'anna', reason: 'cooling' })).json();
  assert.deepEqual(
    items.map((item: { outcome: string }) => item.outcome),
    ['done', 'refused', 'done', 'done'],
  );
  const inMaintenance = (await pod.call('GET', '/nodes?state=maintenance')).json().items;
  assert.deepEqual(
    inMaintenance.map(({ name }: { name: string }) => name),
    ['dgx01', 'dgx03', 'dgx04'],
  );
  const left = (await act('/actions/leave-maintenance?state=maintenance')).json();
  assert.equal(left.items.length, 3);
});

test('an action that names nobody, or somebody who is not there, is refused', async () => {
  assert.equal((await act('/actions/retire')).statusCode, 422);
  assert.equal((await act('/actions/retire?name=dgx[01-99]')).statusCode, 422);
  assert.equal((await act('/actions/retire?rack=nowhere')).statusCode, 404);
  assert.equal((await act('/actions/explode?name=dgx01')).statusCode, 422);
  assert.equal((await act('/nodes/dgx01/actions/maintenance', {})).statusCode, 422);
  assert.equal((await act('/nodes/dgx01/actions/install', { by: 'anna' })).statusCode, 422);
  assert.equal(
    (await act('/actions/install?name=dgx*', { by: 'anna', profile: 'os', evenInMaintenance: true })).statusCode,
    422,
  );
  assert.equal((await act('/nodes/dgx01/actions/maintenance', { by: 'anna\n' })).statusCode, 422);
});

test('a retired node has no address any more, and its record stays', async () => {
  await act('/nodes/dgx01/actions/retire', { by: 'anna', reason: 'sold' });
  const node = (await pod.call('GET', '/nodes/dgx01')).json();
  assert.deepEqual(
    [node.state, node.interfaces[0].address, node.interfaces[0].mac !== undefined],
    ['retired', undefined, true],
  );
  const taken = await pod.call(
    'PATCH',
    '/nodes/dgx02',
    { interfaces: [{ ...node.interfaces[0], mac: '52:54:00:99:00:01', address: '10.77.0.1' }] },
    { 'if-match': '*' },
  );
  assert.equal(taken.statusCode, 200, 'its address is free for another');
});

test('a command for a life that has gone on is refused', async () => {
  const { version } = (await pod.call('GET', '/nodes/dgx01/life')).json();
  await act('/nodes/dgx01/actions/maintenance', { by: 'anna', reason: 'fan' });
  const late = await act('/nodes/dgx01/actions/retire', { by: 'bert', reason: 'x', ...{ version } });
  assert.equal(late.statusCode, 412);
});

test('a diagnosis has its text, its next action and the life that it is about', async () => {
  const diagnosis = (await pod.call('GET', '/nodes/dgx01/diagnosis')).json();
  assert.deepEqual(
    [diagnosis.node, diagnosis.code, diagnosis.mend, diagnosis.life.state],
    ['dgx01', 'late', 'Look at it.', 'enrolled'],
  );
});
