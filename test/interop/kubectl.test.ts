import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { stringify } from 'yaml';
import { createSystemClock } from '../../src/net/system-clock.ts';
import { kubernetesFrom } from '../../src/runners/kubernetes/kubernetes-client.ts';
import { type Authority, makeAuthority } from '../harness/certificates.ts';
import { FakeKubernetes } from '../harness/fake-kubernetes.ts';
import { unmet } from '../harness/skip.ts';

/** Debian's package is installed only where no kubectl is there: it does not unpack over another one. */
const skip = unmet({ tools: ['kubectl', 'openssl'] });
const TOKEN = 'a-token-of-a-test';

/**
 * The real kubectl, as an independent client of the API server that is a FAKE of ours: what it asks and how it takes our answers
 * says that the fake speaks as a cluster does, so that the tests of our own client mean something. No cluster is there.
 */
describe('the fake of the Kubernetes API, driven by the real kubectl', { skip }, () => {
  let folder: string;
  let config: string;
  let authority: Authority;
  let fake: FakeKubernetes;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'podboot-kubectl-'));
    authority = makeAuthority();
    fake = await FakeKubernetes.start(authority, TOKEN);
    config = await kubeconfig('config', { token: TOKEN });
  });
  after(async () => {
    await fake[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  async function kubeconfig(name: string, user: object, certificate = authority.cert): Promise<string> {
    const path = join(folder, name);
    const server = { server: fake.origin, 'certificate-authority-data': Buffer.from(certificate).toString('base64') };
    const value = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'fake',
      contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'podboot' } }],
      clusters: [{ name: 'fake', cluster: server }],
      users: [{ name: 'podboot', user }],
    };
    await writeFile(path, stringify(value), { mode: 0o600 });
    return path;
  }

  function kubectl(argv: readonly string[], file = config): Promise<{ code: number; said: string }> {
    const options = { timeout: 30_000, env: { PATH: process.env.PATH, HOME: folder, KUBECONFIG: file } };
    return new Promise((resolve) =>
      execFile('kubectl', [...argv], options, (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : 1, said: stdout + stderr }),
      ),
    );
  }

  test('get, cordon, uncordon and label: what both clients put on the wire comes to the same', async () => {
    const byKubectl = fake.addNode('dgx01');
    const byUs = fake.addNode('dgx02');
    const ours = kubernetesFrom(config, createSystemClock());
    try {
      assert.match((await kubectl(['get', 'nodes', '-o', 'name'])).said, /node\/dgx01\nnode\/dgx02/);
      assert.equal((await kubectl(['cordon', 'dgx01'])).code, 0);
      await ours.cordon('dgx02');
      assert.deepEqual([byKubectl.unschedulable, byUs.unschedulable], [true, true]);
      assert.equal((await kubectl(['uncordon', 'dgx01'])).code, 0);
      await ours.uncordon('dgx02');
      assert.deepEqual([byKubectl.unschedulable, byUs.unschedulable], [false, false]);
      assert.equal((await kubectl(['label', 'node', 'dgx01', 'scheduler=k8s', '--overwrite'])).code, 0);
      await ours.label('dgx02', { scheduler: 'k8s' });
      assert.deepEqual(byKubectl.labels, byUs.labels);
      const words = ({ method, path }: { method: string; path: string }) =>
        `${method} ${path.split('?')[0]?.slice(0, -2)}`;
      const changes = fake.asked.filter(({ method }) => method === 'PATCH');
      assert.deepEqual(new Set(changes.map(words)), new Set(['PATCH /api/v1/nodes/dgx']));
    } finally {
      await ours.close();
    }
  });

  test('kubectl refuses to change a label without --overwrite; both see what stands there', async () => {
    fake.addNode('dgx03', { labels: { scheduler: 'slurm' } });
    const refused = await kubectl(['label', 'node', 'dgx03', 'scheduler=k8s']);
    assert.notEqual(refused.code, 0);
    assert.match(refused.said, /already has a value \(slurm\)|overwrite/);
  });

  test('drain waits for a disruption budget, and leaves daemon sets and mirror pods', async () => {
    fake.addNode('dgx04');
    fake.addPod({ name: 'train-0', node: 'dgx04', owner: 'ReplicaSet', budgetRefusals: 1 });
    fake.addPod({ name: 'calico', namespace: 'kube-system', node: 'dgx04', owner: 'DaemonSet' });
    fake.addPod({ name: 'proxy-dgx04', namespace: 'kube-system', node: 'dgx04', isMirror: true });
    const ours = kubernetesFrom(config, createSystemClock());
    try {
      const pods = await ours.podsToEvict('dgx04');
      assert.deepEqual(pods, [{ namespace: 'default', name: 'train-0' }], 'we would evict what kubectl does');
    } finally {
      await ours.close();
    }
    const drained = await kubectl(['drain', 'dgx04', '--ignore-daemonsets', '--force', '--timeout=25s']);
    assert.equal(drained.code, 0, drained.said);
    assert.match(drained.said, /will retry after|Cannot evict pod/);
    assert.deepEqual(fake.pods.map(({ name }) => name).sort(), ['calico', 'proxy-dgx04']);
    assert.equal(fake.nodes.get('dgx04')?.unschedulable, true);
  });

  test('a node that is not there, a wrong token, a wrong authority', async () => {
    assert.match((await kubectl(['cordon', 'dgx99'])).said, /nodes "dgx99" not found/);
    const wrong = await kubeconfig('wrong', { token: 'of-another-cluster' });
    assert.match((await kubectl(['get', 'nodes'], wrong)).said, /Unauthorized|logged in/);
    const stranger = await kubeconfig('stranger', { token: TOKEN }, makeAuthority().cert);
    assert.match((await kubectl(['get', 'nodes'], stranger)).said, /x509|certificate/);
  });

  test('a client certificate that openssl made does for both', async () => {
    const { cert, key } = authority.client;
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    const file = await kubeconfig('certificate', {
      'client-certificate-data': base64(cert),
      'client-key-data': base64(key),
    });
    assert.equal((await kubectl(['get', 'nodes', '-o', 'name'], file)).code, 0);
    const ours = kubernetesFrom(file, createSystemClock());
    assert.ok((await ours.nodes()).length > 0);
    await ours.close();
  });
});
