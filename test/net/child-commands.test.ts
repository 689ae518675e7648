import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createChildCommands } from '../../src/net/child-commands.ts';

const { run } = createChildCommands();
const deadlineMs = 10_000;

test('a program’s words, code and both streams come back', async () => {
  const result = await run({ argv: ['sh', '-c', 'echo "$1"; echo trouble >&2; exit 3', 'sh', 'a "b" $c'], deadlineMs });
  assert.deepEqual(result, { end: 'exited', exitCode: 3, stdout: 'a "b" $c\n', stderr: 'trouble\n' });
});

test('standard input is given and ended', async () => {
  assert.equal((await run({ argv: ['cat'], deadlineMs, input: 'hello' })).stdout, 'hello');
  assert.equal((await run({ argv: ['cat'], deadlineMs })).stdout, '');
});

test('a program that is not there is told', async () => {
  const result = await run({ argv: ['/no/such/program'], deadlineMs });
  assert.equal(result.end, 'not-run');
  assert.match(result.because ?? '', /ENOENT/);
});

test('a word with a NUL is told, not thrown', async () => {
  assert.equal((await run({ argv: ['echo', 'a\0b'], deadlineMs })).end, 'not-run');
});

test('one that hangs is ended with its children at the deadline', async () => {
  const start = performance.now();
  const result = await run({ argv: ['sh', '-c', 'trap "" TERM; sleep 60 & echo $!; wait'], deadlineMs: 200 });
  assert.equal(result.end, 'late');
  assert.ok(performance.now() - start < 8_000);
  assert.ok(!isRunning(Number(result.stdout)), 'its child lives on');
});

test('a gigabyte is cut, and its writer ended', async () => {
  const result = await run({ argv: ['head', '-c', '1000000000', '/dev/zero'], deadlineMs, maxOutputBytes: 1_000 });
  assert.equal(result.end, 'too-much');
  assert.equal(result.stdout.length, 1_000);
});

test('what is not UTF-8 does no harm', async () => {
  assert.equal((await run({ argv: ['printf', '\\377ok'], deadlineMs })).stdout, '\uFFFDok');
});

test('one that nobody wants any more is ended', async () => {
  const aborter = new AbortController();
  const result = run({ argv: ['sleep', '60'], deadlineMs, signal: aborter.signal });
  aborter.abort();
  assert.equal((await result).end, 'aborted');
  assert.equal((await run({ argv: ['true'], deadlineMs, signal: aborter.signal })).end, 'aborted');
});

test('one that is killed from outside is told', async () => {
  assert.deepEqual(await run({ argv: ['sh', '-c', 'kill -KILL $$'], deadlineMs }), {
    end: 'killed',
    because: 'SIGKILL',
    stdout: '',
    stderr: '',
  });
});

test('the environment is small, and nothing of the daemon’s secrets is in it', async () => {
  process.env.PODBOOT_TEST_SECRET = 'x';
  try {
    const { stdout } = await run({ argv: ['env'], deadlineMs, env: { SLURM_CONF: '/c' } });
    assert.match(stdout, /^LC_ALL=C$/m);
    assert.match(stdout, /^SLURM_CONF=\/c$/m);
    assert.doesNotMatch(stdout, /SECRET/);
  } finally {
    delete process.env.PODBOOT_TEST_SECRET;
  }
});

/** An orphan stays a zombie until the host's init looks at it. */
function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
