import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { ClusterSettings } from '../../src/domain/hand-off.ts';
import type { Node } from '../../src/domain/node.ts';
import type { OwnerChange, SlurmNodes } from '../../src/domain/schedulers.ts';
import { createSystemClock } from '../../src/net/system-clock.ts';
import { createAcceptanceGate } from '../../src/runners/acceptance/acceptance-gate.ts';
import { readCheckList } from '../../src/runners/acceptance/read-check-list.ts';
import { KubernetesClient } from '../../src/runners/kubernetes/kubernetes-client.ts';
import { kubernetesScheduler } from '../../src/runners/owner/kubernetes-scheduler.ts';
import { OwnerDesk } from '../../src/runners/owner/owner-desk.ts';
import { slurmScheduler } from '../../src/runners/owner/slurm-scheduler.ts';
import { createSlurmClient } from '../../src/runners/slurm/slurm-client.ts';
import { localSlurm, type SlurmPrograms } from '../../src/runners/slurm/slurm-programs.ts';
import { makeAuthority } from '../harness/certificates.ts';
import { FakeKubernetes } from '../harness/fake-kubernetes.ts';
import { until } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';
import { SLURM_TOOLS, TestSlurm } from '../harness/slurm.ts';

const TOKEN = 'a-token-of-a-test';
const nodeNamed = (name: string): Node => ({
  ...{ id: `id-${name}`, name, interfaces: [], roles: [], labels: {}, options: {} },
  ...{ boot: { profile: 'local', loader: 'auto' }, version: 1, createdAt: 0, updatedAt: 0 },
});

