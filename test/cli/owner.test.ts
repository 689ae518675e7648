import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, test } from 'node:test';
import { registerOwner } from '../../src/cli/owner.ts';
import { ApiFixture } from '../api/api-fixture.ts';
import { SimulatedSchedulers } from '../runners/owner/simulated-schedulers.ts';
import { capture, run } from './captured.ts';

const folder = mkdtempSync(join(tmpdir(), 'podboot-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));

let pod: ApiFixture;
let sim: SimulatedSchedulers;
let env: NodeJS.ProcessEnv;
beforeEach(async () => {
  pod = new ApiFixture();
  const socketPath = join(folder, 'api.sock');
  await pod.api.listen([{ socketPath }]);
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, `${pod.token}\n`, { mode: 0o600 });
  env = { PODBOOT_API: `unix:${socketPath}`, PODBOOT_TOKEN_FILE: tokenFile, USER: 'anna' };
  for (let number = 1; number <= 2; number += 1) await pod.enrol(`dgx0${number}`, number);
  sim = new SimulatedSchedulers('slurm');
  pod.ownerWorld = sim.world();
});
afterEach(() => pod.api.close());

async function podboot(...words: string[]) {
  const captured = capture();
  await run((program) => registerOwner(program, { output: captured.output, env }), ...words);
  return captured;
}

test('show has both states side by side, also where nothing more is said', async () => {
  const printed = (await podboot('owner', 'dgx01', 'show')).printed();
  assert.match(printed, /^node +owner +Kubernetes +Slurm/im);
  assert.match(printed, /^dgx01 +slurm +closed \[scheduler=slurm\] +open/m);
  assert.match((await podboot('owner', 'dgx*')).printed(), /dgx02 +slurm/);
});

test('a hand-over is followed to its end', async () => {
  assert.match((await podboot('owner', 'dgx01', 'k8s')).printed(), /^dgx01 +done +from slurm to k8s/m);
  assert.deepEqual([...sim.open], ['k8s']);
  assert.match((await podboot('owner', 'dgx01', 'k8s')).printed(), /already +it belongs to Kubernetes/);
});

test('--detach does not wait, --dry-run changes nothing, --json is for programs', async () => {
  sim.running.slurm = ['job 7'];
  sim.endsAfter = Number.POSITIVE_INFINITY;
  assert.match((await podboot('owner', 'dgx01', 'k8s', '--dry-run')).printed(), /would +from Slurm to Kubernetes/);
  assert.deepEqual([...sim.open], ['slurm']);
  const { answers } = JSON.parse((await podboot('owner', 'dgx01', 'k8s', '--detach', '--json')).printed());
  assert.equal(answers[0].outcome, 'started');
  assert.match((await podboot('owner', 'dgx01')).printed(), /slurm → k8s: clearing, waits for job 7/);
  await pod.owners.stop();
});

test('a refusal is an exit code; a wrong owner or time is refused before anything is asked', async () => {
  sim.open.clear();
  sim.held = 'GPU 3 fell off the bus';
  const refused = await podboot('owner', 'dgx01', 'slurm');
  assert.match(refused.printed(), /refused +.*GPU 3 fell off the bus → Settle/);
  assert.equal(refused.exitCode(), 1);
  await assert.rejects(podboot('owner', 'dgx01', 'kubernetes'), /is no owner/);
  await assert.rejects(podboot('owner', 'dgx01', 'k8s', '--wait', 'long'), /no length of time/);
});
