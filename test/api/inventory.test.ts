import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import type { ClusterSettings } from '../../src/domain/hand-off.ts';
import { ApiFixture } from './api-fixture.ts';

const WAVES = { canaryNodes: 1, maxNodes: 20, maxFailedShare: 0.1 };

function cluster(name: string, roles: readonly string[], user = 'ubuntu'): ClusterSettings {
  const ssh = { user, port: 22 };
  return { name, runner: 'kubespray', roles, settleMs: 0, inactivityMs: 60_000, waves: WAVES, ssh, options: {} };
}

describe('inventory by the API', () => {
  const folder = mkdtempSync(join(tmpdir(), 'podboot-inventory-api-'));
  let api: ApiFixture;
  beforeEach(() => {
    api = new ApiFixture([], undefined, folder);
    api.clusters = [cluster('pod1', ['kube_control_plane', 'gpu'])];
  });
  afterEach(() => api.api.close());
  after(() => rmSync(folder, { recursive: true, force: true }));

  async function enrol(name: string, number: number, roles: readonly string[]): Promise<void> {
    const suffix = number.toString(16).padStart(2, '0');
    const boot = { name: 'eno1', role: 'boot', mac: `52:54:00:77:01:${suffix}`, address: `10.77.0.${number}` };
    const answer = await api.call('POST', '/nodes', { name, roles, interfaces: [boot] });
    assert.equal(answer.statusCode, 201, answer.body);
  }

  it('is made of the nodes as they are, in each format', async () => {
    await enrol('mgmt01', 11, ['kube_control_plane']);
    await enrol('dgx01', 21, ['gpu']);
    await enrol('other', 31, ['storage']);
    const json = (await api.call('GET', '/inventory')).json();
    const list = JSON.parse(json.text);
    assert.deepEqual(Object.keys(list._meta.hostvars), ['dgx01', 'mgmt01']);
    assert.equal(list._meta.hostvars.dgx01.ansible_host, '10.77.0.21');
    assert.deepEqual(list.kube_node.hosts, ['dgx01']);
    assert.match(json.hash, /^[0-9a-f]{64}$/);
    assert.deepEqual(json.obstacles, []);
    const ini = (await api.call('GET', '/inventory?format=ini&cluster=pod1')).json();
    assert.match(ini.text, /^\[all\]\ndgx01 ansible_host=10\.77\.0\.21/);
    assert.equal(ini.hash, json.hash);
    assert.match((await api.call('GET', '/inventory?format=yaml')).json().text, /^all:\n {2}hosts:\n {4}dgx01:/);
  });

  it('of several clusters is one, in which each has its own user', async () => {
    api.clusters = [cluster('pod1', ['kube_control_plane']), cluster('pod-2', ['storage'], 'admin')];
    await enrol('mgmt01', 11, ['kube_control_plane']);
    await enrol('nas', 31, ['storage']);
    const { text, hash } = (await api.call('GET', '/inventory')).json();
    const list = JSON.parse(text);
    assert.equal(hash, undefined);
    assert.equal(list.cluster_pod1.vars.ansible_user, 'ubuntu');
    assert.equal(list.cluster_pod_2.vars.ansible_user, 'admin');
    assert.deepEqual(list.cluster_pod_2.hosts, ['nas']);
    assert.equal(list.all.vars.ansible_user, undefined);
  });

  it('says what stands against a run, and which clusters there are', async () => {
    await enrol('mgmt01', 11, ['kube_control_plane']);
    await enrol('mgmt02', 12, ['kube_control_plane']);
    const { obstacles } = (await api.call('GET', '/inventory')).json();
    assert.deepEqual(
      obstacles.map(({ code }: { code: string }) => code),
      ['inventory-even-etcd'],
    );
    const missing = await api.call('GET', '/inventory?cluster=pod9');
    assert.equal(missing.statusCode, 404);
    assert.match(missing.json().mend, /pod1/);
    api.clusters = [];
    assert.equal((await api.call('GET', '/inventory')).statusCode, 404);
  });

  const FILE = [
    '# by hand',
    '[all]',
    'mgmt01 ansible_host=10.77.0.99',
    'dgx[01:02] ansible_user=x',
    'dgx02 ansible_host=10.77.0.22 mac=52:54:00:77:01:22',
    '[kube-master]',
    'mgmt01',
    '[kube-node]',
    'dgx02',
    'dgx01',
    '[lustre]',
    'mgmt01',
  ].join('\n');
  const adopt = (text: string, query = '') =>
    api.call('POST', `/inventory/adopt${query}`, text, { 'content-type': 'text/plain' });

  it('of an operator is compared with the nodes, and its hosts are enrolled where a machine is known', async () => {
    await enrol('mgmt01', 11, ['kube_control_plane']);
    await enrol('mgmt09', 19, ['kube_control_plane']);
    const dry = (await adopt(FILE, '?dryRun=true')).json();
    assert.equal(dry.applied.created, 1);
    assert.equal(dry.applied.dryRun, true);
    const kinds = dry.differences.map(({ kind, host, line }: { kind: string; host: string; line?: number }) => [
      kind,
      host,
      line,
    ]);
    assert.deepEqual(kinds, [
      ['address', 'mgmt01', 3],
      ['groups', 'mgmt01', 3],
      ['not-enrolled', 'dgx01', 4],
      ['not-enrolled', 'dgx02', 4],
      ['not-in-file', 'mgmt09', undefined],
    ]);
    assert.equal((await api.call('GET', '/nodes/dgx02')).statusCode, 404);
    const done = (await adopt(FILE)).json();
    assert.match(done.applied.notes[0].message, /dgx01 is not enrolled/);
    const node = (await api.call('GET', '/nodes/dgx02')).json();
    assert.deepEqual(node.roles, ['kube_node']);
    assert.equal(node.interfaces[0].address, '10.77.0.22');
    const again = (await adopt(FILE)).json();
    assert.deepEqual([again.applied.created, again.applied.updated], [0, 0]);
  });

  it('is refused with every problem and its line where Ansible would not take it', async () => {
    const answer = await adopt('[a]\nx y\n[b:children]\nnone\n[c:things]\n');
    assert.equal(answer.statusCode, 422);
    const { problems } = answer.json();
    assert.deepEqual(
      problems.map(({ line }: { line: number }) => line),
      [2, 4, 5],
    );
    assert.equal((await adopt('#!/bin/sh\necho {}\n')).statusCode, 422);
    assert.equal((await api.call('POST', '/inventory/adopt', {})).statusCode, 415);
  });
});
