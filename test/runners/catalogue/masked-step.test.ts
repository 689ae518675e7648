import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type MaskedOrder, maskedArgv } from '../../../src/runners/catalogue/masked-order.ts';
import { SECRETS_FILE, ShownOnce } from '../../../src/runners/catalogue/shown-once.ts';

/** The program that stands between a step and its log, as the step's process group: real processes. */
describe('a step whose output holds secrets', () => {
  let runsDir: string;
  let folder: string;
  before(async () => {
    runsDir = await mkdtemp(join(tmpdir(), 'podboot-masked-'));
    folder = runsDir;
  });
  after(() => rm(runsDir, { recursive: true, force: true }));

  async function started(script: string, order: Partial<MaskedOrder> = {}) {
    folder = await mkdtemp(join(runsDir, 'run-'));
    const whole: MaskedOrder = { argv: ['/bin/sh', '-c', script], secrets: [], secretsFile: SECRETS_FILE, ...order };
    await writeFile(join(folder, 'masked-0.json'), JSON.stringify(whole));
    const [program = '', ...rest] = maskedArgv(join(folder, 'masked-0.json'));
    const child: ChildProcess = spawn(program, rest, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const ended = new Promise<{ code: number | null; said: string }>((resolve) =>
      child.once('close', (code) => resolve({ code, said })),
    );
    return { child, ended, said: () => said };
  }

  const TOKEN = { name: 'dashboard-token', pattern: 'Access token: (\\S+)' };

  test('the token is in no output and in a file that its owner alone can read; it is shown once', async () => {
    const { ended } = await started('echo before; echo "Access token: eyJhbGci.OiJ9"; echo eyJhbGci.OiJ9 again >&2', {
      secrets: [TOKEN],
      says: 'Access token: \\S+',
    });
    const { code, said } = await ended;
    assert.equal(code, 0);
    assert.match(said, /before\nAccess token: \[shown once: dashboard-token\]/);
    assert.equal((await stat(join(folder, SECRETS_FILE))).mode & 0o777, 0o600);
    const shown = new ShownOnce(runsDir);
    const run = folder.slice(runsDir.length + 1);
    assert.deepEqual(shown.names(run), ['dashboard-token']);
    assert.deepEqual(shown.take(run), [{ name: 'dashboard-token', value: 'eyJhbGci.OiJ9' }]);
    assert.deepEqual(shown.take(run), []);
    await assert.rejects(readFile(join(folder, SECRETS_FILE)), { code: 'ENOENT' });
    assert.throws(() => shown.take('../elsewhere'), RangeError);
  });

  test('a script that ends with 0 without having done it has failed', async () => {
    const { ended } = await started('echo "Access token: "', { secrets: [TOKEN], says: 'Access token: \\S+' });
    const { code, said } = await ended;
    assert.equal(code, 76);
    assert.match(said, /never said what it says when it is done/);
  });

  test('its own exit code comes through, and a signal as a shell has it', async () => {
    assert.equal((await (await started('exit 3')).ended).code, 3);
    assert.equal((await (await started('kill -9 $$')).ended).code, 137);
    const missing = await (await started('', { argv: ['/nowhere/at/all'] })).ended;
    assert.equal(missing.code, 127);
    assert.match(missing.said, /can’t be started/);
  });

  test('a poll that goes on for ever is ended at its deadline, with what it sleeps in', async () => {
    const { ended } = await started('echo polling; while true; do sleep 30; done', { deadlineMs: 400 });
    const startedAt = Date.now();
    const { code, said } = await ended;
    assert.equal(code, 124);
    assert.ok(Date.now() - startedAt < 8_000);
    assert.match(said, /polling\n/);
    assert.match(said, /was not done after 0 s, and is ended/);
  });

  test('who stops the group stops both', async () => {
    const { child, ended, said } = await started('echo up; sleep 30');
    while (!said().includes('up')) await new Promise((resolve) => setTimeout(resolve, 20));
    process.kill(-(child.pid as number), 'SIGINT');
    assert.equal((await ended).code, 130);
  });

  test('output that nobody could hold goes through in bounded memory', async () => {
    const { ended } = await started('yes 0123456789abcdef | head -c 20000000; echo; echo done');
    const { code, said } = await ended;
    assert.equal(code, 0);
    assert.ok(said.endsWith('done\n'));
    assert.ok(said.length > 19_000_000);
  });
});
