import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, test } from 'node:test';
import { registerLives } from '../../src/cli/lives.ts';
import { ApiFixture } from '../api/api-fixture.ts';
import { capture, run } from './captured.ts';

const folder = mkdtempSync(join(tmpdir(), 'podboot-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));

let pod: ApiFixture;
let env: NodeJS.ProcessEnv;
beforeEach(async () => {
  pod = new ApiFixture();
  const socketPath = join(folder, 'api.sock');
  await pod.api.listen([{ socketPath }]);
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, `${pod.token}\n`, { mode: 0o600 });
  env = { PODBOOT_API: `unix:${socketPath}`, PODBOOT_TOKEN_FILE: tokenFile, USER: 'anna' };
  for (let number = 1; number <= 3; number += 1) await pod.enrol(`dgx0${number}`, number);
});
afterEach(() => pod.api.close());

async function podboot(...words: string[]) {
  const captured = capture();
  await run((program) => registerLives(program, { output: captured.output, env }), ...words);
  return captured;
}

test('install arms one node, and grants shows by whom', async () => {
  assert.match((await podboot('install', 'dgx01', '--profile', 'os')).printed(), /^dgx01 is armed for os, until /);
  const grants = (await podboot('grants')).printed();
  assert.match(grants, /^dgx01 {2}os {7}armed {2}anna/m);
  assert.equal((await podboot('grants', 'dgx02')).printed().trim(), 'no grant');
});

test('install of many is told node by node, and a refusal of one is an exit code', async () => {
  await podboot('maintenance', 'dgx02', '--reason', 'fan');
  const dry = await podboot('install', 'dgx[01-03]', '--profile', 'os', '--dry-run');
  assert.match(dry.printed(), /dgx01 {2}would/);
  assert.match(dry.printed(), /dgx02 {2}refused {2}dgx02 is in maintenance: fan \(anna\) → /);
  assert.match(dry.printed(), /2 would, 1 refused; nothing was changed/);
  assert.equal((await podboot('grants')).printed().trim(), 'no grant');
  const done = await podboot('install', 'dgx[01-03]', '--profile', 'os', '--expires', '8h', '--by', 'bert');
  assert.match(done.printed(), /2 done, 1 refused$/);
});

test('maintenance comes to its end by --leave, for all that are in it', async () => {
  await podboot('maintenance', 'dgx[01-02]', '--reason', 'cooling');
  assert.match((await podboot('maintenance', '--state', 'maintenance', '--leave')).printed(), /2 done/);
  assert.equal(pod.book.life(pod.registry.byName('dgx01')!).state, 'enrolled');
});

test('diagnose says what, why and what to do', async () => {
  const printed = (await podboot('diagnose', 'dgx01')).printed();
  assert.match(printed, /diagnosis {2}dgx01 is late \(late\)/);
  assert.match(printed, /next {7}Look at it\./);
});

test('a node is named by itself where maintenance is to be overridden', async () => {
  await podboot('maintenance', 'dgx01');
  await assert.rejects(podboot('install', 'dgx*', '--profile', 'os', '--even-in-maintenance'), /for one node/);
  assert.match((await podboot('install', 'dgx01', '--profile', 'os', '--even-in-maintenance')).printed(), /is armed/);
});

test('a length of time that is none is refused before anything is asked', async () => {
  await assert.rejects(podboot('install', 'dgx01', '--profile', 'os', '--expires', 'soon'), /no length of time/);
});
