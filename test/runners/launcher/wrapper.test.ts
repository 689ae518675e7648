import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ProcessIdentity, processesOf } from '../../../src/runners/launcher/process-identity.ts';
import { RUN_FILES, readRecord, type StepMark, writeAtomically } from '../../../src/runners/launcher/run-folder.ts';
import { runMark } from '../../../src/runners/launcher/run-mark.ts';
import { endOrphans, forbidStart, standingOf } from '../../../src/runners/launcher/standing.ts';
import { wrapperArgv } from '../../../src/runners/launcher/wrapper-argv.ts';
import { ended, launched, logOf, ordered, until } from './house.ts';

const STOP = { interruptMs: 1_000, terminateMs: 500 };

const pidIn = (path: string): number | undefined => {
  const text = existsSync(path) ? readFileSync(path, 'utf8').trim() : '';
  return text === '' ? undefined : Number(text);
};

test('steps run one after another, with their exit codes, output and no input', async (t) => {
  const run = await launched(
    ordered(t, [
      { argv: ['sh', '-c', 'cat; echo one; echo aside >&2'] },
      { argv: ['sh', '-c', 'echo two; exit 3'] },
      { argv: ['sh', '-c', 'echo never'] },
    ]),
  );
  const end = await ended(run);
  assert.equal(end.ending, 'done');
  assert.deepEqual(
    end.steps.map(({ exitCode }) => exitCode),
    [0, 3],
  );
  assert.equal(end.steps[0]?.lastWords, 'aside');
  const log = logOf(run).toString();
  assert.match(log, /one\n/);
  assert.match(log, /aside\n/);
  assert.match(log, /two\n/);
  assert.doesNotMatch(log, /never/);
  assert.equal(standingOf(run.folder).kind, 'ended');
});

test('nobody else can read what a run writes', async (t) => {
  const run = await launched(ordered(t, [{ argv: ['echo', 'hello'] }]));
  await ended(run);
  for (const name of [RUN_FILES.order, RUN_FILES.claim, RUN_FILES.step, RUN_FILES.end])
    assert.equal(statSync(join(run.folder, name)).mode & 0o777, 0o600, name);
  assert.equal(statSync(join(run.folder, RUN_FILES.log)).mode & 0o777, 0o700);
});

test('an order is carried out once, however often its wrapper is started', async (t) => {
  const order = ordered(t, [{ argv: ['sh', '-c', 'echo x; sleep 0.3'] }]);
  await Promise.all([launched(order), launched(order), launched(order)]);
  await ended(order);
  assert.equal(logOf(order).toString(), 'x\n');
});

test('an order that was given up is never begun', async (t) => {
  const order = ordered(t, [{ argv: ['echo', 'x'] }]);
  assert.equal(standingOf(order.folder).kind, 'starting');
  assert.equal(forbidStart(order.folder), true);
  const [program = '', ...rest] = wrapperArgv(order.folder);
  const code = await new Promise((resolve) => spawn(program, rest, { stdio: 'ignore' }).once('exit', resolve));
  assert.equal(code, 0);
  assert.equal(existsSync(join(order.folder, RUN_FILES.log)), false);
  assert.equal(standingOf(order.folder).kind, 'gone');
});

test('a program that is not there is said, and nothing runs', async (t) => {
  const run = await launched(ordered(t, [{ argv: ['/no/such/program'] }]));
  const end = await ended(run);
  assert.equal(end.ending, 'cannot-start');
  assert.match(end.reason ?? '', /ENOENT/);
});

