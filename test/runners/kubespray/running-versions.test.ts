import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { ClusterContents } from '../../../src/runners/kubespray/cluster-contents.ts';
import { kubernetesVersions } from '../../../src/runners/kubespray/running-versions.ts';
import type { PlanContext } from '../../../src/runners/runner.ts';
import { KnownHosts } from '../../../src/runners/ssh/known-hosts.ts';
import { cluster } from '../deploy/house.ts';

const PLAYBOOKS = ['cluster.yml', 'playbooks/facts.yml', 'scale.yml', 'remove-node.yml', 'upgrade-cluster.yml'];

describe('to what a cluster is pinned, and what runs', () => {
  const checkout = mkdtempSync(join(tmpdir(), 'podboot-kubespray-'));
  before(() => {
    const defaults = 'roles/kubespray_defaults/defaults/main/main.yml';
    for (const [path, text] of [...PLAYBOOKS.map((each) => [each, '---\n']), [defaults, 'kube_version: 1.29.3\n']]) {
      const file = join(checkout, path as string);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text as string);
    }
  });
  after(() => rmSync(checkout, { recursive: true, force: true }));

  const look = (contents: ClusterContents, options: object = {}) =>
    kubernetesVersions({ ...cluster('pod1', 'kubespray', ['dgx']), options: { checkout, ...options } }, [], {
      contents: async () => contents,
      knownHosts: new KnownHosts(join(checkout, 'known_hosts')),
    } as unknown as PlanContext);
  const there = (version: string): ClusterContents => ({
    state: 'there',
    members: [{ name: 'dgx01', isControlPlane: false, isReady: true, kubeletVersion: version }],
  });

  test('the checkout says it, unless the operator does', async () => {
    const facts = await look(there('v1.28.10'));
    assert.deepEqual(facts, { running: [{ node: 'dgx01', version: '1.28.10' }], wanted: '1.29.3', obstacles: [] });
    assert.equal((await look(there('v1.28.10'), { kubernetesVersion: '1.28.12' })).wanted, '1.28.12');
  });

  test('two minor versions at once, and a step back, are refused with what comes first', async () => {
    const skips = await look(there('v1.27.1'));
    assert.deepEqual(
      skips.obstacles.map(({ code }) => code),
      ['version-skips'],
    );
    assert.match(skips.obstacles[0]?.mend ?? '', /Upgrade to 1.28 first/);
    assert.deepEqual(
      (await look(there('v1.30.0'))).obstacles.map(({ code }) => code),
      ['version-back'],
    );
  });

  test('a cluster that is not there, or does not answer', async () => {
    assert.match((await look({ state: 'none' })).obstacles[0]?.message ?? '', /not deployed yet/);
    const silent = await look({ state: 'unreadable', because: 'no answer of https://10.0.0.1:6443' });
    assert.match(silent.obstacles[0]?.message ?? '', /no answer of https/);
  });
});
