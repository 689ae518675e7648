import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { RunId, RunPlan, RunRequest, RunStatus } from '../../src/domain/hand-off.ts';
import type { StoreChange } from '../../src/domain/ports.ts';
import { RunRefused } from '../../src/runners/run-errors.ts';
import { RunFolders } from '../../src/runners/run-folders.ts';
import { RunLedger } from '../../src/runners/run-ledger.ts';
import type { Runner } from '../../src/runners/runner.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { FakeClock, settle } from '../harness/clock.ts';
import { cluster } from './hand-off/house.ts';

const REQUEST: RunRequest = { cluster: 'pod1', action: 'deploy', hosts: ['a', 'b'], by: 'ann' };

/** Carries runs in memory: a test says what became of them. */
class FakeRunner implements Runner {
  readonly kind = 'playbook';
  readonly running = new Map<RunId, RunStatus>();
  readonly planned: RunRequest[] = [];
  inventoryHash = 'one';
  obstacles: RunPlan['obstacles'] = [];
  trouble: Error | undefined;

  async plan(_: unknown, request: RunRequest): Promise<RunPlan> {
    this.planned.push(request);
    const names = request.hosts.map((name) => ({ id: name, name, roles: [] }));
    const step = { name: 'play', argv: ['x'], speaks: 'ansible', hosts: request.hosts } as const;
    return {
      ...{ request, runner: 'playbook', hosts: names, steps: [step], files: [] },
      ...{ inventoryHash: this.inventoryHash, obstacles: this.obstacles },
    };
  }

  async start(id: RunId, _: unknown, plan: RunPlan): Promise<void> {
    if (this.trouble !== undefined) throw this.trouble;
    const { cluster: name, action, ungraceful, by } = plan.request;
    const hosts = Object.fromEntries(plan.hosts.map((host) => [host.name, { result: 'running' as const }]));
    this.running.set(id, {
      ...{ id, cluster: name, runner: 'playbook', action, by, state: 'running', hosts, steps: [{ name: 'play' }] },
      ...{ startedAt: Number.parseInt(id.split('-')[1] ?? '', 36), inventoryHash: plan.inventoryHash ?? '' },
      ...(ungraceful === undefined ? {} : { ungraceful }),
    });
  }

  async status(id: RunId): Promise<RunStatus> {
    const run = this.running.get(id);
    if (run === undefined) throw new Error('no such folder');
    return run;
  }

  async stop(id: RunId, by: string): Promise<void> {
    this.end(id, 'stopped', { stoppedBy: by });
  }

  async reattach(id: RunId): Promise<RunStatus | undefined> {
    return this.running.get(id);
  }

  end(id: RunId, state: RunStatus['state'], more: Partial<RunStatus> = {}): void {
    const run = this.running.get(id);
    if (run !== undefined) this.running.set(id, { ...run, state, ...more });
  }
}

