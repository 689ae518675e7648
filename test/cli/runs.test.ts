import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { registerHandOff } from '../../src/cli/hand-off.ts';
import { registerRuns } from '../../src/cli/runs.ts';
import { ApiFixture, nodeBody } from '../api/api-fixture.ts';
import { until } from '../harness/process.ts';
import { cluster } from '../runners/hand-off/house.ts';
import { capture, run } from './captured.ts';

const SCRIPT = 'echo "joins $0"; echo password=hunter2; read x; echo done; [ "$0" != dgx02 ]';

let folder: string;
let pod: ApiFixture;
let env: NodeJS.ProcessEnv;
let time: NodeJS.Timeout;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'podboot-cli-'));
  pod = new ApiFixture([], undefined, folder);
  pod.clusters = [
    cluster({ runner: 'command', settleMs: 60_000, options: { argv: ['/bin/sh', '-c', SCRIPT, '{hosts}'] } }),
  ];
  const socketPath = join(folder, 'api.sock');
  await pod.api.listen([{ socketPath }]);
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, `${pod.token}\n`, { mode: 0o600 });
  env = { PODBOOT_API: `unix:${socketPath}`, PODBOOT_TOKEN_FILE: tokenFile, USER: 'anna' };
  for (const number of [1, 2])
    await pod.call('POST', '/nodes', { ...nodeBody(`dgx0${number}`, number), roles: ['gpu'] });
  await pod.enrol('login1', 3);
  // Real processes under a simulated clock: it has to go on.
  time = setInterval(() => pod.clock.advance(200), 5);
});

afterEach(async () => {
  clearInterval(time);
  await pod.handOff.service.stop();
  await pod.api.close();
  rmSync(folder, { recursive: true, force: true });
});

async function podboot(...words: string[]) {
  const captured = capture();
  await run(
    (program) => {
      registerRuns(program, { output: captured.output, env });
      registerHandOff(program, { output: captured.output, env });
    },
    ...words,
  );
  return captured;
}

test('a run is begun, followed to its end and shown; its log hides what looks like a secret', async () => {
  const followed = await podboot('runs', 'start', 'pod1', '--nodes', 'dgx01', '--follow');
  assert.match(followed.printed(), /joins dgx01\npassword=\[secret\]\ndone/);
  assert.match(followed.printed(), /state +succeeded/);
  assert.match(followed.printed(), /dgx01 +changed/);
  assert.equal(followed.exitCode(), undefined);
  const [kept] = JSON.parse((await podboot('runs', 'list', '--json')).printed());
  assert.deepEqual([kept.by, kept.cluster, kept.action], ['anna', 'pod1', 'deploy']);
  assert.equal((await podboot('runs', 'log', kept.id)).printed(), 'joins dgx01\npassword=[secret]\ndone');
  assert.match((await podboot('runs')).printed(), new RegExp(`${kept.id} +pod1 +deploy +succeeded +1 +1 +anna`));
});

test('a run that failed is told with its words and an exit code, and taken up again', async () => {
  const failed = await podboot('runs', 'start', 'pod1', '--nodes', 'dgx02', '--follow');
  assert.equal(failed.exitCode(), 1);
  assert.match(failed.printed(), /dgx02 +failed +- +exit code 1: done/);
  const [{ id }] = JSON.parse((await podboot('runs', 'list', '--json')).printed());
  assert.match((await podboot('runs', 'resume', id)).printed(), new RegExp(`goes on with +${id}`));
});

