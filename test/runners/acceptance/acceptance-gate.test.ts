import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PodbootError } from '../../../src/domain/errors.ts';
import type { CheckResult, ClusterSettings, RunHost } from '../../../src/domain/hand-off.ts';
import { parseIpv4 } from '../../../src/domain/ipv4.ts';
import type { KubernetesNode, KubernetesNodes } from '../../../src/domain/schedulers.ts';
import { type ClusterScheduler, createAcceptanceGate } from '../../../src/runners/acceptance/acceptance-gate.ts';
import { readCheckList } from '../../../src/runners/acceptance/read-check-list.ts';
import type { RemoteResult, Ssh } from '../../../src/runners/ssh/ssh-client.ts';
import { FakeClock } from '../../harness/clock.ts';

const cluster: ClusterSettings = {
  name: 'pod1',
  runner: 'kubespray',
  roles: ['gpu'],
  settleMs: 0,
  inactivityMs: 0,
  waves: { canaryNodes: 0, maxNodes: 10, maxFailedShare: 0 },
  ssh: { user: 'ubuntu', port: 22 },
  acceptance: 'ours',
  options: {},
};
const LIST = `checks:
  - { name: gpu-count, run: [nvidia-smi, -L], read: lines, expect: { equals: 8 } }
  - { name: kernel, run: [uname, -r], expect: { matches: "^6" } }
scheduler: { gpus: 8, within: 1m }
`;

const host = (name: string, last: number): RunHost => {
  const address = parseIpv4(`10.0.0.${last}`);
  return { id: name, name, roles: [], ...(address === undefined ? {} : { address }) };
};

class Pod {
  readonly clock = new FakeClock();
  readonly ran: string[] = [];
  answer: (name: string, argv: readonly string[]) => RemoteResult = (_, argv) => ({
    exitCode: 0,
    stdout: argv.includes('nvidia-smi') ? 'GPU\n'.repeat(8) : '6.8.0\n',
    stderr: '',
  });
  readonly node: { -readonly [K in keyof KubernetesNode]: KubernetesNode[K] } = {
    name: 'dgx01',
    isReady: true,
    isSchedulable: true,
    labels: {},
    allocatable: { 'nvidia.com/gpu': '8' },
  };
  pods: unknown[] = [];
  phases: string[] = ['pending', 'running', 'succeeded'];
  log = 'GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-1)\n';
  list = LIST;
  /** Undefined: podboot is not told how to ask it. */
  hasScheduler = true;

  close = () => {};

  check(hosts: readonly RunHost[], settings = cluster): Promise<ReadonlyMap<string, readonly CheckResult[]>> {
    const ssh: Ssh = {
      target: () => assert.fail('not asked for'),
      run: async ({ name }, _, argv) => {
        this.ran.push(name);
        return this.answer(name, argv);
      },
    };
    const nodes: KubernetesNodes = {
      node: async () => this.node,
      cordon: async () => {},
      uncordon: async () => {},
      label: async () => {},
      podsToEvict: async () => [],
      evict: async () => 'gone',
      deletePod: async () => void this.pods.pop(),
      createPod: async (manifest) => {
        this.pods.push(manifest);
        return { namespace: 'default', name: 'p' };
      },
      podPhase: async () => {
        const phase = this.phases.length > 1 ? this.phases.shift() : this.phases[0];
        return phase === 'succeeded' || phase === 'failed' || phase === 'running'
          ? { phase }
          : { phase: 'pending', because: 'no free GPU' };
      },
      podLog: async () => this.log,
    };
    const scheduler: ClusterScheduler = { kind: 'kubernetes', nodes: () => nodes };
    const gate = createAcceptanceGate({
      ssh,
      clock: this.clock,
      schedulerOf: () => (this.hasScheduler ? scheduler : undefined),
      load: () => readCheckList('ours.yaml', this.list),
    });
    this.close = () => gate.close();
    return gate.check(settings, hosts);
  }

  /** Time goes on while it checks. */
  async checkOne(hosts = [host('dgx01', 1)]): Promise<readonly CheckResult[]> {
    let results: ReadonlyMap<string, readonly CheckResult[]> | undefined;
    void this.check(hosts).then((all) => {
      results = all;
    });
    for (let turn = 0; turn < 2_000 && results === undefined; turn += 1) await this.clock.advanceSettling(1_000);
    return results?.get('dgx01') ?? assert.fail('it never ends');
  }
}

const bad = (results: readonly CheckResult[]) => results.filter(({ ok }) => !ok).map(({ check }) => check);

test('a good node passes its list, then its scheduler', async () => {
  const results = await new Pod().checkOne();
  assert.deepEqual(
    results.map(({ check, ok, found }) => [check, ok, found]),
    [
      ['gpu-count', true, '8'],
      ['kernel', true, '6.8.0'],
      ['kubernetes-ready', true, 'Ready'],
      ['kubernetes-gpus', true, '8'],
    ],
  );
});

