import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { ClusterSettings, RunHost, RunnerKind, RunPlan, RunStatus } from '../../src/domain/hand-off.ts';
import { createSystemClock } from '../../src/net/system-clock.ts';
import type { Launcher } from '../../src/runners/launcher/launcher.ts';
import { smallEnvironment } from '../../src/runners/launcher/small-environment.ts';
import { wrapperArgv } from '../../src/runners/launcher/wrapper-argv.ts';
import { runnerModule } from '../../src/runners/registry.ts';
import { RunFolders } from '../../src/runners/run-folders.ts';
import { newRunId } from '../../src/runners/run-id.ts';
import { RunProcesses } from '../../src/runners/run-processes.ts';
import { KnownHosts } from '../../src/runners/ssh/known-hosts.ts';
import { bastionName } from '../../src/runners/ssh/ssh-arguments.ts';
import { createSsh } from '../../src/runners/ssh/ssh-client.ts';
import { type Namespace, TestNetwork } from '../harness/namespace.ts';
import { pause, until } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';
import { commandsIn, newKey, startSshd, type TestKey } from '../harness/sshd.ts';
import { host } from '../runners/inventory/pod.ts';
import { writeDeepops } from '../runners/kubespray/trees.ts';

const skip = unmet({ root: true, tools: ['ansible-playbook', 'ip', 'ssh', 'sshd', 'ssh-keygen'] });
const BASTION = '10.77.0.2';
const ADDRESSES = { mgmt01: '10.77.1.11', dgx01: '10.77.1.21', dgx02: '10.77.1.22' } as const;
const RUN_MS = 120_000;

