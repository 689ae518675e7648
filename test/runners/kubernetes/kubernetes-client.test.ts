import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { NotFound } from '../../../src/domain/errors.ts';
import { createSystemClock } from '../../../src/net/system-clock.ts';
import type { ClusterAccess } from '../../../src/runners/kubernetes/kubeconfig.ts';
import { KubernetesClient } from '../../../src/runners/kubernetes/kubernetes-client.ts';
import { type Authority, makeAuthority } from '../../harness/certificates.ts';
import { FakeKubernetes } from '../../harness/fake-kubernetes.ts';
import { unmet } from '../../harness/skip.ts';

const TOKEN = 'a-token-of-a-test';
const skip = unmet({ tools: ['openssl'] });

describe('the Kubernetes client, against an API server that is a fake of ours', { skip }, () => {
  let authority: Authority;
  let stranger: Authority;
  before(() => {
    authority = makeAuthority();
    stranger = makeAuthority();
  });
  const open: { close(): Promise<void> }[] = [];
  after(async () => {
    for (const each of open) await each.close();
  });

  async function cluster(change: Partial<ClusterAccess> = {}, readFile?: (path: string) => string) {
    const fake = await FakeKubernetes.start(authority, TOKEN);
    const access: ClusterAccess = {
      origin: fake.origin,
      basePath: '',
      authority: authority.cert,
      isBlind: false,
      ...(change.clientCertificate === undefined && change.tokenFile === undefined ? { token: TOKEN } : {}),
      ...change,
    };
    const client = new KubernetesClient({
      access,
      // A second is a hundredth of one: pauses of a busy server.
      clock: { ...hurried() },
      timeoutMs: 5_000,
      ...(readFile === undefined ? {} : { readFile }),
    });
    open.push(client, { close: () => fake[Symbol.asyncDispose]() });
    return { fake, client };
  }

  test('it lists nodes over pages, with what is asked of them', async () => {
    const { fake, client } = await cluster();
    fake.pageSize = 2;
    fake.addNode('mgmt01', { gpus: 0, labels: { 'node-role.kubernetes.io/control-plane': '' } });
    fake.addNode('dgx02', { ready: 'False', unschedulable: true });
    fake.addNode('dgx01', { labels: { scheduler: 'k8s' } });
    const nodes = await client.nodes();
    assert.deepEqual(
      nodes.map(({ name }) => name),
      ['dgx01', 'dgx02', 'mgmt01'],
    );
    const [one, two, three] = nodes;
    assert.equal(one?.isReady, true);
    assert.equal(one?.allocatable['nvidia.com/gpu'], '8');
    assert.equal(one?.labels.scheduler, 'k8s');
    assert.equal(one?.kubeletVersion, 'v1.32.4');
    assert.equal(two?.isReady, false);
    assert.match(two?.notReadyBecause ?? '', /KubeletNotReady: .*cni plugin/);
    assert.equal(two?.isSchedulable, false);
    assert.equal(three?.isControlPlane, true);
    assert.equal(three?.allocatable['nvidia.com/gpu'], undefined);
  });

  test('cordon and uncordon may be done twice; a node that is not there is told as such', async () => {
    const { fake, client } = await cluster();
    const node = fake.addNode('dgx01');
    await client.cordon('dgx01');
    await client.cordon('dgx01');
    assert.equal(node.unschedulable, true);
    await client.uncordon('dgx01');
    await client.uncordon('dgx01');
    assert.equal(node.unschedulable, false);
    assert.equal(await client.node('dgx99'), undefined);
    await assert.rejects(
      client.cordon('dgx99'),
      (error: Error) => error instanceof NotFound && /dgx99/.test(error.message),
    );
  });

  test('a label is set over another one and taken away; a conflict is tried again, and told when it stays', async () => {
    const { fake, client } = await cluster();
    const node = fake.addNode('dgx01', { labels: { scheduler: 'slurm' } });
    const conflict = { method: 'PATCH', path: /nodes\/dgx01/, status: 409, message: 'the object has been modified' };
    fake.refusals.push(conflict, conflict);
    await client.label('dgx01', { scheduler: 'k8s' });
    assert.equal(node.labels.scheduler, 'k8s');
    await client.label('dgx01', { scheduler: null });
    assert.equal('scheduler' in node.labels, false);
    fake.refusals.push(conflict, conflict, conflict, conflict);
    await assert.rejects(client.label('dgx01', { scheduler: 'k8s' }), {
      code: 'kubernetes-refused',
      status: 409,
      message: /label the node dgx01.*object has been modified/,
    });
  });

  test('of the pods of a node those have to leave that would not come back by themselves', async () => {
    const { fake, client } = await cluster();
    fake.addPod({ name: 'train-0', node: 'dgx01' });
    fake.addPod({ name: 'other', node: 'dgx02' });
    fake.addPod({ name: 'calico-x', namespace: 'kube-system', node: 'dgx01', owner: 'DaemonSet' });
    fake.addPod({ name: 'kube-proxy-dgx01', namespace: 'kube-system', node: 'dgx01', isMirror: true });
    fake.addPod({ name: 'done', node: 'dgx01', phase: 'Succeeded' });
    fake.addPod({ name: 'web', namespace: 'team', node: 'dgx01', owner: 'ReplicaSet' });
    const pods = await client.podsToEvict('dgx01');
    assert.deepEqual(
      pods.map(({ namespace, name }) => `${namespace}/${name}`),
      ['default/train-0', 'team/web'],
    );
  });

  test('a disruption budget stands against an eviction once; then the pod goes, and is gone', async () => {
    const { fake, client } = await cluster();
    fake.addPod({ name: 'web', node: 'dgx01', budgetRefusals: 1 });
    const pod = { namespace: 'default', name: 'web' };
    assert.equal(await client.evict(pod), 'budget');
    assert.equal(await client.evict(pod), 'accepted');
    assert.equal(await client.evict(pod), 'gone');
    assert.equal(fake.pods.length, 0);
    await client.deletePod(pod);
  });

  test('a cluster before 1.22 evicts by policy/v1beta1', async () => {
    const { fake, client } = await cluster();
    fake.policyVersions = ['v1beta1'];
    fake.addPod({ name: 'web', node: 'dgx01' });
    assert.equal(await client.evict({ namespace: 'default', name: 'web' }), 'accepted');
    assert.equal(await client.evict({ namespace: 'default', name: 'web' }), 'gone');
  });

  test('a pod for the GPU test: created, followed, read, deleted; twice is refused', async () => {
    const { fake, client } = await cluster();
    const manifest = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'gpu-test', namespace: 'default' }, spec: {} };
    const pod = await client.createPod(manifest);
    const { phase, because } = (await client.podPhase(pod)) ?? {};
    assert.equal(phase, 'pending');
    assert.match(because ?? '', /Unschedulable: .*Insufficient nvidia.com\/gpu/);
    await assert.rejects(client.createPod(manifest), { code: 'kubernetes-refused', status: 409 });
    const running = fake.pods[0];
    assert.ok(running);
    running.phase = 'Succeeded';
    running.log = `${'x'.repeat(100)}\nGPU 0: NVIDIA A100\n`;
    assert.deepEqual(await client.podPhase(pod), { phase: 'succeeded' });
    assert.equal(await client.podLog(pod, 19), 'GPU 0: NVIDIA A100\n');
    await client.deletePod(pod);
    assert.equal(await client.podPhase(pod), undefined);
  });

  test('a busy server is asked again, a few times', async () => {
    const { fake, client } = await cluster();
    fake.addNode('dgx01');
    const busy = { method: 'GET', path: /nodes/, status: 429, message: 'too many requests' };
    fake.refusals.push(busy, { ...busy, status: 503 });
    assert.equal((await client.nodes()).length, 1);
    fake.refusals.push(busy, busy, busy, busy);
    await assert.rejects(client.nodes(), { code: 'kubernetes-refused', status: 429 });
  });

  test('a client certificate does instead of a token', async () => {
    const { cert, key } = authority.client;
    const { fake, client } = await cluster({ clientCertificate: { certificate: cert, key } });
    fake.addNode('dgx01');
    assert.equal((await client.nodes()).length, 1);
  });

  test('a token file that was replaced is read again; the token stands in no error', async () => {
    let written = 'an-old-token';
    const { fake, client } = await cluster({ tokenFile: '/run/token' }, () => `${written}\n`);
    fake.addNode('dgx01');
    await assert.rejects(client.nodes(), (error: Error) => {
      assert.match(error.message, /401/);
      assert.doesNotMatch(`${error.message} ${JSON.stringify(error)}`, /an-old-token/);
      return true;
    });
    written = TOKEN;
    assert.equal((await client.nodes()).length, 1);
  });

  test('a wrong token is refused with the mend', async () => {
    const { client } = await cluster({ token: 'of-another-cluster' });
    await assert.rejects(client.nodes(), { code: 'kubernetes-refused', status: 401, mend: /kubeconfig/ });
  });

  test('a server whose certificate is of another authority is not trusted, and nothing is sent to it', async () => {
    const { fake, client } = await cluster({ authority: stranger.cert });
    await assert.rejects(client.cordon('dgx01'), { code: 'kubernetes-unreachable', message: /not trusted: .*CA/ });
    assert.equal(fake.asked.length, 0);
  });

  test('a certificate for another name is not trusted', async () => {
    const { fake, client } = await cluster({ serverName: 'api.elsewhere.example' });
    await assert.rejects(client.nodes(), { code: 'kubernetes-unreachable', message: /another name/ });
    assert.equal(fake.asked.length, 0);
  });

  test('nobody there, and somebody who does not answer', async () => {
    const { fake, client } = await cluster();
    await fake[Symbol.asyncDispose]();
    await assert.rejects(client.nodes(), { code: 'kubernetes-unreachable', mend: /livez/ });
  });
});

function hurried() {
  const clock = createSystemClock();
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    setTimeout(callback: () => void, delayMs: number) {
      const controller = new AbortController();
      // Limits of requests stay as they are: only the pauses between tries are short.
      const wait = delayMs >= 5_000 ? delayMs : delayMs / 100;
      pause(wait, undefined, { signal: controller.signal }).then(callback, () => undefined);
      return { cancel: () => controller.abort() };
    },
  };
}
