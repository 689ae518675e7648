import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunAction, RunHost } from '../../../src/domain/hand-off.ts';
import { buildInventory } from '../../../src/runners/inventory/inventory.ts';
import {
  chooseWork,
  inJoiningOrder,
  membersOfControlPlane,
  presentHosts,
  widened,
} from '../../../src/runners/kubespray/choose-work.ts';
import type { ClusterContents, ClusterMember } from '../../../src/runners/kubespray/cluster-contents.ts';
import { guidePod, host, input } from '../inventory/pod.ts';

const NONE: ClusterContents = { state: 'none' };

function member(name: string, more: Partial<ClusterMember> = {}): ClusterMember {
  return { name, isControlPlane: name.startsWith('mgmt'), isReady: true, kubeletVersion: 'v1.34.2', ...more };
}

function there(...members: (string | ClusterMember)[]): ClusterContents {
  return { state: 'there', members: members.map((each) => (typeof each === 'string' ? member(each) : each)) };
}

const STANDING = there('mgmt01', 'mgmt02', 'mgmt03', 'dgx01');

function choose(action: RunAction, hosts: readonly string[], contents: ClusterContents, members = guidePod()) {
  const request = { cluster: 'pod1', action, hosts, by: 'ada' };
  const ordered = inJoiningOrder(members, contents);
  const controlPlane = membersOfControlPlane(buildInventory(input({ hosts: ordered })).inventory);
  const wide = { ...request, hosts: widened(request, controlPlane, contents) };
  const present = presentHosts(wide, ordered, contents);
  const { inventory } = buildInventory(input({ hosts: present }));
  const names = wide.hosts.length > 0 ? wide.hosts : present.map(({ name }) => name);
  const { work, obstacles } = chooseWork(request, names, inventory, contents);
  return { work, present: present.map(({ name }) => name), codes: obstacles.map(({ code }) => code), obstacles };
}

describe('what Kubespray is asked to do', () => {
  it('nodes that finish before there is a cluster make it, with the whole control plane', () => {
    const hosts = ['mgmt01', 'mgmt02', 'mgmt03', 'dgx01'];
    const { work, present, codes } = choose('add-worker', hosts, NONE);
    assert.deepEqual(work, { kind: 'deploy', hosts });
    assert.deepEqual(present, hosts);
    assert.deepEqual(codes, []);
  });

  it('whoever asks first, the control plane comes along as a whole; without one no cluster is begun', () => {
    const canary = choose('add-worker', ['dgx01'], NONE);
    assert.deepEqual(canary.work, { kind: 'deploy', hosts: ['mgmt01', 'mgmt02', 'mgmt03', 'dgx01'] });
    assert.deepEqual(canary.present, ['mgmt01', 'mgmt02', 'mgmt03', 'dgx01']);
    assert.deepEqual(canary.codes, []);
    const workers = guidePod().filter(({ roles }) => !roles.includes('etcd'));
    assert.deepEqual(choose('add-worker', ['dgx01'], NONE, workers).codes, ['no-control-plane']);
  });

  it('a control plane of one grows by the two that are missing, not by one of them', () => {
    const { work, present, codes } = choose('add-worker', ['mgmt02'], there('mgmt01', 'dgx01'));
    assert.deepEqual(work, { kind: 'control-plane', hosts: ['mgmt02', 'mgmt03'] });
    assert.deepEqual(present, ['mgmt01', 'mgmt02', 'mgmt03', 'dgx01']);
    assert.deepEqual(codes, []);
  });

  it('a member of the control plane that has joined is only looked at when its turn comes', () => {
    assert.deepEqual(choose('add-worker', ['mgmt02', 'dgx02'], STANDING).work, {
      kind: 'scale',
      hosts: ['dgx02'],
      present: ['mgmt02'],
    });
  });

  it('a worker joins the cluster that stands, and nodes that are not installed yet are not spoken to', () => {
    const { work, present, codes } = choose('add-worker', ['dgx02'], there('mgmt01', 'mgmt02', 'mgmt03'));
    assert.deepEqual(work, { kind: 'scale', hosts: ['dgx02'], present: [] });
    assert.deepEqual(present, ['mgmt01', 'mgmt02', 'mgmt03', 'dgx02']);
    assert.deepEqual(codes, []);
  });

  it('a worker that is down does not end the run of another one; a member of the control plane stays', () => {
    const contents = there(
      'mgmt01',
      'mgmt02',
      member('mgmt03', { isReady: false }),
      member('dgx01', { isReady: false }),
    );
    assert.deepEqual(choose('add-worker', ['dgx02'], contents).present, ['mgmt01', 'mgmt02', 'mgmt03', 'dgx02']);
    assert.ok(choose('add-worker', ['dgx01'], contents).present.includes('dgx01'));
  });

  it('deploying what stands adds the workers that are missing, and does all of it once more when none is', () => {
    assert.deepEqual(choose('deploy', [], STANDING).work, { kind: 'scale', hosts: ['dgx02'], present: [] });
    const all = there('mgmt01', 'mgmt02', 'mgmt03', 'dgx01', 'dgx02');
    assert.equal(choose('deploy', [], all).work.kind, 'deploy');
    assert.deepEqual(choose('add-worker', ['dgx01'], STANDING).work, { kind: 'scale', hosts: ['dgx01'], present: [] });
    assert.deepEqual(choose('add-worker', ['login01', 'dgx02'], STANDING).codes, ['not-for-kubernetes']);
  });

  it('a new member of the control plane comes last in every group, though it was enrolled first', () => {
    const members: RunHost[] = [host('mgmt00', '10.0.0.9', ['kube_control_plane', 'etcd']), ...guidePod()];
    const contents = there(
      member('mgmt02', { joinedAt: 1 }),
      member('mgmt03', { joinedAt: 3 }),
      member('mgmt01', { joinedAt: 2 }),
    );
    const { work, present } = choose('add-control-plane', ['mgmt00'], contents, members);
    assert.deepEqual(work, { kind: 'control-plane', hosts: ['mgmt00'] });
    assert.deepEqual(present, ['mgmt02', 'mgmt01', 'mgmt03', 'mgmt00']);
  });

  it('the first of the control plane can’t be removed, nor who is not in the cluster, nor everybody', () => {
    assert.deepEqual(choose('remove', ['mgmt01'], STANDING).codes, ['remove-first', 'remove-first']);
    assert.deepEqual(choose('remove', ['dgx02'], STANDING).codes, ['not-in-kubernetes']);
    assert.ok(choose('remove', [], STANDING).codes.includes('remove-everybody'));
    assert.deepEqual(choose('remove', ['dgx01', 'mgmt03'], STANDING).codes, []);
  });

  it('an upgrade takes the control plane as a whole, then workers; named workers come alone', () => {
    assert.deepEqual(choose('upgrade', [], STANDING).work, {
      kind: 'upgrade',
      controlPlane: ['mgmt01', 'mgmt02', 'mgmt03'],
      workers: ['dgx01'],
    });
    assert.deepEqual(choose('upgrade', ['dgx01'], STANDING).work, {
      kind: 'upgrade',
      controlPlane: [],
      workers: ['dgx01'],
    });
    assert.deepEqual(choose('upgrade', [], NONE).codes, ['no-cluster']);
  });

  it('nothing is guessed of a cluster that does not answer', () => {
    const { work, codes, obstacles } = choose('add-worker', ['dgx01'], { state: 'unreadable', because: 'timeout' });
    assert.equal(work.kind, 'nothing');
    assert.deepEqual(codes, ['cluster-unreadable']);
    assert.match(obstacles[0]!.message, /timeout/);
  });
});
