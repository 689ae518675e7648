import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { CommandRequest, CommandResult } from '../../../src/domain/commands.ts';
import { PodbootError } from '../../../src/domain/errors.ts';
import type { ClusterSettings, RunAction, RunHost, RunPlan, RunRequest } from '../../../src/domain/hand-off.ts';
import type { ClusterContents } from '../../../src/runners/kubespray/cluster-contents.ts';
import { kubesprayRunner } from '../../../src/runners/kubespray/kubespray-runner.ts';
import type { PlanContext } from '../../../src/runners/runner.ts';
import { KnownHosts } from '../../../src/runners/ssh/known-hosts.ts';
import type { Ssh } from '../../../src/runners/ssh/ssh-client.ts';
import { guidePod, SSH } from '../inventory/pod.ts';
import { writeDeepops, writeKubespray } from './trees.ts';

const COMMIT = '3957a42f00000000000000000000000000000000';

describe('a plan of Kubespray', () => {
  let folder: string;
  let checkout: string;
  let contents: ClusterContents;
  let awaited: RunHost[];
  let silent: Set<string>;
  let asked: string[][];
  let answers: (argv: readonly string[]) => Partial<CommandResult> | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'podboot-kubespray-'));
    checkout = join(folder, 'checkout');
    contents = {
      state: 'there',
      members: ['mgmt01', 'mgmt02', 'mgmt03', 'dgx01'].map((name, index) => ({
        name,
        isControlPlane: name.startsWith('mgmt'),
        isReady: true,
        kubeletVersion: 'v1.34.2',
        joinedAt: index,
      })),
    };
    awaited = [];
    silent = new Set();
    asked = [];
    answers = () => undefined;
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function context(): PlanContext {
    const ssh: Ssh = {
      target: () => assert.fail('no target is asked for'),
      run: async ({ name }) => {
        if (silent.has(name))
          throw new PodbootError('ssh-timeout', `${name} does not answer`, { mend: 'Switch it on.' });
        return { exitCode: 0, stdout: '', stderr: '' };
      },
    };
    return {
      runsDir: join(folder, 'runs'),
      ssh,
      knownHosts: new KnownHosts(join(folder, 'known_hosts')),
      contents: async () => contents,
      awaited: () => awaited,
      commands: {
        run: async ({ argv }: CommandRequest) => {
          asked.push([...argv]);
          return { end: 'exited', exitCode: 0, stdout: '', stderr: '', ...(answers(argv) ?? usual(argv)) };
        },
      },
    };
  }

  function usual(argv: readonly string[]): Partial<CommandResult> {
    if (argv.includes('--version')) {
      return {
        stdout: 'ansible-playbook [core 2.16.4]\n  python version = 3.11.2 (main) [GCC] (/opt/env/bin/python3)\n',
      };
    }
    if (argv.includes('rev-parse')) return { stdout: `${COMMIT}\n` };
    return {};
  }

  function plan(
    action: RunAction,
    hosts: readonly string[],
    options: ClusterSettings['options'] = {},
    more: Partial<RunRequest> = {},
    members: readonly RunHost[] = guidePod(),
  ): Promise<RunPlan> {
    const cluster: ClusterSettings = {
      name: 'pod1',
      runner: 'kubespray',
      roles: ['kube_control_plane', 'gpu', 'slurm-master'],
      settleMs: 0,
      inactivityMs: 60_000,
      waves: { canaryNodes: 1, maxNodes: 20, maxFailedShare: 0.1 },
      ssh: SSH,
      options: { checkout, ...options },
    };
    return kubesprayRunner.plan(cluster, { cluster: 'pod1', action, hosts, by: 'ada', ...more }, members, context());
  }

  const codes = ({ obstacles }: RunPlan) =>
    obstacles.map(({ code, host }) => (host === undefined ? code : `${code} ${host}`));
  /** The playbook, and what is said of limits, tags and variables that are not the same for every step. */
  const said = ({ steps }: RunPlan) =>
    steps.map(({ name, argv, hosts }) => ({
      name,
      playbook: argv.at(-1),
      limit: argv.includes('--limit') ? argv[argv.indexOf('--limit') + 1] : undefined,
      skip: argv.includes('--skip-tags') ? argv[argv.indexOf('--skip-tags') + 1] : undefined,
      variables: argv.filter((word) => word.startsWith('{') && !/artifacts_dir|kubeconfig_localhost|^\{run/.test(word)),
      hosts,
    }));
  const step = (name: string, playbook: string, hosts: string[], more = {}) => ({
    ...{ name, playbook, limit: undefined, skip: undefined, variables: [], hosts },
    ...more,
  });

  it('a worker: facts of everybody, then scale.yml for it alone', async () => {
    writeKubespray(checkout);
    const made = await plan('add-worker', ['dgx02']);
    assert.deepEqual(codes(made), []);
    assert.deepEqual(said(made), [
      step('facts', 'playbooks/facts.yml', []),
      step('scale', 'scale.yml', ['dgx02'], { limit: 'dgx02' }),
    ]);
    assert.deepEqual(
      made.hosts.map(({ name }) => name),
      ['dgx02'],
    );
    assert.match(made.inventoryHash ?? '', /^[0-9a-f]{64}$/);
    for (const { env, cwd, argv } of made.steps) {
      assert.equal(cwd, checkout);
      assert.equal(env?.ANSIBLE_CONFIG, join(checkout, 'ansible.cfg'));
      assert.equal(env?.ANSIBLE_CACHE_PLUGIN_CONNECTION, join(folder, 'clusters/pod1/facts'));
      assert.deepEqual(argv.slice(1, 3), ['-i', '{run}/inventory/hosts.ini']);
      assert.ok(argv.includes('--become'));
    }
  });

  it('within DeepOps: its own plays for the new node too, and its git left alone', async () => {
    writeDeepops(checkout);
    mkdirSync(join(checkout, 'config/artifacts'), { recursive: true });
    writeFileSync(join(checkout, 'config/artifacts/kubectl'), '');
    const worker = await plan('add-worker', ['dgx02']);
    assert.deepEqual(codes(worker), []);
    assert.deepEqual(said(worker), [
      step('facts', 'submodules/kubespray/playbooks/facts.yml', []),
      step('prepare', 'playbooks/k8s-cluster.yml', ['dgx02'], { limit: 'dgx02', skip: 'local,k8s' }),
      step('scale', 'submodules/kubespray/scale.yml', ['dgx02'], { limit: 'dgx02' }),
    ]);
    contents = { state: 'none' };
    const first = await plan('deploy', []);
    const all = guidePod().map(({ name }) => name);
    assert.deepEqual(said(first), [step('cluster', 'playbooks/k8s-cluster.yml', all, { skip: 'local' })]);
    assert.deepEqual(codes(first), []);
  });

  it('nodes leave by name, and those that do not answer only where that is meant', async () => {
    writeKubespray(checkout);
    silent = new Set(['dgx01']);
    const refused = await plan('remove', ['dgx01', 'mgmt03']);
    assert.deepEqual(codes(refused), ['ssh-timeout dgx01']);
    const meant = await plan('remove', ['dgx01', 'mgmt03'], {}, { ungraceful: true });
    assert.deepEqual(codes(meant), []);
    const names = (node: string) => [`{"node":"${node}"}`, '{"skip_confirmation":true}'];
    assert.deepEqual(said(meant), [
      step('remove', 'remove-node.yml', ['mgmt03'], { variables: names('mgmt03') }),
      step('remove unreachable', 'remove-node.yml', ['dgx01'], {
        variables: [...names('dgx01'), '{"reset_nodes":false}', '{"allow_ungraceful_removal":true}'],
      }),
    ]);
  });

  it('an upgrade: facts, the control plane with etcd, then workers in batches', async () => {
    writeKubespray(checkout);
    const made = await plan('upgrade', [], { serial: '2', kubernetesVersion: '1.35.1' });
    assert.deepEqual(codes(made), []);
    const version = '{"kube_version":"1.35.1"}';
    assert.deepEqual(said(made), [
      step('facts', 'playbooks/facts.yml', [], { variables: [version] }),
      step('control plane', 'upgrade-cluster.yml', ['mgmt01', 'mgmt02', 'mgmt03'], {
        limit: 'kube_control_plane,etcd',
        variables: [version],
      }),
      step('workers', 'upgrade-cluster.yml', ['dgx01'], { limit: 'dgx01', variables: [version, '{"serial":"2"}'] }),
    ]);
    assert.deepEqual(codes(await plan('upgrade', [], { kubernetesVersion: '1.36.0' })), ['version-skips']);
    assert.deepEqual(codes(await plan('add-worker', ['dgx02'], { kubernetesVersion: '1.35.0' })), ['version-differs']);
  });

  it('workers that are down are left out, and whoever looks at the plan is told', async () => {
    writeKubespray(checkout);
    assert.ok(contents.state === 'there');
    const members = contents.members.map((each) =>
      each.name === 'dgx01' ? { ...each, isReady: false, notReadyBecause: 'NodeStatusUnknown' } : each,
    );
    contents = { state: 'there', members };
    const made = await plan('upgrade', [], { kubernetesVersion: '1.35.0' });
    assert.ok(!made.hosts.some(({ name }) => name === 'dgx01'));
    assert.deepEqual(made.leftOut, [
      {
        host: 'dgx01',
        because: 'Kubernetes calls it NotReady (NodeStatusUnknown); name it to have it taken along',
      },
    ]);
    assert.equal((await plan('upgrade', ['dgx01'], { kubernetesVersion: '1.35.0' })).leftOut, undefined);
  });

  it('a cluster is not begun with one of three of the control plane while the others are being installed', async () => {
    writeKubespray(checkout);
    contents = { state: 'none' };
    const isLate = ({ name }: RunHost) => name === 'mgmt02' || name === 'mgmt03';
    awaited = guidePod().filter((each) => isLate(each) || each.name === 'dgx02');
    const there = guidePod().filter((each) => !awaited.some(({ name }) => name === each.name));
    const made = await plan('add-worker', ['mgmt01'], {}, {}, there);
    assert.deepEqual(codes(made), ['control-plane-awaited']);
    assert.match(made.obstacles[0]?.message ?? '', /^mgmt02, mgmt03 are to be of the control plane of pod1/);
    assert.deepEqual(codes(await plan('deploy', [], {}, {}, there)), ['control-plane-awaited']);
    assert.deepEqual(codes(await plan('deploy', ['mgmt01'], {}, {}, there)), [], 'by name');
    awaited = guidePod().filter(({ name }) => name === 'dgx02');
    const rest = guidePod().filter(({ name }) => name !== 'dgx02');
    assert.deepEqual(codes(await plan('add-worker', ['dgx01'], {}, {}, rest)), [], 'a worker may come later');
  });

  it('obstacles are found before anybody is spoken to: checkout, submodule, commit, Ansible, modules', async () => {
    assert.deepEqual(codes(await plan('add-worker', ['dgx02'])), ['checkout-unfit']);
    writeDeepops(checkout, { submodule: false });
    assert.deepEqual(codes(await plan('add-worker', ['dgx02'])), ['submodule-missing']);
    rmSync(checkout, { recursive: true });
    writeKubespray(checkout);
    assert.deepEqual(codes(await plan('add-worker', ['dgx02'], { commit: 'abcdef0' })), ['checkout-commit']);
    assert.deepEqual(codes(await plan('add-worker', ['dgx02'], { commit: COMMIT.slice(0, 10) })), []);
    answers = (argv) => (argv.includes('status') ? { stdout: ' M roles/x/tasks/main.yml\n' } : undefined);
    assert.deepEqual(codes(await plan('add-worker', ['dgx02'], { commit: COMMIT })), ['checkout-changed']);
    answers = (argv) => (argv.includes('--version') ? { stdout: 'ansible-playbook [core 2.9.27]\n' } : undefined);
    assert.deepEqual(codes(await plan('add-worker', ['dgx02'])), ['ansible-version']);
    answers = (argv) => (argv[0] === '/opt/env/bin/python3' ? { stdout: 'netaddr\n' } : undefined);
    const module = await plan('add-worker', ['dgx02']);
    assert.deepEqual(codes(module), ['python-module-missing']);
    assert.match(module.obstacles[0]!.mend, /pip install netaddr/);
  });

  it('secrets are named by their files and stand nowhere else', async () => {
    writeKubespray(checkout);
    const vault = join(folder, 'vault');
    writeFileSync(vault, 'hunter2', { mode: 0o600 });
    const options = { vaultPasswordFile: vault, becomePasswordFile: vault, varsFiles: [vault] };
    const made = await plan('add-worker', ['dgx02'], options);
    assert.deepEqual(codes(made), []);
    const text = JSON.stringify(made);
    assert.doesNotMatch(text, /hunter2/);
    assert.ok(made.steps[0]!.argv.includes(`@${vault}`));
    chmodSync(vault, 0o644);
    assert.ok(codes(await plan('add-worker', ['dgx02'], options)).includes('secret-readable'));
  });

  it('an adopted inventory comes first, byte for byte, with the variables beside it', async () => {
    writeKubespray(checkout);
    const path = join(folder, 'config/inventory');
    const text = '# mine\n[all]\nmgmt02 ansible_host=10.0.0.2 ; odd\n[kube-master]\nmgmt02\n';
    mkdirSync(join(folder, 'config/group_vars/all'), { recursive: true });
    writeFileSync(path, text.replace(' ; odd', ''));
    writeFileSync(join(folder, 'config/group_vars/all/kube.yml'), 'kube_version: 1.35.0\n');
    const made = await plan('add-worker', ['dgx02'], { inventory: path });
    assert.deepEqual(codes(made), ['version-differs']);
    assert.deepEqual(
      made.files.map((file) => file.path),
      ['inventory/adopted', 'inventory/group_vars/all/kube.yml', 'inventory/hosts.ini'],
    );
    assert.equal(made.files[0]!.content, text.replace(' ; odd', ''));
    const control = /\[kube_control_plane\]\n(.*)\n(.*)\n/.exec(made.files.at(-1)!.content);
    assert.deepEqual(control?.slice(1), ['mgmt02', 'mgmt01']);
    writeFileSync(path, text);
    assert.deepEqual(codes(await plan('add-worker', ['dgx02'], { inventory: path })), ['inventory-unreadable']);
  });
});