test('what does not heed SIGINT and SIGTERM is killed, and whoever left its session too', async (t) => {
  const script = `trap '' INT TERM; setsid sh -c 'echo $$ > "$0"; exec sleep 300' "$1" & echo $$ > "$0"; while :; do sleep 1; done`;
  const run = ordered(t, []);
  const files = { leader: join(run.folder, 'leader'), stray: join(run.folder, 'stray') };
  const order = ordered(t, [{ argv: ['bash', '-c', script, files.leader, files.stray] }]);
  await launched(order);
  await until('stray', () => pidIn(files.stray));
  await until('leader', () => pidIn(files.leader));
  writeAtomically(order.folder, RUN_FILES.stop, { by: 'ann', at: 1 });
  const end = await ended(order);
  assert.equal(end.ending, 'stopped');
  assert.equal(end.by, 'ann');
  assert.equal(end.steps[0]?.signal, 'SIGKILL');
  assert.deepEqual(processesOf(undefined, runMark(order.id)), []);
});

test('what heeds SIGINT ends in peace with its own exit code', async (t) => {
  const run = await launched(
    ordered(t, [{ argv: ['bash', '-c', 'trap "echo bye; exit 99" INT; echo up; while :; do sleep 0.1; done'] }]),
  );
  await until('output', () => (logOf(run).includes('up') ? true : undefined));
  writeAtomically(run.folder, RUN_FILES.stop, { by: 'ann', at: 1 });
  const end = await ended(run);
  assert.equal(end.steps[0]?.exitCode, 99);
  assert.match(logOf(run).toString(), /bye/);
});

test('a step that says nothing for too long is stopped; one that only tells events is not silent', async (t) => {
  const silent = await launched(ordered(t, [{ argv: ['sleep', '300'] }], { inactivityMs: 500 }));
  assert.equal((await ended(silent)).ending, 'inactive');
  const script = 'mkdir -p "$(dirname "$0")"; for i in 1 2 3 4 5 6; do echo {} >> "$0"; sleep 0.5; done';
  const order = ordered(t, [], {});
  const events = join(order.folder, 'events');
  const telling = ordered(t, [{ argv: ['sh', '-c', script, events] }], { inactivityMs: 1_600 });
  const own = ordered(
    t,
    [{ argv: ['sh', '-c', 'for i in 1 2 3 4 5 6; do echo {} >> events/0.jsonl; sleep 0.5; done'] }],
    {
      inactivityMs: 1_600,
    },
  );
  const record = readRecord<{ steps: object[] }>(own.folder, RUN_FILES.order);
  writeAtomically(own.folder, RUN_FILES.order, {
    ...record,
    steps: record?.steps.map((step) => ({ ...step, cwd: own.folder })),
  });
  await Promise.all([launched(telling), launched(own)]);
  assert.equal((await ended(telling)).ending, 'inactive', 'it tells elsewhere');
  assert.equal((await ended(own)).ending, 'done');
});

test('a wrapper that is killed leaves nothing running once it is found gone', async (t) => {
  const run = await launched(ordered(t, [{ argv: ['sh', '-c', 'sleep 300 & sleep 300'] }]));
  const step = await until('step', () => readRecord<StepMark>(run.folder, RUN_FILES.step));
  const wrapper = readRecord<ProcessIdentity>(run.folder, RUN_FILES.claim);
  assert.ok(wrapper !== undefined);
  process.kill(wrapper.pid, 'SIGKILL');
  await until('its end', () => (standingOf(run.folder).kind === 'gone' ? true : undefined));
  assert.notDeepEqual(processesOf(step.pid, runMark(run.id)), []);
  await endOrphans(run.id, run.folder, STOP);
  assert.deepEqual(processesOf(step.pid, runMark(run.id)), []);
});

test('a process that holds the output open is not waited for', async (t) => {
  const run = await launched(ordered(t, [{ argv: ['sh', '-c', 'setsid sleep 30 & echo done'] }]));
  t.after(() => endOrphans(run.id, run.folder, STOP));
  const end = await ended(run, 10_000);
  assert.equal(end.steps[0]?.exitCode, 0);
});

test('a claim of another boot, or of a number that came again, is of nobody', (t) => {
  const order = ordered(t, [{ argv: ['true'] }]);
  writeFileSync(join(order.folder, RUN_FILES.claim), JSON.stringify({ pid: process.pid, startTime: '1', bootId: 'x' }));
  assert.equal(standingOf(order.folder).kind, 'gone');
});
