import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Daemon } from '../harness/daemon.ts';
import { pause, until } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';
import { SITE, Site } from '../interop/site.ts';

interface DeploymentView {
  readonly state: string;
  readonly steps: readonly {
    readonly name: string;
    readonly state: string;
    readonly text?: string;
    readonly runs: readonly string[];
  }[];
}

const PLAN = `name: pod1
steps:
  - { name: first, run: { cluster: pod1, action: deploy } }
  - { name: word, confirm: the first stands }
  - { name: hello, services: { cluster: pod1, services: [hello, again] } }
  - { name: last, run: { cluster: pod1, action: deploy } }
`;

test('kill -9 of the daemon all through a deployment plan: it is taken up, and each thing is done once', {
  skip: unmet({ root: true, tools: ['ip'] }),
  timeout: 180_000,
}, async (context) => {
  await using site = new Site();
  const daemon = new Daemon(site.server, {});
  site.daemon = daemon;
  const folder = join(daemon.folder, 'site');
  mkdirSync(join(folder, 'catalogue'), { recursive: true });
  const calls = join(folder, 'calls');
  writeFileSync(join(folder, 'work.sh'), `#!/bin/sh\necho "$1" >>${calls}\nsleep 1.5\necho done\n`, { mode: 0o755 });
  for (const [name, needs] of [
    ['hello', '[]'],
    ['again', '[hello]'],
  ])
    writeFileSync(
      join(folder, 'catalogue', `${name}.yaml`),
      `title: ${name}\nsummary: a service of this test\nneeds: ${needs}\nsteps:\n  - { name: deploy, deadline: 1m, says: done, variants: [{ argv: [${folder}/work.sh, ${name}] }] }\n`,
    );
  daemon.configure({
    ...SITE,
    catalogueDir: join(folder, 'catalogue'),
    clusters: {
      pod1: { runner: 'command', roles: ['gpu'], argv: [join(folder, 'work.sh'), '{action}'], settle: '1h' },
    },
  });
  await daemon.start();
  await daemon.enrol({
    name: 'dgx01',
    roles: ['gpu'],
    interfaces: [{ name: 'eno1', role: 'boot', mac: '52:54:00:77:02:01', address: '10.77.0.21' }],
  });
  // Runs take nodes that have their system.
  assert.equal((await daemon.call('POST', '/api/v1/nodes/dgx01/actions/ready', { by: 'ann' })).status, 200);
  const begun = await daemon.call('POST', '/api/v1/deployments', { plan: PLAN, by: 'ann', installs: 0 });
  assert.equal(begun.status, 202, begun.body);

  const read = async (): Promise<DeploymentView | undefined> => {
    const answer = await daemon.call('GET', '/api/v1/deployments/pod1').catch(() => undefined);
    return answer?.status === 200 ? JSON.parse(answer.body) : undefined;
  };
  let kills = 0;
  let last: DeploymentView | undefined;
  await until(
    async () => {
      last = await read();
      if (last?.steps.find(({ name }) => name === 'word')?.state === 'running')
        await daemon.call('POST', '/api/v1/deployments/pod1/confirm', { step: 'word', by: 'ann' });
      if (last !== undefined && last.state !== 'running') return true;
      if (kills < 8) {
        await pause(100 + Math.random() * 1_500);
        await daemon.kill();
        await daemon.start();
        kills += 1;
      }
      return false;
    },
    { what: 'the end of the plan', timeoutMs: 150_000, everyMs: 200, evidence: () => JSON.stringify(last) },
  );
  assert.equal(last?.state, 'done', JSON.stringify(last));
  assert.deepEqual(readFileSync(calls, 'utf8').trim().split('\n'), ['deploy', 'hello', 'again', 'deploy']);
  const { items } = JSON.parse((await daemon.call('GET', '/api/v1/runs')).body);
  assert.equal(items.length, 4);
  context.diagnostic(`${kills} kills, 4 runs`);
});