/** Slurm is real; the Kubernetes API is a fake of ours (test/harness/fake-kubernetes.ts), spoken to by the real client. */
describe('nodes between Slurm’s own daemons and a fake Kubernetes API', {
  skip: unmet({ root: true, tools: [...SLURM_TOOLS, 'openssl'] }),
}, () => {
  const clock = createSystemClock();
  const dgx01 = nodeNamed('dgx01');
  let slurm: TestSlurm;
  let slurmNodes: SlurmNodes;
  let programs: SlurmPrograms;
  let cluster: FakeKubernetes;
  let kubernetes: KubernetesClient;
  let stored: OwnerChange | undefined;
  let desk: OwnerDesk;
  const told: string[] = [];

  function openDesk(): OwnerDesk {
    return new OwnerDesk({
      changes: stored === undefined ? [] : [stored],
      world: () => ({
        schedulers: [kubernetesScheduler(() => kubernetes), slurmScheduler(slurmNodes)],
        label: (name, owner) => kubernetes.label(name, { scheduler: owner === 'none' ? null : owner }),
      }),
      commit: async (batch) => {
        for (const change of batch) {
          if ('put' in change && change.put === 'document' && change.kind === 'owner') stored = change.document;
        }
      },
      clock,
      events: { wantsDebug: false, emit: ({ type }) => void told.push(type) },
    });
  }

  before(async () => {
    slurm = new TestSlurm(['dgx01', 'dgx02']);
    // Stands for the one of a GPU: sees the device that Slurm gives the job.
    const bin = join(slurm.folder, 'bin');
    mkdirSync(bin);
    writeFileSync(
      join(bin, 'nvidia-smi'),
      '#!/bin/sh\necho "GPU 0: Test GPU ($SLURM_JOB_GPUS$CUDA_VISIBLE_DEVICES)"\n',
      {
        mode: 0o755,
      },
    );
    await slurm.start();
    await slurm.startNode('dgx01');
    const commands = slurm.commands();
    programs = localSlurm({
      run: (request) =>
        commands.run({ ...request, env: { ...request.env, PATH: `${bin}:${process.env.PATH}:/usr/sbin:/sbin` } }),
    });
    slurmNodes = createSlurmClient(programs);
    const authority = makeAuthority();
    cluster = await FakeKubernetes.start(authority, TOKEN);
    cluster.nodes.set('dgx01', { labels: {}, unschedulable: true, ready: 'True', gpus: 2, resourceVersion: 1 });
    kubernetes = new KubernetesClient({
      access: { origin: cluster.origin, basePath: '', authority: authority.cert, isBlind: false, token: TOKEN },
      clock,
      timeoutMs: 5_000,
    });
    desk = openDesk();
  });

  after(async () => {
    await desk.stop();
    await kubernetes.close();
    await cluster[Symbol.asyncDispose]();
    await slurm.stop();
  });

  const stage = () => desk.change(dgx01.id)?.stage;
  const reached = (wanted: string) =>
    until(() => stage() === wanted, {
      what: `the hand-over is ${wanted}`,
      timeoutMs: 40_000,
      everyMs: 100,
      evidence: () => JSON.stringify(desk.change(dgx01.id)),
    });
  const ask = (to: 'k8s' | 'slurm' | 'none', more: { force?: boolean; waitMs?: number } = {}) =>
    desk.ask(dgx01, { to, by: 'anna', force: false, waitMs: 60_000, ...more });

  test('drained with a job on it, waited for, handed over, labelled; a restart in the middle', async () => {
    const job = await slurm.job('dgx01');
    await ask('k8s');
    await reached('clearing');
    assert.equal(slurm.state('dgx01'), 'draining');
    assert.equal(cluster.nodes.get('dgx01')?.unschedulable, true, 'not while the job runs');
    await until(() => desk.change(dgx01.id)?.waitsFor?.[0] === `job ${job}`, { what: 'it says what it waits for' });
    await desk.stop();
    desk = openDesk();
    desk.start();
    slurm.must(['scancel', job]);
    await reached('done');
    assert.equal(slurm.state('dgx01'), 'drained');
    assert.deepEqual((await slurmNodes.node('dgx01'))?.reason, 'k8s');
    assert.deepEqual(
      [cluster.nodes.get('dgx01')?.unschedulable, cluster.nodes.get('dgx01')?.labels.scheduler],
      [false, 'k8s'],
    );
    assert.ok(told.includes('owner.taken-up'));
  });

  test('and back: pods are evicted, a disruption budget is waited for, Slurm has it again', async () => {
    cluster.pods.push(
      { namespace: 'ml', name: 'train-0', node: 'dgx01', owner: 'ReplicaSet', phase: 'Running', budgetRefusals: 1 },
      { namespace: 'kube-system', name: 'proxy', node: 'dgx01', owner: 'DaemonSet', phase: 'Running' },
    );
    assert.equal((await desk.show(dgx01)).owner, 'k8s');
    await ask('slurm');
    await reached('done');
    assert.deepEqual(
      cluster.pods.map(({ name }) => name),
      ['proxy'],
    );
    assert.equal(cluster.nodes.get('dgx01')?.unschedulable, true);
    assert.equal(cluster.nodes.get('dgx01')?.labels.scheduler, 'slurm');
    assert.match(slurm.state('dgx01'), /^idle/);
    const shown = await desk.show(dgx01);
    assert.equal(shown.owner, 'slurm');
    assert.match(shown.schedulers[0]?.view?.words ?? '', /Ready, SchedulingDisabled/);
  });

  test('a job that does not end in time: it stays Slurm’s, and the job goes on', async () => {
    await until(() => slurm.state('dgx01') === 'idle', { what: 'it answers again', timeoutMs: 15_000 });
    const job = await slurm.job('dgx01');
    await ask('k8s', { waitMs: 1 });
    await reached('put-back');
    assert.match(desk.change(dgx01.id)?.trouble ?? '', new RegExp(`job ${job} still ran`));
    assert.match(slurm.state('dgx01'), /^mixed/);
    assert.deepEqual(await slurmNodes.jobsOn('dgx01'), [job]);
    await ask('k8s', { force: true });
    await reached('done');
    assert.deepEqual(await slurmNodes.jobsOn('dgx01'), []);
    await ask('none');
    await reached('done');
    assert.equal((await desk.show(dgx01)).owner, 'none');
    assert.equal(cluster.nodes.get('dgx01')?.labels.scheduler, undefined);
    await ask('slurm');
    await reached('done');
  });

  test('acceptance: idle and GRES as expected, one GPU by srun; set idle after an unexpected reboot', async () => {
    const settings: ClusterSettings = {
      ...{
        name: 'hpc',
        runner: 'slurm',
        roles: ['gpu'],
        settleMs: 0,
        inactivityMs: 0,
        acceptance: 'ours',
        options: {},
      },
      ...{ waves: { canaryNodes: 0, maxNodes: 9, maxFailedShare: 0 }, ssh: { user: 'root', port: 22 } },
    };
    const gate = (list: string) =>
      createAcceptanceGate({
        ssh: { target: () => assert.fail(), run: () => assert.fail() },
        clock,
        schedulerOf: () => ({ kind: 'slurm', nodes: slurmNodes, programs }),
        load: () => readCheckList('ours.yaml', list),
      });
    const hosts = [
      { id: 'id-dgx01', name: 'dgx01', roles: [] },
      { id: 'id-dgx02', name: 'dgx02', roles: [] },
    ];
    slurm.must(['scontrol', 'update', 'nodename=dgx01', 'state=down', 'reason=Node unexpectedly rebooted']);
    const results = await gate(
      'checks: []\nscheduler: { gpus: 2, within: 20s, gpuTest: { image: none, timeout: 30s } }\n',
    ).check(settings, hosts);
    const good = results.get('dgx01') ?? [];
    assert.deepEqual(
      good.map(({ check, ok }) => [check, ok]),
      [
        ['slurm-idle', true],
        ['slurm-gres', true],
        ['gpu-test', true],
      ],
      JSON.stringify(good),
    );
    const bad = results.get('dgx02')?.[0];
    assert.equal(bad?.ok, false, 'its slurmd was never started');
    assert.match(bad?.mend ?? '', /slurmd/);
    const more = await gate('checks: []\nscheduler: { gpus: 8, within: 0s }\n').check(settings, hosts.slice(0, 1));
    assert.deepEqual(
      more.get('dgx01')?.map(({ check, ok }) => [check, ok]),
      [
        ['slurm-idle', true],
        ['slurm-gres', false],
      ],
    );
  });
});
