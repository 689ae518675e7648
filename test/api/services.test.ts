import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createPodDeployment } from '../../src/daemon/deployments.ts';
import type { RunStatus } from '../../src/domain/hand-off.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { cluster } from '../runners/deploy/house.ts';
import { ApiFixture } from './api-fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'podboot-services-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('a secret is shown once, and is not kept for a repeat with the same Idempotency-Key', async () => {
  const store = new MemoryStore();
  const run = {
    ...{ id: 'run-1', cluster: 'pod1', runner: 'kubespray', action: 'service', service: 'dashboard', by: 'ada' },
    ...{ state: 'succeeded', hosts: {}, steps: [], startedAt: 1, endedAt: 2 },
  } satisfies RunStatus;
  mkdirSync(join(folder, 'runs', 'run-1'), { recursive: true });
  writeFileSync(join(folder, 'runs', 'run-1', 'shown-once.json'), '{"dashboard-token":"SECRET-4711"}');
  await store.commit([
    {
      put: 'document',
      kind: 'service',
      id: 'pod1 dashboard',
      document: { cluster: 'pod1', service: 'dashboard', run: 'run-1', state: 'succeeded', at: 2, deployedAt: 2 },
    },
    { put: 'document', kind: 'run', id: 'run-1', document: run },
  ]);
  const { documents } = await store.load();
  const fixture = new ApiFixture([], store, folder);
  fixture.clusters = [cluster('pod1', 'kubespray', ['gpu'])];
  const { services } = createPodDeployment({
    documents,
    nodes: fixture.registry,
    commit: store.commit.bind(store),
    clock: fixture.clock,
    events: { wantsDebug: false, emit: (event) => void fixture.events.push(event) },
    commands: { run: async () => ({ end: 'not-run', stdout: '', stderr: '' }) },
    settings: () => ({ dataDir: folder, clusters: fixture.clusters }) as never,
    book: () => fixture.book,
    gate: { check: async () => new Map() },
    handOff: fixture.handOff,
  });
  Object.assign(fixture.pod, { services });
  const url = '/api/v1/clusters/pod1/services/dashboard/reveal';
  const ask = (key: string) =>
    fixture.api.inject({
      method: 'POST',
      url,
      headers: { authorization: `Bearer ${fixture.token}`, 'idempotency-key': key },
      payload: { by: 'ada' },
    });
  const first = await ask('one');
  assert.equal(first.statusCode, 200, first.body);
  assert.deepEqual(first.json(), { items: [{ name: 'dashboard-token', value: 'SECRET-4711' }] });
  const repeat = await ask('one');
  assert.equal(repeat.statusCode, 409);
  assert.equal(repeat.json().code, 'idempotency-answer-gone');
  assert.equal((await ask('two')).statusCode, 404);
  assert.doesNotMatch(JSON.stringify((await store.load()).documents), /SECRET/);
  assert.doesNotMatch(JSON.stringify(fixture.events), /SECRET/);
  await fixture.api.close();
});