function houseOf(
  t: TestContext,
  kept: { runner?: FakeRunner; clock?: FakeClock; store?: MemoryStore; runs?: readonly RunStatus[] } = {},
) {
  const folder = mkdtempSync(join(tmpdir(), 'podboot-ledger-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const { runner = new FakeRunner(), clock = new FakeClock(), store = new MemoryStore() } = kept;
  const events: string[] = [];
  const house = { runner, clock, store, events, isFull: false };
  const commit = async (batch: readonly StoreChange[]) => {
    if (house.isFull) throw new Error('disk full');
    await store.commit(batch);
  };
  const ledger = new RunLedger({
    runs: kept.runs ?? [],
    clusters: () => [cluster(), cluster({ name: 'pod2' })],
    membersOf: () => [],
    runner: () => runner,
    folders: new RunFolders(folder),
    forget: () => undefined,
    ...{ commit, clock, events: { wantsDebug: false, emit: ({ type }) => void events.push(type) } },
  });
  return { ...house, house, ledger };
}

const documents = async (store: MemoryStore) => (await store.load()).documents.run ?? [];

test('one run at a time for a cluster, also while one is only just being planned; another cluster is free', async (t) => {
  const { ledger, runner, clock } = houseOf(t);
  const [first, second, other] = await Promise.allSettled([
    ledger.start(REQUEST),
    ledger.start(REQUEST),
    ledger.start({ ...REQUEST, cluster: 'pod2' }),
  ]);
  assert.equal(first.status, 'fulfilled');
  assert.equal(second.status === 'rejected' && second.reason.code, 'cluster-busy');
  assert.equal(other.status, 'fulfilled');
  const { id } = (first as PromiseFulfilledResult<RunStatus>).value;
  const ended = ledger.ended(id);
  runner.end(id, 'succeeded');
  await clock.advanceSettling(2_000, 1_000);
  assert.equal((await ended).state, 'succeeded');
  assert.equal((await ledger.start(REQUEST)).state, 'running');
});

test('obstacles are told all at once, and nothing is begun or kept', async (t) => {
  const { ledger, runner, store } = houseOf(t);
  runner.obstacles = [
    { code: 'no-playbook', message: 'It is not there.', mend: 'Look.' },
    { code: 'ssh-refused', host: 'a', message: 'It refuses.', mend: 'Allow it.' },
  ];
  await assert.rejects(ledger.start(REQUEST), (error: RunRefused) => {
    assert.ok(error instanceof RunRefused);
    assert.equal(error.code, 'run-refused');
    assert.deepEqual(
      error.problems.map(({ path }) => path),
      ['no-playbook', 'a'],
    );
    return true;
  });
  assert.deepEqual([runner.running.size, await documents(store)], [0, []]);
  runner.obstacles = [];
  assert.equal((await ledger.start(REQUEST)).state, 'running');
});

test('a run is on disk before it begins, and its end before another may', async (t) => {
  const { ledger, house, runner, store, clock, events } = houseOf(t);
  house.isFull = true;
  await assert.rejects(ledger.start(REQUEST), /disk full/);
  assert.equal(runner.running.size, 0);
  house.isFull = false;
  const { id } = await ledger.start(REQUEST);
  assert.equal((await documents(store))[0]?.state, 'running');
  house.isFull = true;
  runner.end(id, 'succeeded');
  await clock.advanceSettling(10_000, 1_000);
  await assert.rejects(ledger.start(REQUEST), /busy/);
  assert.ok(events.includes('run.not-stored'));
  house.isFull = false;
  await clock.advanceSettling(6_000, 1_000);
  assert.equal((await documents(store))[0]?.state, 'succeeded');
  assert.equal((await ledger.start(REQUEST)).state, 'running');
});

test('a start that fails is kept as refused and frees the cluster', async (t) => {
  const { ledger, runner } = houseOf(t);
  runner.trouble = new Error('no memory');
  await assert.rejects(ledger.start(REQUEST), /no memory/);
  assert.deepEqual(
    ledger.all().map(({ state, reason }) => [state, reason]),
    [['refused', 'no memory']],
  );
  runner.trouble = undefined;
  assert.equal((await ledger.start(REQUEST)).state, 'running');
});

test('after a restart a run that goes on is watched, one that ended is reckoned up, one that is gone is told', async (t) => {
  const first = houseOf(t);
  const { id } = await first.ledger.start(REQUEST);
  const { id: lost } = await first.ledger.start({ ...REQUEST, cluster: 'pod2' });
  first.ledger.close();
  first.runner.running.delete(lost);
  const kept = { ...first, runs: await documents(first.store) };
  const second = houseOf(t, kept);
  await assert.rejects(second.ledger.start(REQUEST), /busy/);
  second.ledger.takeUp();
  await settle(10);
  assert.equal(second.ledger.get(id)?.state, 'running');
  assert.equal(second.ledger.get(lost)?.state, 'refused');
  first.runner.end(id, 'failed');
  await first.clock.advanceSettling(2_000, 1_000);
  assert.equal(second.ledger.get(id)?.state, 'failed');
});

test('resume takes those alone that did not come to their end, and refuses another inventory unless it is confirmed', async (t) => {
  const { ledger, runner, clock } = houseOf(t);
  const { id } = await ledger.start(REQUEST);
  await assert.rejects(ledger.resume(id, 'ann'), /busy/);
  runner.end(id, 'failed', { hosts: { a: { result: 'changed' }, b: { result: 'unreachable' } } });
  await clock.advanceSettling(2_000, 1_000);
  runner.inventoryHash = 'two';
  await assert.rejects(ledger.resume(id, 'ann'), (error: { code?: string }) => error.code === 'inventory-changed');
  const resumed = await ledger.resume(id, 'ann', { confirmInventory: true });
  assert.deepEqual([Object.keys(resumed.hosts), resumed.resumes], [['b'], id]);
  runner.end(resumed.id, 'succeeded');
  await clock.advanceSettling(2_000, 1_000);
  assert.equal(ledger.get(resumed.id)?.resumes, id);
});

test('a resume means what the run meant: nodes that do not answer are removed too', async (t) => {
  const { ledger, runner, clock } = houseOf(t);
  const { id, ungraceful } = await ledger.start({ ...REQUEST, action: 'remove', ungraceful: true });
  assert.equal(ungraceful, true);
  runner.end(id, 'failed', { hosts: { a: { result: 'changed' }, b: { result: 'failed' } } });
  await clock.advanceSettling(2_000, 1_000);
  await ledger.resume(id, 'ann');
  assert.deepEqual(runner.planned.at(-1), {
    ...{ cluster: 'pod1', action: 'remove', hosts: ['b'], by: 'ann', ungraceful: true },
  });
});

test('a stop resolves once the run has ended, and says who asked', async (t) => {
  const { ledger, clock } = houseOf(t);
  const { id } = await ledger.start(REQUEST);
  const stopped = ledger.stop(id, 'ann');
  await clock.advanceSettling(2_000, 1_000);
  assert.deepEqual([(await stopped).state, (await stopped).stoppedBy], ['stopped', 'ann']);
});

test('a thousand runs are kept, the newest', async (t) => {
  const { ledger, runner, clock, store } = houseOf(t);
  const ids: RunId[] = [];
  for (let count = 0; count < 1_005; count += 1) {
    const { id } = await ledger.start(REQUEST);
    ids.push(id);
    runner.end(id, 'succeeded');
    await clock.advanceSettling(2_000, 1_000);
  }
  assert.deepEqual(
    ledger.all().map(({ id }) => id),
    ids.slice(5).reverse(),
  );
  assert.equal((await documents(store)).length, 1_000);
});

test('an unknown cluster and an unknown run are told; a name that is no id reaches no folder', async (t) => {
  const { ledger } = houseOf(t);
  await assert.rejects(async () => await ledger.start({ ...REQUEST, cluster: 'nosuch' }), /no cluster nosuch/);
  await assert.rejects(async () => await ledger.stop('../../etc', 'ann'), /no run/);
  assert.throws(() => new RunFolders('/x').of('../etc'), /is no run/);
});
