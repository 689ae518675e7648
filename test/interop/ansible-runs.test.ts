import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ClusterSettings, RunHost, RunPlan, RunStatus } from '../../src/domain/hand-off.ts';
import { parseIpv4 } from '../../src/domain/ipv4.ts';
import { createChildCommands } from '../../src/net/child-commands.ts';
import { createSystemClock } from '../../src/net/system-clock.ts';
import { createDetachedLauncher } from '../../src/runners/launcher/detached-launcher.ts';
import { RunFolders } from '../../src/runners/run-folders.ts';
import { newRunId } from '../../src/runners/run-id.ts';
import { RunProcesses } from '../../src/runners/run-processes.ts';
import type { Runner } from '../../src/runners/runner.ts';
import { createRunners } from '../../src/runners/runners.ts';
import { KnownHosts } from '../../src/runners/ssh/known-hosts.ts';
import { createSsh } from '../../src/runners/ssh/ssh-client.ts';
import { pause } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';

const skip = unmet({ tools: ['ansible-playbook'] });
const LOCAL = { ansible_connection: 'local', ansible_python_interpreter: '/usr/bin/python3' };

interface House {
  readonly folder: string;
  readonly runner: Runner;
  cluster(options: Readonly<Record<string, unknown>>): ClusterSettings;
  plan(cluster: ClusterSettings, hosts?: readonly string[]): Promise<RunPlan>;
  /** To its end. */
  run(
    cluster: ClusterSettings,
    hosts?: readonly string[],
  ): Promise<{ readonly status: RunStatus; readonly folder: string }>;
}

