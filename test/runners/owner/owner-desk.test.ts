import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Conflict, NotFound, PodbootError } from '../../../src/domain/errors.ts';
import type { BootEvent } from '../../../src/domain/events.ts';
import type { Node } from '../../../src/domain/node.ts';
import type { StoreChange } from '../../../src/domain/ports.ts';
import { OWNERS, type Owner, type OwnerChange } from '../../../src/domain/schedulers.ts';
import { OwnerDesk } from '../../../src/runners/owner/owner-desk.ts';
import { FakeClock, settle } from '../../harness/clock.ts';
import { type Fate, SimulatedSchedulers } from './simulated-schedulers.ts';

const HOUR = 3_600_000;
const node: Node = {
  id: 'n1',
  name: 'dgx01',
  interfaces: [],
  roles: [],
  labels: {},
  options: {},
  boot: { profile: 'local', loader: 'auto' },
  version: 1,
  createdAt: 0,
  updatedAt: 0,
};

class Site {
  readonly clock = new FakeClock();
  readonly sim: SimulatedSchedulers;
  readonly events: BootEvent[] = [];
  stored: OwnerChange | undefined;
  commitFails = 0;
  desk: OwnerDesk;

  constructor(owner: Owner) {
    this.sim = new SimulatedSchedulers(owner);
    this.desk = this.#desk();
  }

  #desk(): OwnerDesk {
    return new OwnerDesk({
      changes: this.stored === undefined ? [] : [this.stored],
      world: () => this.sim.world(),
      commit: (batch) => this.#commit(batch),
      clock: this.clock,
      events: { wantsDebug: false, emit: (event) => void this.events.push(event) },
    });
  }

  async #commit(batch: readonly StoreChange[]): Promise<void> {
    if (this.commitFails > 0) {
      this.commitFails -= 1;
      throw new Error('disk full');
    }
    for (const change of batch) {
      if ('put' in change && change.put === 'document' && change.kind === 'owner') this.stored = change.document;
      if ('remove' in change && change.remove === 'document') this.stored = undefined;
    }
  }

  /** As a kill -9 would: what was on disk is what there is. */
  async restart(): Promise<void> {
    const old = this.desk;
    const left = old.stop();
    await settle();
    await left;
    this.desk = this.#desk();
    this.desk.start();
    await settle();
  }

  ask(to: Owner, more: { force?: boolean; waitMs?: number; by?: string } = {}) {
    return this.desk.ask(node, { to, by: 'anna', force: false, waitMs: HOUR, ...more });
  }

  async until(stage: string, limitMs = 4 * HOUR): Promise<OwnerChange> {
    for (let passedMs = 0; passedMs <= limitMs; passedMs += 5_000) {
      const change = this.desk.change('n1');
      if (change?.stage === stage) return change;
      await this.clock.advanceSettling(5_000);
    }
    assert.fail(`never ${stage}: ${JSON.stringify(this.desk.change('n1'))}`);
  }

  get types(): string[] {
    return this.events.map(({ type }) => type);
  }
}

test('from Slurm to Kubernetes: drained, waited for, uncordoned, labelled, each step told', async () => {
  const site = new Site('slurm');
  site.sim.running.slurm = ['job 7'];
  site.sim.endsAfter = 3;
  await site.ask('k8s');
  await settle(20);
  const waiting = site.desk.change('n1');
  assert.equal(waiting?.stage, 'clearing');
  assert.deepEqual(waiting.waitsFor, ['job 7']);
  assert.deepEqual([...site.sim.open], [], 'nobody while it is on its way');
  const done = await site.until('done');
  assert.equal(done.trouble, undefined);
  assert.deepEqual([...site.sim.open], ['k8s']);
  assert.equal(site.sim.label, 'k8s');
  assert.deepEqual(site.types, ['owner.taking', 'owner.clearing', 'owner.giving', 'owner.labelling', 'owner.done']);
  assert.ok(site.events.every(({ subject }) => subject.nodeId === 'n1' && subject.nodeName === 'dgx01'));
});

test('asked for again, nothing is done', async () => {
  const site = new Site('k8s');
  assert.equal((await site.ask('k8s')).outcome, 'already');
  assert.ok(site.sim.calls.every((call) => call.startsWith('look')));
});

test('a wrong label alone is put right', async () => {
  const site = new Site('k8s');
  site.sim.label = 'slurm';
  await site.ask('k8s');
  await site.until('done');
  assert.equal(site.sim.label, 'k8s');
  assert.ok(!site.sim.calls.some((call) => /^(?:close|clear|open)/.test(call)));
});