test('a node with seven GPUs fails by itself, and the scheduler is not asked', async () => {
  const pod = new Pod();
  pod.answer = (name, argv) => ({
    exitCode: 0,
    stdout: argv.includes('nvidia-smi') ? 'GPU\n'.repeat(name === 'dgx01' ? 7 : 8) : '6.8\n',
    stderr: '',
  });
  const results = await pod.check([host('dgx01', 1), host('dgx02', 2)]);
  assert.deepEqual(bad(results.get('dgx01') ?? []), ['gpu-count']);
  assert.equal(results.get('dgx01')?.length, 2, 'the other checks are told too');
  assert.deepEqual(bad(results.get('dgx02') ?? []), []);
});

test('a node that is on its way up is tried again; one that stays away is one failed check', async () => {
  const pod = new Pod();
  let tries = 0;
  const away = () => {
    tries += 1;
    throw new PodbootError('ssh-no-answer', 'dgx01 (10.0.0.1): it does not answer', { mend: 'Check that it is on.' });
  };
  const works = pod.answer;
  pod.answer = (name, argv) => (tries < 3 ? away() : works(name, argv));
  assert.deepEqual(bad(await pod.checkOne()), []);
  tries = 0;
  pod.answer = away;
  const results = await pod.checkOne();
  assert.deepEqual(bad(results), ['gpu-count']);
  assert.equal(results.length, 1);
  assert.equal(results[0]?.mend, 'Check that it is on.');
  assert.ok(tries > 3 && tries < 10);
});

test('a host key that has changed is not tried again', async () => {
  const pod = new Pod();
  pod.answer = () => {
    throw new PodbootError('ssh-host-key-changed', 'dgx01: another key', { mend: 'Look.' });
  };
  await pod.checkOne();
  assert.equal(pod.ran.length, 1);
});

test('NotReady is waited for, then told in the words of the kubelet', async () => {
  const pod = new Pod();
  pod.node.isReady = false;
  pod.node.notReadyBecause = 'KubeletNotReady: cni plugin not initialized';
  const start = pod.clock.monotonic();
  const results = await pod.checkOne();
  assert.deepEqual(bad(results), ['kubernetes-ready']);
  assert.match(results.find(({ ok }) => !ok)?.found ?? '', /cni plugin not initialized/);
  assert.ok(pod.clock.monotonic() - start >= 60_000);
});

test('GPUs that the device plugin offers late are waited for', async () => {
  const pod = new Pod();
  pod.node.allocatable = {};
  pod.clock.setTimeout(() => {
    pod.node.allocatable = { 'nvidia.com/gpu': '8' };
  }, 30_000);
  assert.deepEqual(bad(await pod.checkOne()), []);
});

test('the GPU test runs where it is asked for, and its pod is removed whatever comes', async () => {
  const pod = new Pod();
  pod.list = `${LIST.replace('within: 1m', 'within: 1m, gpuTest: { image: cuda, timeout: 1m }')}`;
  let results = await pod.checkOne();
  assert.match(results.at(-1)?.found ?? '', /^GPU 0: NVIDIA A100/);
  assert.deepEqual(pod.pods, []);
  pod.log = 'No devices were found\n';
  pod.phases = ['succeeded'];
  results = await pod.checkOne();
  assert.deepEqual(bad(results), ['gpu-test']);
  pod.phases = ['pending'];
  results = await pod.checkOne();
  assert.match(results.at(-1)?.found ?? '', /pending after 60 s: no free GPU/);
  assert.deepEqual(pod.pods, []);
});

test('without list and scheduler there is no acceptance', async () => {
  const pod = new Pod();
  pod.hasScheduler = false;
  const { acceptance: _, ...plain } = cluster;
  assert.deepEqual((await pod.check([host('dgx01', 1)], plain)).get('dgx01'), []);
});

test('a list that is wrong fails every node with its first mistake, and nothing is run', async () => {
  const pod = new Pod();
  pod.list = 'checks:\n  - { name: x, run: nvidia-smi, expect: { equals: 1 } }\n';
  const [result] = await pod.checkOne();
  assert.equal(result?.check, 'check-list');
  assert.match(result?.found ?? '', /ours\.yaml can’t be used: checks\[0\]\.run/);
  assert.deepEqual(pod.ran, []);
});

test('a node without an address is told so', async () => {
  const [result] = await new Pod().checkOne([{ id: 'dgx01', name: 'dgx01', roles: [] }]);
  assert.match(result?.found ?? '', /none that is known/);
});

test('podboot’s end cuts it off: no timer is left, and nothing is said of a node that was not looked at', async () => {
  const pod = new Pod();
  pod.node.isReady = false;
  let isSaid = false;
  void pod.check([host('dgx01', 1)]).then(() => {
    isSaid = true;
  });
  await pod.clock.advanceSettling(5_000);
  assert.equal(pod.clock.pendingTimers, 1);
  pod.close();
  assert.equal(pod.clock.pendingTimers, 0);
  await pod.clock.advanceSettling(600_000, 10_000);
  assert.equal(isSaid, false);
});
