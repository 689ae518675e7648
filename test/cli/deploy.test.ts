import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, test } from 'node:test';
import { registerDeploy } from '../../src/cli/deploy.ts';
import { registerServices } from '../../src/cli/services.ts';
import { ApiFixture } from '../api/api-fixture.ts';
import { settle } from '../harness/clock.ts';
import { cluster } from '../runners/deploy/house.ts';
import { capture, run } from './captured.ts';

const folder = mkdtempSync(join(tmpdir(), 'podboot-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));

let pod: ApiFixture;
let env: NodeJS.ProcessEnv;
beforeEach(async () => {
  pod = new ApiFixture();
  const checkout = join(folder, 'deepops');
  mkdirSync(join(checkout, 'config', 'artifacts'), { recursive: true });
  writeFileSync(join(checkout, 'config', 'artifacts', 'admin.conf'), '');
  pod.clusters = [{ ...cluster('pod1', 'kubespray', ['gpu', 'mgmt']), options: { checkout } }];
  const socketPath = join(folder, 'api.sock');
  await pod.api.listen([{ socketPath }]);
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, `${pod.token}\n`, { mode: 0o600 });
  env = { PODBOOT_API: `unix:${socketPath}`, PODBOOT_TOKEN_FILE: tokenFile, USER: 'anna' };
  for (let number = 1; number <= 3; number += 1) await pod.enrol(`dgx0${number}`, number);
});
afterEach(async () => {
  await pod.pod.service.stop();
  await pod.api.close();
});

async function podboot(...words: string[]) {
  const captured = capture();
  await run(
    (program) => {
      registerDeploy(program, { output: captured.output, env });
      registerServices(program, { output: captured.output, env });
    },
    ...words,
  );
  return captured;
}

function planFile(steps: string): string {
  const file = join(folder, 'plan.yaml');
  writeFileSync(file, `name: pod1\nsteps:\n${steps}`);
  return file;
}

test('a plan that installs says so, and begins with the right number alone', async () => {
  const file = planFile(
    '  - { name: racked, confirm: all is cabled }\n  - { name: i, install: { names: "dgx[01-02]", profile: os } }\n',
  );
  const dry = await podboot('deploy', file, '--dry-run');
  assert.match(dry.printed(), /racked +- +waits for a person: all is cabled/);
  assert.match(dry.printed(), /i +racked +INSTALLS 2 nodes \(the profile os\): their disks are wiped/);
  assert.match(dry.printed(), /2 nodes are WIPED and installed: dgx01, dgx02/);
  await assert.rejects(podboot('deploy', file), { message: 'nothing was begun', mend: /--installs 2/ });
  await assert.rejects(podboot('deploy', file, '--yes'), { message: 'nothing was begun' });
  await assert.rejects(podboot('deploy', file, '--installs', '3'), { code: 'installs-not-confirmed' });
  assert.equal(pod.pod.deployments.all().length, 0);
  assert.match((await podboot('deploy', file, '--installs', '2')).printed(), /plan pod1 is running: 0 of 2 steps done/);
});

test('a plan is followed, confirmed, and arms its nodes by their own grants; then it is done', async () => {
  await pod.pod.service.start();
  const file = planFile(
    '  - { name: racked, confirm: all is cabled }\n  - { name: i, install: { names: "dgx[01-02]", profile: os } }\n',
  );
  await podboot('deploy', file, '--installs', '2');
  await settle(50);
  const waiting = (await podboot('deploy', 'status')).printed();
  assert.match(waiting, /racked +UNDER WAY .*a person’s word: all is cabled → podboot deploy confirm pod1 racked/);
  assert.match(waiting, /i +waiting +- +- +after racked/);
  await podboot('deploy', 'confirm', 'pod1', 'racked');
  for (let turn = 0; turn < 20 && pod.pod.deployments.get('pod1').state === 'running'; turn += 1)
    await pod.clock.advanceSettling(11_000, 11_000);
  const done = (await podboot('deploy', 'status', 'pod1')).printed();
  assert.match(done, /plan pod1 is done: 2 of 2 steps done/);
  assert.match(done, /racked +done .*confirmed by anna/);
  assert.match(done, /2 of 2 nodes are armed/);
  assert.equal([...pod.book.grants()].length, 2);
  assert.match((await podboot('deploy', 'list')).printed(), /pod1 +done +anna/);
});

test('the plan of the guide is printed as YAML that can be begun; what is wrong in one is told with its line', async () => {
  const text = (await podboot('deploy', '--print')).printed();
  assert.match(text, /^name: standard\nsteps:/);
  writeFileSync(join(folder, 'standard.yaml'), text);
  assert.match(
    (await podboot('deploy', join(folder, 'standard.yaml'), '--dry-run')).printed(),
    /deploys ingress to pod1/,
  );
  const wrong = planFile('  - { name: a, explode: now }\n');
  await assert.rejects(
    podboot('deploy', wrong, '--dry-run'),
    (error: { problems: { path: string; line?: number }[] }) => {
      assert.ok(
        error.problems.some(({ path, line }) => path === 'steps[0].explode' && line === 3),
        JSON.stringify(error.problems),
      );
      return true;
    },
  );
  await assert.rejects(podboot('deploy', '/nowhere.yaml'), { code: 'host-refused' });
  await assert.rejects(podboot('deploy', 'status', 'nothing'), { code: 'invalid-input' });
});

test('services say what they are, what is against them, and nothing of what is not there', async () => {
  const list = (await podboot('services', 'list', 'pod1')).printed();
  assert.match(list, /^monitoring +not-deployed +podboot/m);
  assert.match(list, /has nothing that ingress could be deployed by/);
  const status = await podboot('services', 'status', 'pod1', 'rook-ceph');
  assert.match(status.printed(), /against it: .*deploy_rook.sh \(26.07 and later, deprecated\)/);
  assert.equal(status.exitCode(), 1);
  assert.equal((await podboot('services', 'links', 'pod1')).printed(), 'nothing with a page is deployed');
  await assert.rejects(podboot('services', 'deploy', 'pod1', 'monitoring'), { code: 'invalid-input' });
  await assert.rejects(podboot('services', 'secrets', 'pod1', 'dashboard'), { code: 'not-found' });
  await assert.rejects(podboot('services', 'list', 'pod9'), { code: 'not-found', mend: 'There are pod1.' });
});

test('an update that can’t be told anything of is shown with why, and not begun', async () => {
  const plan = await podboot('update', 'plan', 'pod1');
  assert.match(plan.printed(), /against it: /);
  assert.equal(plan.exitCode(), 1);
  await assert.rejects(podboot('update', 'run', 'pod1'), { message: 'nothing was begun: --to is missing' });
  await assert.rejects(podboot('update', 'run', 'pod1', '--to', '1.29.3'), { code: 'conflict' });
});
