import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { versionObstacles, versionOfCheckout } from '../../../src/runners/kubespray/kubernetes-version.ts';
import { parseVersion } from '../../../src/runners/kubespray/version.ts';
import { writeKubespray } from './trees.ts';

const at = (...versions: string[]) =>
  versions.map((kubeletVersion, index) => ({
    name: `n${index}`,
    isControlPlane: index === 0,
    isReady: true,
    kubeletVersion,
  }));
const codes = (action: 'upgrade' | 'add-worker', wanted: string, ...running: string[]) =>
  versionObstacles(action, parseVersion(wanted), at(...running)).map(({ code }) => code);

describe('versions of Kubernetes', () => {
  it('a checkout’s own is read as it writes it: the first of its checksums, or a line', () => {
    const root = mkdtempSync(join(tmpdir(), 'podboot-version-'));
    try {
      writeKubespray(root);
      assert.equal(versionOfCheckout(root), '1.34.2');
      const old = join(root, 'old');
      mkdirSync(join(old, 'roles/kubespray-defaults/defaults'), { recursive: true });
      writeFileSync(join(old, 'roles/kubespray-defaults/defaults/main.yml'), '---\n## x\nkube_version: v1.27.7\n');
      assert.equal(versionOfCheckout(old), 'v1.27.7');
      assert.equal(versionOfCheckout(join(root, 'none')), undefined);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });

  it('an upgrade goes to the same or the next minor version, from the oldest node on', () => {
    assert.deepEqual(codes('upgrade', '1.34.2', 'v1.34.1'), []);
    assert.deepEqual(codes('upgrade', '1.34.2', 'v1.33.9', 'v1.33.1'), []);
    assert.deepEqual(codes('upgrade', '1.34.2', 'v1.34.2', 'v1.33.1'), []);
    assert.deepEqual(codes('upgrade', '1.34.2', 'v1.34.2', 'v1.32.1'), ['version-skips']);
    assert.deepEqual(codes('upgrade', '1.35.0', 'v1.33.1'), ['version-skips']);
    assert.deepEqual(codes('upgrade', '2.0.0', 'v1.36.1'), ['version-skips']);
    assert.deepEqual(codes('upgrade', '1.33.0', 'v1.33.1'), ['version-back']);
    assert.deepEqual(codes('upgrade', 'garbage', 'v1.33.1'), ['version-unknown']);
  });

  it('a new node gets no newer version than the cluster has, nor another minor one', () => {
    assert.deepEqual(codes('add-worker', '1.34.2', 'v1.34.2'), []);
    assert.deepEqual(codes('add-worker', '1.34.1', 'v1.34.2'), []);
    assert.deepEqual(codes('add-worker', '1.34.3', 'v1.34.2'), ['version-differs']);
    assert.deepEqual(codes('add-worker', '1.33.9', 'v1.34.2'), ['version-differs']);
    assert.deepEqual(codes('add-worker', '1.34.0'), []);
  });

  it('the mend names the next step on the way', () => {
    const [obstacle] = versionObstacles('upgrade', parseVersion('1.36.0'), at('v1.33.1+rke2'));
    assert.match(obstacle!.mend, /1\.34 first/);
  });
});
