import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { isAuthorized, TOKEN_SETTING } from '../../src/api/token.ts';
import { registerToken } from '../../src/cli/token.ts';
import { InvalidInput, NotFound } from '../../src/domain/errors.ts';
import { openSqliteStore } from '../../src/store/sqlite-store.ts';
import { capture, run } from './captured.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'podboot-token-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

async function newToken(...words: string[]) {
  const captured = capture();
  await run((program) => registerToken(program, captured.output), 'token', 'new', ...words);
  return captured;
}

test('a new token is shown once and stands in the store as a hash, beside a daemon that runs', async () => {
  const daemon = await openSqliteStore({ dataDir });
  const first = (await newToken('--data-dir', dataDir)).printed();
  const second = (await newToken('--data-dir', dataDir)).printed();
  assert.match(second, /^pbt_[A-Za-z0-9_-]{43}$/);
  const hash = (await daemon.setting(TOKEN_SETTING)) ?? '';
  assert.ok(isAuthorized(`Bearer ${second}`, hash));
  assert.ok(!isAuthorized(`Bearer ${first}`, hash));
  assert.ok(![...(await daemon.load()).settings.values()].some((value) => value.includes(second)));
  await daemon.close();
});

test('a wrong folder becomes no store', async () => {
  await assert.rejects(
    newToken('--data-dir', dataDir),
    (error) => error instanceof NotFound && /no store/.test(error.message),
  );
  assert.deepEqual(readdirSync(dataDir), []);
});

test('a command that names no store is told how to', async () => {
  await assert.rejects(newToken(), (error) => error instanceof InvalidInput && /--config/.test(error.mend ?? ''));
});
