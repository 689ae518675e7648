import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Daemon } from '../harness/daemon.ts';
import { pause, until } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';
import { SITE, Site } from '../interop/site.ts';

const LINES = 400;

interface Run {
  readonly id: string;
  readonly state: string;
  readonly reason?: string;
  readonly hosts: Readonly<Record<string, { readonly result: string; readonly message?: string }>>;
  readonly progress?: { readonly tasksDone: number; readonly tasksSeen: number };
}

async function daemonWith(site: Site, files: Readonly<Record<string, string>>, cluster: (folder: string) => object) {
  const daemon = new Daemon(site.server, {});
  site.daemon = daemon;
  const folder = join(daemon.folder, 'site');
  mkdirSync(folder);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content, { mode: 0o755 });
  daemon.configure({ ...SITE, clusters: { pod1: { roles: ['gpu'], settle: '0s', ...cluster(folder) } } });
  await daemon.start();
  for (const [index, name] of ['dgx01', 'dgx02', 'dgx03'].entries()) {
    await daemon.enrol({
      name,
      roles: ['gpu'],
      interfaces: [{ name: 'eno1', role: 'boot', mac: `52:54:00:77:02:0${index}`, address: `10.77.0.2${index}` }],
    });
    assert.equal((await daemon.call('POST', `/api/v1/nodes/${name}/actions/ready`, { by: 'ann' })).status, 200);
  }
  return daemon;
}

async function runs(daemon: Daemon): Promise<readonly Run[]> {
  return JSON.parse((await daemon.call('GET', '/api/v1/runs')).body).items;
}

async function begin(daemon: Daemon): Promise<Run> {
  const begun = await daemon.call('POST', '/api/v1/runs', { cluster: 'pod1', action: 'deploy', by: 'ann' });
  assert.equal(begun.status, 202, begun.body);
  return JSON.parse(begun.body);
}

async function ended(daemon: Daemon, id: string): Promise<Run> {
  let run: Run | undefined;
  await until(
    async () => {
      run = JSON.parse((await daemon.call('GET', `/api/v1/runs/${id}`)).body);
      return run?.state !== 'running';
    },
    { what: 'the end of the run', timeoutMs: 60_000, everyMs: 200, evidence: () => JSON.stringify(run) },
  );
  return run as Run;
}

/** Reads a log as people do: page by page, going on where one was, whatever happens to the daemon. */
async function wholeLog(daemon: Daemon, id: string): Promise<string> {
  let text = '';
  for (let after = 0; ; ) {
    const answer = await daemon.call('GET', `/api/v1/runs/${id}/log?after=${after}&wait=5`).catch(() => undefined);
    if (answer?.status !== 200) {
      await pause(100);
      continue;
    }
    const page = JSON.parse(answer.body);
    text += page.text;
    after = page.next;
    if (page.isEnd) return text;
  }
}

test('kill -9 of the daemon in the middle of a run: it is found again, no line is lost, and there is no second run', {
  skip: unmet({ root: true, tools: ['ip'] }),
  timeout: 120_000,
}, async (context) => {
  await using site = new Site();
  const script = `#!/bin/sh
echo "$1" >>"$2"
i=0
while [ $i -lt ${LINES} ]; do i=$((i + 1)); echo "line $i"; sleep 0.03; done
`;
  const daemon = await daemonWith(site, { 'join.sh': script }, (folder) => ({
    runner: 'command',
    argv: [join(folder, 'join.sh'), '{hosts}', join(folder, 'calls')],
  }));
  const { id } = await begin(daemon);
  const log = wholeLog(daemon, id);
  for (let kill = 0; kill < 3; kill += 1) {
    await pause(500 + Math.random() * 1_500);
    await daemon.kill();
    await daemon.start();
    const second = await daemon.call('POST', '/api/v1/runs', { cluster: 'pod1', action: 'deploy', by: 'bob' });
    assert.equal(second.status, 409, second.body);
    assert.equal(JSON.parse(second.body).code, 'cluster-busy');
  }
  const run = await ended(daemon, id);
  assert.equal(run.state, 'succeeded', JSON.stringify(run));
  const lines = (await log).trimEnd().split('\n');
  assert.deepEqual(
    lines,
    Array.from({ length: LINES }, (_, index) => `line ${index + 1}`),
  );
  assert.equal((await runs(daemon)).length, 1);
  context.diagnostic(`3 kills, ${lines.length} lines, 1 run`);
});

test('a run of the real ansible-core outlives the daemon; each host’s result comes back', {
  skip: unmet({ root: true, tools: ['ip', 'ansible-playbook'] }),
  timeout: 120_000,
}, async () => {
  await using site = new Site();
  const playbook = `
- name: join
  hosts: all
  gather_facts: false
  tasks:
    - name: wait
      ansible.builtin.command: sleep 1
      loop: [1, 2, 3, 4, 5]
    - name: load the driver
      ansible.builtin.command: sh -c 'echo the password=hunter2 is wrong >&2; exit 3'
      when: inventory_hostname == 'dgx02'
    - name: note
      ansible.builtin.debug:
        msg: "{{ podboot_action }} {{ groups['gpu'] | default([]) | length }}"
`;
  const daemon = await daemonWith(site, { 'join.yml': playbook }, (folder) => ({
    runner: 'playbook',
    playbook: join(folder, 'join.yml'),
    vars: { ansible_connection: 'local', ansible_python_interpreter: '/usr/bin/python3' },
    roleGroups: { gpu: ['gpu'] },
  }));
  const { id } = await begin(daemon);
  await pause(3_000);
  await daemon.kill();
  await daemon.start();
  const run = await ended(daemon, id);
  assert.equal(run.state, 'failed', JSON.stringify(run));
  assert.equal(run.hosts.dgx01?.result, 'changed');
  assert.equal(run.hosts.dgx03?.result, 'changed');
  assert.deepEqual(run.hosts.dgx02, {
    result: 'failed',
    failedTask: 'load the driver',
    message: 'the password=[secret] is wrong',
  });
  assert.deepEqual(run.progress, { ...run.progress, tasksDone: 3, tasksSeen: 3 });
  const text = await wholeLog(daemon, id);
  assert.match(text, /deploy 3/);
  assert.match(text, /PLAY RECAP/);
  assert.doesNotMatch(text, /hunter2/);
  const resumed = await daemon.call('POST', `/api/v1/runs/${id}/resume`, { by: 'ann' });
  assert.equal(resumed.status, 202, resumed.body);
  assert.deepEqual(Object.keys(JSON.parse(resumed.body).hosts), ['dgx02']);
  const stopped = await daemon.call('POST', `/api/v1/runs/${JSON.parse(resumed.body).id}/stop`, { by: 'ann' });
  assert.equal(stopped.status, 200, stopped.body);
  assert.equal(JSON.parse(stopped.body).state, 'stopped');
});