test('a plan shows what would be done and what stands against it, and begins nothing', async () => {
  const early = await podboot('runs', 'start', 'pod1', '--dry-run');
  assert.match(early.printed(), /no nodes that have their system.*\n.*podboot ready NAME/);
  for (const name of ['dgx01', 'dgx02']) await pod.call('POST', `/nodes/${name}/actions/ready`, { by: 'anna' });
  const good = await podboot('runs', 'start', 'pod1', '--dry-run');
  assert.match(good.printed(), /command, 2 nodes: dgx01, dgx02/);
  const bad = await podboot('runs', 'start', 'pod1', '--nodes', 'login1', '--dry-run');
  assert.match(bad.printed(), /login1 is no node of the cluster pod1/);
  assert.equal(bad.exitCode(), 1);
  assert.match((await podboot('runs')).printed(), /no run/);
  await assert.rejects(podboot('runs', 'start', 'pod1', '--nodes', 'login1'), /something stands against it/);
  await assert.rejects(podboot('runs', 'start', 'nosuch'), /no cluster nosuch/);
});

test('a long run is stopped by name', async () => {
  pod.clusters = [cluster({ runner: 'command', options: { argv: ['/bin/sleep', '300'] } })];
  await podboot('runs', 'start', 'pod1', '--nodes', 'dgx01');
  const [{ id }] = JSON.parse((await podboot('runs', 'list', '--json')).printed());
  await assert.rejects(podboot('runs', 'start', 'pod1', '--nodes', 'dgx02'), /busy/);
  assert.match(
    (await podboot('runs', 'stop', id, '--by', 'otto')).printed(),
    /state +stopped\nwhy +It was stopped by otto/,
  );
});

test('the hand-off is shown, tried again, accepted and let go on', async () => {
  await assert.rejects(podboot('hand-off', 'retry', 'login1'), /belongs to no cluster/);
  await assert.rejects(podboot('hand-off', 'retry', 'dgx02'), /is enrolled/);
  const status = await podboot('hand-off', 'status');
  assert.match(status.printed(), /pod1 +command +gpu +0 +0 +- +goes on/);
  assert.match((await podboot('hand-off', 'resume', 'pod1')).printed(), /goes on/);
  assert.equal((await podboot('hand-off', 'accept', 'dgx02', '--reason', 'by hand')).printed(), 'dgx02 is ready');
  await assert.rejects(podboot('hand-off', 'resume', 'nosuch'), /no cluster nosuch/);
});

test('results, checks, timelines and logs are written into a new folder for the file of the pod', async () => {
  pod.clusters = [cluster({ runner: 'command', options: { argv: ['/bin/sh', '-c', SCRIPT, '{hosts}'] } })];
  await podboot('runs', 'start', 'pod1', '--nodes', 'dgx01', '--follow');
  const [{ id }] = JSON.parse((await podboot('runs', 'list', '--json')).printed());
  await until(async () => pod.handOff.desk.book.results().length === 1, { what: 'the result', timeoutMs: 5_000 });
  const file = join(folder, 'file-of-pod1');
  assert.equal((await podboot('hand-off', 'export', file)).printed(), `1 nodes and 1 runs are in ${file}`);
  const read = (name: string) => readFileSync(join(file, name), 'utf8');
  assert.match(read('summary.txt'), new RegExp(`dgx01 +pod1 +${id} +changed`));
  assert.equal(JSON.parse(read('results.json'))[0].run, id);
  assert.equal(JSON.parse(read('nodes/dgx01/result.json')).outcome.result, 'changed');
  assert.match(read('nodes/dgx01/timeline.jsonl'), /hand-off\.done/);
  assert.equal(read(`runs/${id}.log`), 'joins dgx01\npassword=[secret]\ndone\n');
  assert.match(read(`runs/${id}.txt`), /state +succeeded/);
  assert.equal(statSync(join(file, `runs/${id}.log`)).mode & 0o777, 0o600);
  await assert.rejects(podboot('hand-off', 'export', file), /is not empty/);
  await assert.rejects(podboot('hand-off', 'export', join(folder, 'other'), 'nosuch'), /no such node/);
  const fresh = join(folder, 'fresh');
  await podboot('hand-off', 'export', fresh, 'dgx02');
  assert.match(readFileSync(join(fresh, 'nodes/dgx02/result.txt'), 'utf8'), /was not handed over yet/);
});