test('to nobody: both refuse it work, and the label goes', async () => {
  const site = new Site('k8s');
  await site.ask('none');
  await site.until('done');
  assert.deepEqual([...site.sim.open], []);
  assert.equal(site.sim.label, undefined);
});

test('what runs beyond the deadline is left alone, and the node goes back', async () => {
  const site = new Site('slurm');
  site.sim.running.slurm = ['job 7'];
  site.sim.endsAfter = Number.POSITIVE_INFINITY;
  await site.ask('k8s');
  const back = await site.until('put-back');
  assert.match(back.trouble ?? '', /the time was over, and job 7 still ran there/);
  assert.match(back.mend ?? '', /--force/);
  assert.deepEqual([...site.sim.open], ['slurm']);
  assert.deepEqual(site.sim.running.slurm, ['job 7']);
});

test('by force, what runs is ended', async () => {
  const site = new Site('slurm');
  site.sim.running.slurm = ['job 7'];
  site.sim.endsAfter = Number.POSITIVE_INFINITY;
  await site.ask('k8s', { force: true });
  await site.until('done');
  assert.deepEqual(site.sim.running.slurm, []);
});

test('force may be asked for while it waits', async () => {
  const site = new Site('slurm');
  site.sim.running.slurm = ['job 7'];
  site.sim.endsAfter = Number.POSITIVE_INFINITY;
  await site.ask('k8s');
  await site.clock.advanceSettling(60_000, 5_000);
  await site.ask('k8s', { force: true });
  await site.until('done', 60_000);
});

test('asking for the old owner turns it back', async () => {
  const site = new Site('slurm');
  site.sim.running.slurm = ['job 7'];
  site.sim.endsAfter = Number.POSITIVE_INFINITY;
  await site.ask('k8s');
  await settle(20);
  await assert.rejects(site.ask('none'), Conflict);
  assert.match((await site.ask('slurm', { by: 'ben' })).text, /turned back/);
  const back = await site.until('put-back');
  assert.match(back.trouble ?? '', /ben asked for it back/);
  assert.deepEqual([...site.sim.open], ['slurm']);
});

test('a restart in the middle takes it up, and the wait is not begun anew', async () => {
  const site = new Site('slurm');
  site.sim.running.slurm = ['job 7'];
  site.sim.endsAfter = Number.POSITIVE_INFINITY;
  const asked = await site.ask('k8s');
  await site.clock.advanceSettling(HOUR / 2, 60_000);
  await site.restart();
  assert.ok(site.types.includes('owner.taken-up'));
  const back = await site.until('put-back', HOUR);
  assert.ok((back.endedAt ?? 0) - (asked.change?.startedAt ?? 0) < HOUR * 1.1);
});

test('a node that somebody else holds, that is not well or not there is refused before anything changes', async () => {
  const site = new Site('k8s');
  site.sim.held = 'GPU 3 fell off the bus';
  await assert.rejects(site.ask('slurm'), /GPU 3 fell off the bus/);
  const alone = new OwnerDesk({
    changes: [],
    world: () => ({ schedulers: [], label: async () => {} }),
    commit: async () => {},
    clock: site.clock,
    events: { wantsDebug: false, emit: () => {} },
  });
  await assert.rejects(alone.ask(node, { to: 'k8s', by: 'a', force: false, waitMs: 0 }), NotFound);
  assert.ok(site.sim.calls.every((call) => call.startsWith('look')));
  assert.equal(site.stored, undefined);
});

test('a scheduler that can’t be asked: nothing begins, and show says so', async () => {
  const site = new Site('slurm');
  site.sim.fate = (call) => (call === 'look k8s' ? 'fails' : 'works');
  await assert.rejects(site.ask('k8s'), PodbootError);
  const shown = await site.desk.show(node);
  assert.equal(shown.owner, 'unknown');
  assert.match(shown.schedulers[0]?.trouble ?? '', /look k8s failed/);
  assert.equal(shown.schedulers[1]?.view?.isOpen, true);
});

test('both in charge: the label says who is meant, and one is left', async () => {
  const site = new Site('slurm');
  site.sim.open.add('k8s');
  assert.equal((await site.desk.show(node)).owner, 'both');
  await site.ask('k8s');
  await site.until('done');
  assert.deepEqual([...site.sim.open], ['k8s']);
});