/** Debian's Ansible, OpenSSH and our own runs: nothing is simulated but the playbooks' content. */
describe('Ansible over SSH through a bastion', { skip }, () => {
  let net: TestNetwork;
  let us: Namespace;
  let folder: string;
  let key: TestKey;
  let knownHosts: KnownHosts;
  const hosts = new Map<string, Namespace>();
  const hostKeys = new Map<string, string>();
  const members: RunHost[] = [
    host('mgmt01', ADDRESSES.mgmt01, ['kube_control_plane']),
    host('dgx01', ADDRESSES.dgx01, ['kube_node', 'slurm-node']),
    host('dgx02', ADDRESSES.dgx02, ['kube_node', 'slurm-node']),
  ];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'podboot-kssh-'));
    net = new TestNetwork();
    us = net.namespace('us');
    const bastion = net.namespace('bastion');
    net.cable(
      { namespace: us, name: 'eth0', address: '10.77.0.1/24' },
      { namespace: bastion, name: 'eth0', address: `${BASTION}/24` },
    );
    const plug = net.switch('rack');
    plug({ namespace: bastion, name: 'eth1', address: '10.77.1.2/24' });
    key = newKey(join(folder, 'key'));
    knownHosts = new KnownHosts(join(folder, 'known_hosts'));
    const clientKey = key.publicKey;
    const hop = await startSshd({ namespace: bastion, folder, label: 'bastion', address: BASTION, clientKey });
    knownHosts.pin(bastionName(BASTION), [hop.hostKey]);
    for (const [label, address] of Object.entries(ADDRESSES)) {
      const namespace = net.namespace(label);
      plug({ namespace, name: 'eth0', address: `${address}/24` });
      const sshd = await startSshd({ namespace, folder, label, address, clientKey });
      hosts.set(label, namespace);
      hostKeys.set(label, sshd.hostKey);
    }
    writeDeepops(join(folder, 'deepops'));
    mkdirSync(join(folder, 'deepops/config/artifacts'), { recursive: true });
    writeFileSync(join(folder, 'deepops/config/artifacts/kubectl'), '');
  });

  after(() => {
    net.destroy();
    rmSync(folder, { recursive: true, force: true });
  });

  let home: string;
  let count = 0;
  beforeEach(() => {
    for (const [name, hostKey] of hostKeys) knownHosts.pin(name, [hostKey]);
    // Connections are kept for a minute below it: each test makes its own.
    count += 1;
    home = join(folder, `h${count}`);
    mkdirSync(home);
  });

  function cluster(runner: RunnerKind, options: ClusterSettings['options']): ClusterSettings {
    const bastion = { host: BASTION, user: 'root', port: 22 };
    return {
      ...{ name: 'pod1', runner, roles: ['kube_control_plane', 'kube_node'], settleMs: 0, inactivityMs: 60_000 },
      waves: { canaryNodes: 0, maxNodes: 10, maxFailedShare: 1 },
      ssh: { user: 'root', port: 22, keyFile: key.file, bastion },
      options: {
        checkout: join(folder, 'deepops'),
        vars: { ansible_python_interpreter: '/usr/bin/python3', mini_log: join(folder, `log${count}`) },
        ...options,
      },
    };
  }

  /** Its steps are begun inside the namespace, as by a daemon there. */
  const launcher: Launcher = {
    kind: 'detached',
    async launch(_id, runFolder) {
      const [program = '', ...words] = us.argv(wrapperArgv(runFolder));
      const env = { ...smallEnvironment({ ...process.env, HOME: home }) };
      spawn(program, words, { cwd: '/', env, detached: true, stdio: 'ignore' }).unref();
    },
  };

  function plan(settings: ClusterSettings, names: readonly string[]): Promise<RunPlan> {
    const commands = commandsIn(us);
    const context = {
      ...{ runsDir: join(folder, 'runs'), commands, knownHosts, ssh: createSsh(commands, knownHosts) },
      contents: async () => ({ state: 'none' }) as const,
      awaited: () => [],
    };
    const request = { cluster: 'pod1', action: 'deploy', hosts: names, by: 'ada' } as const;
    return runnerModule(settings.runner)!.plan(settings, request, members, context);
  }

  async function run(
    settings: ClusterSettings,
    planned: RunPlan,
    meanwhile: () => void = () => {},
  ): Promise<{ status: RunStatus; log: string }> {
    const folders = new RunFolders(join(folder, 'runs'));
    const processes = new RunProcesses({ folders, launcher: async () => launcher, clock: createSystemClock() });
    const saved = process.env.HOME;
    process.env.HOME = home;
    const id = newRunId(Date.now());
    try {
      await processes.start(id, settings, planned);
    } finally {
      process.env.HOME = saved;
    }
    const deadline = performance.now() + RUN_MS;
    for (;;) {
      const status = await processes.status(id);
      const log = logOf(folders.of(id));
      if (status.state !== 'running') return { status, log };
      if (performance.now() > deadline) assert.fail(`it has not ended:\n${log}`);
      meanwhile();
      await pause(100);
    }
  }

  /** For a failing test. */
  const logOf = (runFolder: string) =>
    readdirSync(runFolder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /^(?:log|wrapper\.log)/.test(name) && statSync(join(runFolder, name)).isFile())
      .map((name) => readFileSync(join(runFolder, name), 'utf8'))
      .join('\n');

  function results({ hosts: outcomes }: RunStatus): Record<string, string> {
    return Object.fromEntries(Object.entries(outcomes).map(([name, { result }]) => [name, result]));
  }

  it('a first deployment of DeepOps reaches everybody in the plays that are meant for them', async () => {
    const settings = cluster('kubespray', {});
    const planned = await plan(settings, []);
    assert.deepEqual(planned.obstacles, []);
    const { status, log } = await run(settings, planned);
    assert.equal(status.state, 'succeeded', `${status.reason}\n${log}`);
    assert.deepEqual(results(status), { mgmt01: 'changed', dgx01: 'changed', dgx02: 'changed' });
    const done = new Set(
      readFileSync(join(folder, `log${count}`), 'utf8')
        .trim()
        .split('\n'),
    );
    const all = ['mgmt01', 'dgx01', 'dgx02'];
    const expected = [
      ...[
        'Bootstrap',
        'Prepare for etcd install',
        'Install Kubernetes nodes',
        'Apply resolv.conf',
        'Install NVIDIA driver',
      ].flatMap((play) => all.map((name) => `${play} ${name}`)),
      ...['Install etcd mgmt01', 'Install the control plane mgmt01'],
    ];
    assert.deepEqual([...done].sort(), expected.sort());
  });

  it('a wrong host key is found before a run, and refused in one, whatever the checkout’s ansible.cfg says', async () => {
    const stranger = newKey(join(folder, 'stranger')).publicKey;
    knownHosts.pin('dgx02', [stranger]);
    const refused = await plan(cluster('kubespray', {}), []);
    assert.deepEqual(
      refused.obstacles.map((each) => each.host),
      ['dgx02'],
    );
    assert.match(refused.obstacles[0]!.message, /host key/);
    const path = join(folder, 'note.yml');
    writeFileSync(path, NOTE);
    const settings = cluster('playbook', { playbook: path });
    const planned = await plan(settings, ['dgx01', 'dgx02']);
    const { status } = await run(settings, planned);
    assert.deepEqual(results(status), { dgx01: 'changed', dgx02: 'unreachable' });
    assert.match(status.hosts.dgx02?.message ?? '', /[Hh]ost key/);
    assert.equal(readFileSync(join(folder, `log${count}`), 'utf8'), 'dgx01\n');
  });

  it('a host that dies in the middle of a play is unreachable, and the others come to their end', async () => {
    const marker = join(folder, 'begun');
    const path = join(folder, 'work.yml');
    writeFileSync(path, WORK);
    const settings = cluster('playbook', { playbook: path, hostVars: { dgx02: { marker } } });
    const planned = await plan(settings, ['dgx01', 'dgx02']);
    assert.deepEqual(planned.obstacles, []);
    let isDead = false;
    const { status } = await run(settings, planned, () => {
      if (isDead || !existsSync(marker)) return;
      isDead = true;
      hosts.get('dgx02')!.ip('link', 'set', 'eth0', 'down');
    });
    assert.ok(isDead);
    assert.equal(status.state, 'failed');
    assert.deepEqual(results(status), { dgx01: 'changed', dgx02: 'unreachable' });
    assert.equal(status.hosts.dgx02?.failedTask, 'work');
    hosts.get('dgx02')!.ip('link', 'set', 'eth0', 'up');
    await until(async () => (await plan(settings, ['dgx02'])).obstacles.length === 0, {
      what: 'dgx02 is back',
      timeoutMs: 20_000,
    });
  });
});

const NOTE = `
- hosts: all
  gather_facts: false
  tasks:
    - name: note
      lineinfile: {path: "{{ mini_log }}", line: "{{ inventory_hostname }}", create: true}
`;

const WORK = `
- hosts: all
  gather_facts: false
  tasks:
    - name: work
      shell: "{{ 'touch ' ~ marker ~ ' && sleep 100' if marker is defined else 'true' }}"
    - name: the rest
      lineinfile: {path: "{{ mini_log }}", line: "{{ inventory_hostname }}", create: true}
`;
