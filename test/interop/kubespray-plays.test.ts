import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ClusterSettings, RunHost } from '../../src/domain/hand-off.ts';
import { ansibleEnvironment } from '../../src/runners/ansible/ansible-environment.ts';
import { planInventory } from '../../src/runners/inventory/plan-inventory.ts';
import { type CheckoutLayout, layoutOf } from '../../src/runners/kubespray/checkout-layout.ts';
import type { KubesprayWork } from '../../src/runners/kubespray/choose-work.ts';
import { kubespraySteps } from '../../src/runners/kubespray/kubespray-steps.ts';
import { stepEnvironment } from '../../src/runners/kubespray/step-environment.ts';
import { unmet } from '../harness/skip.ts';
import { guidePod, PINNED, SSH } from '../runners/inventory/pod.ts';
import { writeDeepops, writeKubespray } from '../runners/kubespray/trees.ts';

const skip = unmet({ tools: ['ansible-playbook'] });
const MGMT = ['mgmt01', 'mgmt02', 'mgmt03'];
const DGX = ['dgx01', 'dgx02'];
const K8S = [...MGMT, ...DGX];
const ALL = [...K8S, 'login01'];

/** Plays of a playbook with the hosts that each would run on, as Ansible itself says: nothing is contacted. */
type Plays = readonly { readonly play: string; readonly hosts: readonly string[] }[];

const CLUSTER: ClusterSettings = {
  ...{ name: 'pod1', runner: 'kubespray', roles: ['gpu'], settleMs: 0, inactivityMs: 1 },
  waves: { canaryNodes: 0, maxNodes: 1, maxFailedShare: 1 },
  ssh: SSH,
  options: {},
};

/** The argv that a run would execute, with `--list-hosts`. */
function listHosts(
  folder: string,
  layout: CheckoutLayout,
  work: KubesprayWork,
  members: readonly RunHost[] = guidePod(),
) {
  const inventory = planInventory(CLUSTER, members, PINNED);
  for (const { path, content } of inventory.files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  const steps = kubespraySteps(work, {
    cluster: CLUSTER,
    layout,
    inventory: inventory.argv,
    size: members.length,
    env: stepEnvironment({
      folder,
      ansible: '',
      ansibleConfig: layout.ansibleConfig,
      kubeconfig: join(folder, 'admin.conf'),
    }),
    variables: {},
    unreachable: new Set(),
  });
  return steps.map((step) => {
    const [program = '', ...words] = step.argv.map((word) => word.replaceAll('{run}/', `${folder}/`));
    const env = { ...process.env, ...ansibleEnvironment(join(folder, 'ansible')), ...step.env, HOME: folder };
    const result = spawnSync(program, [...words, '--list-hosts'], {
      cwd: step.cwd,
      env,
      encoding: 'utf8',
      timeout: 120_000,
    });
    assert.equal(result.status, 0, `${step.name}: ${result.stderr}${result.stdout}`);
    return { step: step.name, plays: playsIn(result.stdout) };
  });
}

function playsIn(output: string): Plays {
  return output
    .split(/^ {2}play #\d+ /m)
    .slice(1)
    .map((text) => ({
      play: /^\(.*?\): (.*?)\t/s.exec(text)?.[1] ?? '',
      hosts: [...text.matchAll(/^ {6}(\S+)$/gm)].map(([, name = '']) => name).sort(),
    }));
}

const by = (plays: Plays) => Object.fromEntries(plays.map(({ play, hosts }) => [play, hosts]));

describe('which plays run on which hosts, by our own playbooks with the names of DeepOps and Kubespray', {
  skip,
}, () => {
  let folder: string;
  let layout: CheckoutLayout;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'podboot-plays-'));
    writeDeepops(join(folder, 'deepops'));
    layout = layoutOf(join(folder, 'deepops')) as CheckoutLayout;
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('the first deployment: everybody, each in its place, and no git', () => {
    const [cluster] = listHosts(folder, layout, { kind: 'deploy', hosts: ALL });
    assert.deepEqual(by(cluster!.plays), {
      Bootstrap: [...ALL].sort(),
      'make sure kubespray is at the correct version': [...ALL].sort(),
      'Prepare for etcd install': [...K8S].sort(),
      'Install etcd': MGMT,
      'Install Kubernetes nodes': [...K8S].sort(),
      'Install the control plane': MGMT,
      'Apply resolv.conf': [...K8S].sort(),
      'Install NVIDIA driver': [...K8S].sort(),
    });
  });

  it('a worker: facts of all, and nothing else of anybody but it', () => {
    const [facts, prepare, scale] = listHosts(folder, layout, { kind: 'scale', hosts: ['dgx02'], present: [] });
    assert.deepEqual(by(facts!.plays), { 'Gather facts': [...K8S].sort() });
    assert.deepEqual(by(prepare!.plays)['Install NVIDIA driver'], ['dgx02']);
    assert.deepEqual(by(scale!.plays), {
      'Target only workers': ['dgx02'],
      'Upload control plane certs': [],
      Join: ['dgx02'],
    });
  });

  it('an upgrade: the control plane alone, then workers alone; a removal: who leaves', () => {
    const [, control, workers] = listHosts(folder, layout, { kind: 'upgrade', controlPlane: MGMT, workers: DGX });
    assert.deepEqual(by(control!.plays), { 'Upgrade the control plane': MGMT, 'Upgrade workers': [] });
    assert.deepEqual(by(workers!.plays), { 'Upgrade the control plane': [], 'Upgrade workers': DGX });
    const [remove] = listHosts(folder, layout, { kind: 'remove', hosts: ['dgx01', 'mgmt03'] });
    assert.deepEqual(by(remove!.plays), { 'Reset node': ['dgx01', 'mgmt03'] });
  });

  it('Kubespray alone is found by its files, too', () => {
    writeKubespray(join(folder, 'kubespray'));
    const alone = layoutOf(join(folder, 'kubespray')) as CheckoutLayout;
    assert.deepEqual(
      listHosts(folder, alone, { kind: 'scale', hosts: ['dgx01'], present: [] }).map(({ step }) => step),
      ['facts', 'scale'],
    );
  });

  it('Slurm’s playbook finds its groups', () => {
    const [made] = listHosts(
      folder,
      { ...layout, deploy: 'playbooks/slurm-cluster.yml' },
      { kind: 'deploy', hosts: ALL },
    );
    assert.deepEqual(by(made!.plays), {
      'Slurm controller': ['login01'],
      'Slurm nodes': DGX,
      NFS: ['login01'],
      Everybody: [...DGX, 'login01'],
    });
  });
});

