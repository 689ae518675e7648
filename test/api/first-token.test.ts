import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { ensureToken } from '../../src/api/first-token.ts';
import { isAuthorized, TOKEN_SETTING } from '../../src/api/token.ts';
import type { BootEvent } from '../../src/domain/events.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';

const VARIABLE = 'PODBOOT_FIRST_TOKEN_FILE';
let folder: string;
let file: string;
let store: MemoryStore;
let events: BootEvent[];
let named: string | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podboot-first-token-'));
  file = join(folder, 'token');
  store = new MemoryStore();
  events = [];
  named = process.env[VARIABLE];
  process.env[VARIABLE] = file;
});
afterEach(() => {
  if (named === undefined) delete process.env[VARIABLE];
  else process.env[VARIABLE] = named;
  rmSync(folder, { recursive: true, force: true });
});

async function ensure(): Promise<string> {
  const sink = { wantsDebug: false, emit: (event: BootEvent) => void events.push(event) };
  return ensureToken(store, await store.load(), folder, sink);
}

test('the first start leaves a token in a file for its owner alone, and its hash in the store', async () => {
  const hash = await ensure();
  const token = readFileSync(file, 'utf8').trim();
  assert.ok(isAuthorized(`Bearer ${token}`, hash));
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(await store.setting(TOKEN_SETTING), hash);
  assert.doesNotMatch(JSON.stringify(events), /pbt_/);
});

test('a file that others could read is closed to them before the token is in it', async () => {
  writeFileSync(file, 'what was here before, and longer than any token that could take its place in it\n');
  chmodSync(file, 0o644);
  await ensure();
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.match(readFileSync(file, 'utf8'), /^pbt_[A-Za-z0-9_-]{43}\n$/);
});

test('a later start makes none', async () => {
  const hash = await ensure();
  rmSync(file);
  assert.equal(await ensure(), hash);
  assert.equal(statSync(file, { throwIfNoEntry: false }), undefined);
});