test('a disk that is full holds the hand-over, not the act: it goes on when there is room', async () => {
  const site = new Site('slurm');
  await site.ask('k8s');
  site.commitFails = 3;
  await site.until('done');
  assert.ok(site.types.includes('owner.not-stored'));
});

test('a label that can’t be set is told; the node is where it was wanted', async () => {
  const site = new Site('slurm');
  site.sim.fate = (call) => (call.startsWith('label') ? 'fails' : 'works');
  await site.ask('k8s');
  const done = await site.until('done');
  assert.match(done.trouble ?? '', /the label does not say so/);
});

test('it can be neither moved nor put back: it says so', async () => {
  const site = new Site('slurm');
  site.sim.fate = (call) => (call.startsWith('open') ? 'fails' : 'works');
  await site.ask('k8s');
  const stuck = await site.until('stuck');
  assert.match(stuck.trouble ?? '', /open k8s failed; and then open slurm failed/);
  assert.equal(site.events.at(-1)?.level, 'error');
  // What stuck may be asked for again.
  site.sim.fate = () => 'works';
  await site.ask('slurm');
  await site.until('done');
  assert.deepEqual([...site.sim.open], ['slurm']);
});

test('whatever fails, whenever it is killed: old owner or new one, never both, never neither without a word', async () => {
  const fates = fc.array(fc.constantFrom<Fate>('works', 'works', 'works', 'fails', 'lost'), { maxLength: 60 });
  const run = fc.record({
    from: fc.constantFrom(...OWNERS),
    to: fc.constantFrom(...OWNERS),
    fates,
    /** From this call on one scheduler is away for good. */
    awayFrom: fc.option(fc.nat({ max: 40 }), { nil: undefined }),
    away: fc.constantFrom('k8s', 'slurm'),
    restarts: fc.array(fc.nat({ max: 30 }), { maxLength: 4 }),
    jobs: fc.constantFrom(0, 2, Number.POSITIVE_INFINITY),
    commitFails: fc.array(fc.nat({ max: 12 }), { maxLength: 2 }),
    force: fc.boolean(),
    turnBackAt: fc.option(fc.nat({ max: 20 }), { nil: undefined }),
  });
  await fc.assert(
    fc.asyncProperty(run, async (plan) => {
      const site = new Site(plan.from);
      site.sim.running.slurm = plan.from === 'slurm' ? ['job 7'] : [];
      site.sim.running.k8s = plan.from === 'k8s' ? ['pod a/b'] : [];
      site.sim.endsAfter = plan.jobs;
      site.sim.check = () => assert.ok(site.sim.open.size <= 1, 'both at once');
      const asked = await site.ask(plan.to, { force: plan.force });
      if (asked.outcome === 'already') return;
      let calls = 0;
      site.sim.fate = (call) => {
        calls += 1;
        if (plan.awayFrom !== undefined && calls > plan.awayFrom && call.includes(plan.away)) return 'fails';
        return plan.fates[calls] ?? 'works';
      };
      let change = site.desk.change('n1');
      for (let turn = 0; turn < 4_000 && change !== undefined && change.endedAt === undefined; turn += 1) {
        if (plan.restarts.includes(turn)) await site.restart();
        if (plan.commitFails.includes(turn)) site.commitFails = 2;
        // The restart may have brought it to its end: then to ask for the old owner is another change, not this one's way back.
        const isOpen = site.desk.change('n1')?.endedAt === undefined;
        if (plan.turnBackAt === turn && isOpen) await site.ask(plan.from).catch(() => {});
        await site.clock.advanceSettling(5_000);
        change = site.desk.change('n1');
      }
      assert.ok(change?.endedAt !== undefined, `it never ends: ${JSON.stringify(change)}`);
      assert.deepEqual(site.stored, change, 'what is on disk is what is shown');
      const owners = [...site.sim.open];
      const expected = (owner: Owner) => (owner === 'none' ? [] : [owner]);
      if (change.stage === 'done') assert.deepEqual(owners, expected(plan.to));
      else if (change.stage === 'put-back') assert.deepEqual(owners, expected(plan.from));
      else {
        assert.equal(change.stage, 'stuck');
        assert.notEqual(change.trouble ?? '', '');
        assert.equal(site.events.at(-1)?.type, 'owner.stuck');
      }
      await site.desk.stop();
      assert.equal(site.clock.pendingTimers, 0);
    }),
    { numRuns: 150 },
  );
});