function houseOf(t: TestContext): House {
  const folder = mkdtempSync(join(tmpdir(), 'podboot-ansible-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const clock = createSystemClock();
  const commands = createChildCommands();
  const knownHosts = new KnownHosts(join(folder, 'known_hosts'));
  const runsDir = join(folder, 'runs');
  const folders = new RunFolders(runsDir);
  const processes = new RunProcesses({ folders, launcher: async () => createDetachedLauncher(), clock });
  const ssh = createSsh(commands, knownHosts);
  const contents = async () => ({ state: 'none' }) as const;
  const noServices = async () => {
    throw new Error('no service is asked for here');
  };
  const context = { runsDir, commands, knownHosts, ssh, contents, awaited: () => [] };
  const runner = createRunners(processes, context, noServices)('playbook');
  const members: RunHost[] = ['dgx01', 'dgx02'].map((name, index) => ({
    ...{ id: name, name, roles: ['gpu'] },
    address: (parseIpv4('127.0.0.1') ?? 0) + index,
  }));
  const plan = (cluster: ClusterSettings, hosts: readonly string[] = []) =>
    runner.plan(cluster, { cluster: 'pod1', action: 'deploy', hosts, by: 'ann' }, members);
  return {
    ...{ folder, runner, plan },
    cluster: (options) => ({
      ...{ name: 'pod1', runner: 'playbook', roles: ['gpu'], settleMs: 0, inactivityMs: 60_000 },
      waves: { canaryNodes: 0, maxNodes: 10, maxFailedShare: 1 },
      ssh: { user: 'root', port: 22 },
      options: { vars: LOCAL, ...options },
    }),
    async run(cluster, hosts) {
      const planned = await plan(cluster, hosts);
      assert.deepEqual(planned.obstacles, []);
      const id = newRunId(Date.now());
      await runner.start(id, cluster, planned);
      for (;;) {
        const status = await runner.status(id);
        if (status.state !== 'running') return { status, folder: folders.of(id) };
        await pause(50);
      }
    },
  };
}

function playbook(house: House, text: string): string {
  const path = join(house.folder, 'play.yml');
  writeFileSync(path, text);
  return path;
}

test('a host that was fine when a play broke off is not called fine', { skip, timeout: 60_000 }, async (t) => {
  const house = houseOf(t);
  const path = playbook(
    house,
    `
- hosts: all
  any_errors_fatal: true
  gather_facts: false
  tasks:
    - name: half
      ansible.builtin.command: "true"
    - name: breaks
      ansible.builtin.fail: { msg: no driver }
      when: inventory_hostname == 'dgx01'
    - name: the rest
      ansible.builtin.debug: { msg: never }
`,
  );
  const { status } = await house.run(house.cluster({ playbook: path }));
  assert.equal(status.state, 'failed');
  assert.deepEqual(status.hosts.dgx01, { result: 'failed', failedTask: 'breaks', message: 'no driver' });
  assert.equal(status.hosts.dgx02?.result, 'unknown');
});

test('a syntax error is a refusal: nothing was changed', { skip, timeout: 60_000 }, async (t) => {
  const house = houseOf(t);
  const path = playbook(house, '- hosts: all\n  tasks:\n    - nosuchmodule: {}\n');
  const { status } = await house.run(house.cluster({ playbook: path }));
  assert.equal(status.state, 'refused');
  assert.match(status.reason ?? '', /exit code 4.*nosuchmodule/);
  assert.deepEqual(status.hosts, { dgx01: { result: 'pending' }, dgx02: { result: 'pending' } });
});

test('a rescued failure is none, an unreachable host is one, and a play for other hosts says nothing of ours', {
  skip,
  timeout: 60_000,
}, async (t) => {
  const house = houseOf(t);
  const path = playbook(
    house,
    `
- hosts: dgx01
  gather_facts: false
  tasks:
    - block:
        - ansible.builtin.command: "false"
      rescue:
        - ansible.builtin.debug: { msg: rescued }
- hosts: dgx02
  gather_facts: false
  vars: { ansible_connection: ssh, ansible_port: 1, ansible_host: 127.0.0.1 }
  tasks:
    - ansible.builtin.ping:
`,
  );
  const cluster = house.cluster({ playbook: path });
  const { status } = await house.run(cluster);
  assert.equal(status.hosts.dgx01?.result, 'unchanged');
  assert.equal(status.hosts.dgx02?.result, 'unreachable');
  playbook(
    house,
    '- hosts: nosuch,localhost\n  connection: local\n  gather_facts: false\n  tasks: [{ ansible.builtin.ping: }]\n',
  );
  const other = await house.run(cluster);
  assert.equal(other.status.state, 'failed');
  assert.match(other.status.hosts.dgx01?.message ?? '', /nothing for this node/);
});

test('no secret stands in argv, environment or events of the real child', { skip, timeout: 60_000 }, async (t) => {
  const house = houseOf(t);
  const secrets = { vault: 'vaultword4711', vars: 'varsword4711', hidden: 'nologword4711' };
  const files = { vaultPasswordFile: join(house.folder, 'vault'), vars: join(house.folder, 'vars.yml') };
  writeFileSync(files.vaultPasswordFile, secrets.vault, { mode: 0o600 });
  writeFileSync(files.vars, `sudo_word: ${secrets.vars}\n`, { mode: 0o600 });
  const path = playbook(
    house,
    `
- hosts: dgx01
  gather_facts: false
  tasks:
    - name: look at our parent
      ansible.builtin.shell: "tr '\\\\0' ' ' < /proc/$(ps -o ppid= -p $PPID | tr -d ' ')/cmdline; env"
      register: seen
    - name: with a secret
      ansible.builtin.command: "sh -c 'echo ${secrets.hidden}; exit 1'"
      no_log: true
      ignore_errors: true
    - name: note
      ansible.builtin.copy:
        content: "{{ seen.stdout }} {{ sudo_word | length }}"
        dest: ${join(house.folder, 'seen')}
`,
  );
  const options = { playbook: path, vaultPasswordFile: files.vaultPasswordFile, varsFiles: [files.vars] };
  const { status, folder } = await house.run(house.cluster(options), ['dgx01']);
  assert.equal(status.state, 'succeeded', JSON.stringify(status));
  const told = ['order.json', 'plan.json', 'events/0.jsonl']
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('');
  const seen = readFileSync(join(house.folder, 'seen'), 'utf8');
  assert.match(seen, /PODBOOT_RUN=/);
  for (const secret of Object.values(secrets)) {
    assert.ok(!told.includes(secret), `${secret} in the run's folder`);
    assert.ok(!seen.includes(secret), `${secret} in argv or the environment`);
  }
});

test('stopping ends Ansible and its workers, and says who stopped it', { skip, timeout: 60_000 }, async (t) => {
  const house = houseOf(t);
  const path = playbook(
    house,
    '- hosts: all\n  gather_facts: false\n  tasks: [{ ansible.builtin.command: sleep 300 }]\n',
  );
  const cluster = house.cluster({ playbook: path });
  const id = newRunId(Date.now());
  await house.runner.start(id, cluster, await house.plan(cluster));
  await pause(2_500);
  await house.runner.stop(id, 'ann');
  const status = await house.runner.status(id);
  assert.equal(status.state, 'stopped');
  assert.equal(status.stoppedBy, 'ann');
  assert.equal(status.hosts.dgx01?.result, 'pending');
});

test('what would break a run is refused before it, each with its mend', { skip, timeout: 60_000 }, async (t) => {
  const house = houseOf(t);
  const checkout = join(house.folder, 'checkout');
  mkdirSync(join(checkout, 'submodules/kubespray'), { recursive: true });
  mkdirSync(join(checkout, 'playbooks/group_vars'), { recursive: true });
  writeFileSync(join(checkout, '.gitmodules'), '[submodule "k"]\n\tpath = submodules/kubespray\n\turl = https://x\n');
  const codes = async (options: Readonly<Record<string, unknown>>) =>
    (await house.plan(house.cluster({ checkout, playbook: 'playbooks/site.yml', ...options }))).obstacles.map(
      ({ code }) => code,
    );
  assert.deepEqual(await codes({}), ['submodule-missing', 'no-playbook']);
  writeFileSync(join(checkout, 'submodules/kubespray/README'), '');
  writeFileSync(join(checkout, 'playbooks/site.yml'), '- hosts: all\n');
  assert.deepEqual(await codes({}), []);
  writeFileSync(join(checkout, 'playbooks/group_vars/all.yml'), '$ANSIBLE_VAULT;1.1;AES256\n6162\n');
  assert.deepEqual(await codes({}), ['vault-without-password']);
  const vault = join(house.folder, 'vault');
  writeFileSync(vault, 'secret');
  chmodSync(vault, 0o644);
  assert.deepEqual(await codes({ vaultPasswordFile: vault }), ['secret-readable']);
  chmodSync(vault, 0o600);
  assert.deepEqual(await codes({ vaultPasswordFile: vault }), []);
  const demands = (from: string, to: string) =>
    `- hosts: localhost\n  vars:\n    minimal_ansible_version: ${from}\n    maximal_ansible_version: ${to}\n`;
  writeFileSync(join(checkout, 'playbooks/ansible_version.yml'), demands('2.99.0', '3.0.0'));
  const [obstacle] = (
    await house.plan(house.cluster({ checkout, playbook: 'playbooks/site.yml', vaultPasswordFile: vault }))
  ).obstacles;
  assert.equal(obstacle?.code, 'ansible-version');
  assert.match(obstacle?.message ?? '', /demands 2\.99\.0 or newer and older than 3\.0\.0/);
  assert.match(obstacle?.mend ?? '', /clusters\.pod1\.ansible/);
  assert.deepEqual(await codes({ vaultPasswordFile: vault, ansible: '/no/ansible-playbook' }), ['no-ansible']);
});
