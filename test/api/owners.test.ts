import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OwnerAnswersView, OwnerChangesView, OwnerListView, OwnerView } from '../../src/api/schemas/owner.ts';
import { settle } from '../harness/clock.ts';
import { SimulatedSchedulers } from '../runners/owner/simulated-schedulers.ts';
import { ApiFixture } from './api-fixture.ts';

async function fixture(owner: 'k8s' | 'slurm' | 'none'): Promise<{ api: ApiFixture; sim: SimulatedSchedulers }> {
  const api = new ApiFixture();
  for (let number = 1; number <= 2; number += 1) await api.enrol(`dgx0${number}`, number);
  const sim = new SimulatedSchedulers(owner);
  api.ownerWorld = sim.world();
  return { api, sim };
}

test('both states of a node are shown', async () => {
  const { api } = await fixture('k8s');
  const answer = await api.call('GET', '/nodes/dgx01/owner');
  assert.equal(answer.statusCode, 200);
  const view = answer.json<OwnerView>();
  assert.equal(view.owner, 'k8s');
  assert.deepEqual(view.schedulers[0], { name: 'k8s', state: 'open', isOpen: true, isReady: true, label: 'k8s' });
  assert.equal((await api.call('GET', '/owners?name=dgx*')).json<OwnerListView>().items.length, 2);
});

test('a node is given away, and how it went is kept', async () => {
  const { api, sim } = await fixture('slurm');
  const body = { to: 'k8s', by: 'anna' };
  const asked = await api.call('POST', '/owners?name=dgx01', body);
  assert.equal(asked.statusCode, 202);
  assert.equal(asked.json<OwnerAnswersView>().items[0]?.outcome, 'started');
  await settle(60);
  const { items } = (await api.call('GET', '/owner-changes?name=dgx01')).json<OwnerChangesView>();
  assert.equal(items[0]?.stage, 'done');
  assert.deepEqual([...sim.open], ['k8s']);
});

test('a dry run changes nothing; a wish that is none and one without a person are refused', async () => {
  const { api, sim } = await fixture('slurm');
  const dry = await api.call('POST', '/owners?name=dgx01&dryRun=true', { to: 'k8s', by: 'anna' });
  assert.equal(dry.json<OwnerAnswersView>().items[0]?.outcome, 'would');
  assert.deepEqual([...sim.open], ['slurm']);
  for (const body of [{ to: 'kubernetes', by: 'anna' }, { to: 'k8s' }, { to: 'k8s', by: 'a', waitSeconds: -1 }, {}]) {
    assert.equal((await api.call('POST', '/owners?name=dgx01', body)).statusCode, 422, JSON.stringify(body));
  }
  assert.equal((await api.call('POST', '/owners', { to: 'k8s', by: 'anna' })).statusCode, 422, 'no node named');
});

test('without schedulers each node is refused with the mend', async () => {
  const { api } = await fixture('none');
  api.ownerWorld = { schedulers: [], label: async () => {} };
  const answer = await api.call('POST', '/owners?name=dgx01,dgx02', { to: 'k8s', by: 'anna' });
  const { items } = answer.json<OwnerAnswersView>();
  assert.deepEqual(
    items.map(({ outcome }) => outcome),
    ['refused', 'refused'],
  );
  assert.match(items[0]?.mend ?? '', /podboot\.yaml/);
});