/** Real playbooks are not even read without the modules that they name. */
function whySkipped(variable: string, root: string | undefined): string | false {
  if (root === undefined) return `${variable} names no checkout`;
  if (!existsSync(root)) return `${root}, which ${variable} names, is not there`;
  const places = [join(root, 'collections'), '/usr/lib/python3/dist-packages'];
  const hasCollections = places.some((place) => existsSync(join(place, 'ansible_collections/ansible/posix')));
  return hasCollections ? skip : 'needs the collections of Ansible: apt-get install ansible';
}

/** Trees of others are not part of this one: they are named where they are at hand. */
for (const [variable, isDeepops] of [
  ['PODBOOT_DEEPOPS_DIR', true],
  ['PODBOOT_KUBESPRAY_DIR', false],
] as const) {
  const root = process.env[variable];
  const why = whySkipped(variable, root);
  describe(`which plays run on which hosts, by the tree in ${variable}`, { skip: why }, () => {
    let folder: string;
    before(() => {
      folder = mkdtempSync(join(tmpdir(), 'podboot-plays-'));
    });
    after(() => rmSync(folder, { recursive: true, force: true }));

    function list(work: KubesprayWork) {
      const layout = layoutOf(root ?? '');
      if ('code' in layout) return assert.fail(`${layout.message}; ${layout.mend}`);
      assert.equal(layout.kind, isDeepops ? 'deepops' : 'kubespray');
      return listHosts(folder, layout, work);
    }

    /** Every host of a play is one that is meant; and the plays that matter have all of them. */
    function only(plays: Plays, allowed: readonly string[]): void {
      for (const { play, hosts } of plays) {
        for (const name of hosts) assert.ok(allowed.includes(name) || name === 'localhost', `${name} in ${play}`);
      }
    }
    const withHosts = (plays: Plays, pattern: RegExp) =>
      plays.filter(({ play }) => pattern.test(play)).map(({ hosts }) => [...hosts]);

    it('the first deployment has etcd and the control plane where they are meant, and nodes everywhere', () => {
      const [cluster] = list({ kind: 'deploy', hosts: K8S });
      assert.deepEqual(withHosts(cluster!.plays, /^Install etcd/i).at(0), MGMT);
      assert.deepEqual(withHosts(cluster!.plays, /Install the control plane/i).at(0), MGMT);
      assert.deepEqual(withHosts(cluster!.plays, /Install Kubernetes nodes/i).at(0), [...K8S].sort());
    });

    it('a worker: only it is worked on', () => {
      const steps = list({ kind: 'scale', hosts: ['dgx02'], present: [] });
      const scale = steps.at(-1);
      only(scale!.plays, ['dgx02']);
      assert.ok(scale!.plays.some(({ hosts }) => hosts.includes('dgx02')));
      const facts = steps[0]!.plays.flatMap(({ hosts }) => hosts);
      for (const name of K8S) assert.ok(facts.includes(name), `facts of ${name}`);
    });

    it('an upgrade and a removal touch whom they name', () => {
      const [, control, workers] = list({ kind: 'upgrade', controlPlane: MGMT, workers: DGX });
      only(control!.plays, MGMT);
      only(workers!.plays, DGX);
      const [remove] = list({ kind: 'remove', hosts: ['dgx01'] });
      assert.ok(remove!.plays.some(({ hosts }) => hosts.length === 1 && hosts[0] === 'dgx01'));
      assert.ok(withHosts(remove!.plays, /Reset node|Post node removal/i).every((hosts) => hosts.join() === 'dgx01'));
    });
  });
}
