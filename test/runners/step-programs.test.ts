import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ClusterSettings, RunHost, RunPlan, RunStep } from '../../src/domain/hand-off.ts';
import type { RunProcesses } from '../../src/runners/run-processes.ts';
import type { PlanContext } from '../../src/runners/runner.ts';
import { createRunners } from '../../src/runners/runners.ts';
import { programObstacles } from '../../src/runners/step-programs.ts';
import { cluster } from './hand-off/house.ts';

function siteOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'podboot-programs-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'bin/join'), '#!/bin/sh\n', { mode: 0o755 });
  writeFileSync(join(folder, 'bin/notes'), 'words\n');
  chmodSync(join(folder, 'bin/notes'), 0o644);
  return folder;
}

const codes = (...steps: readonly Pick<RunStep, 'argv' | 'cwd' | 'env'>[]) =>
  programObstacles(steps).map(({ code, message }) => `${code}: ${message}`);

test('programs that are there stand against nothing: by a path, by the search path, by the run itself', (t) => {
  const folder = siteOf(t);
  assert.deepEqual(
    codes(
      { argv: [join(folder, 'bin/join'), 'dgx01'] },
      { argv: ['bin/join'], cwd: folder },
      { argv: ['sh', '-c', 'true'] },
      { argv: ['join'], env: { PATH: `/usr/bin:${join(folder, 'bin')}` } },
      { argv: ['{run}/own.sh'], cwd: '{run}/' },
    ),
    [],
  );
});

test('a program that is missing, is a folder, or may not be run is told before anything begins, each once', (t) => {
  const folder = siteOf(t);
  const missing = join(folder, 'bin/nothere');
  assert.deepEqual(
    codes(
      { argv: [missing] },
      { argv: [missing] },
      { argv: [join(folder, 'bin')] },
      { argv: ['./notes'], cwd: join(folder, 'bin') },
    ),
    [missing, join(folder, 'bin'), join(folder, 'bin/notes')].map(
      (path) => `no-program: ${path} is no program that podboot may run.`,
    ),
  );
  assert.match(codes({ argv: ['no-such-helm'] })[0] ?? '', /^no-program: There is no program no-such-helm on/);
});

test('a folder that is missing is not called a missing program', () => {
  assert.deepEqual(codes({ argv: ['/bin/sh'], cwd: '/no/such/checkout' }), [
    'no-folder: There is no folder /no/such/checkout to run in.',
  ]);
});

test('the runner of any program refuses one that is not there, with the mend', async () => {
  const runner = createRunners({} as RunProcesses, {} as PlanContext)('command');
  const settings: ClusterSettings = cluster({ runner: 'command', options: { argv: ['/no/such/join', '{hosts}'] } });
  const hosts: RunHost[] = [{ id: 'a', name: 'dgx01', roles: ['gpu'] }];
  const plan: RunPlan = await runner.plan(settings, { cluster: 'pod1', action: 'deploy', hosts: [], by: 'ann' }, hosts);
  assert.deepEqual(
    plan.obstacles.map(({ code, mend }) => [code, mend]),
    [['no-program', 'Look at its name and its rights: ls -l /no/such/join']],
  );
});
