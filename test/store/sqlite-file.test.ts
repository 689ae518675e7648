import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { MIGRATIONS, type Migration } from '../../src/store/migrations.ts';
import { SqliteFile, type SqliteFileOptions } from '../../src/store/sqlite-file.ts';
import { NEWER_STORE, OLDER_STORE } from '../../src/store/store-errors.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podboot-file-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function open(migrations: readonly Migration[], more: Partial<SqliteFileOptions> = {}): SqliteFile {
  return new SqliteFile({ dataDir: folder, access: 'daemon', busyTimeoutMs: 10, migrations, ...more });
}

const next = MIGRATIONS.length + 1;
const grown = [...MIGRATIONS, { version: next, sql: `INSERT INTO setting VALUES ('grown', 'yes')` }];

describe('migrating a store', () => {
  it('brings an older one up to date once and keeps what is in it', () => {
    const old = open(MIGRATIONS);
    old.commit([4, 'kept', 'yes']);
    old.close();
    for (let time = 0; time < 2; time += 1) {
      const file = open(grown);
      assert.deepEqual(file.settings(), ['grown', 'yes', 'kept', 'yes']);
      file.close();
    }
    assert.throws(() => open(MIGRATIONS), { code: NEWER_STORE });
  });

  it('leaves the store as it was when a step fails half way', () => {
    open(MIGRATIONS).close();
    const broken = [
      ...MIGRATIONS,
      { version: next, sql: `INSERT INTO setting VALUES ('half', 'done'); SELECT * FROM nowhere` },
    ];
    assert.throws(() => open(broken), /nowhere/);
    const file = open(MIGRATIONS);
    assert.deepEqual(file.settings(), []);
    file.close();
  });

  it('is not done by a tool under a daemon that runs', () => {
    const daemon = open(MIGRATIONS);
    assert.throws(() => open(grown, { access: 'tool' }), { code: OLDER_STORE });
    daemon.close();
    open(grown, { access: 'tool' }).close();
  });
});

describe('the process id beside a store', () => {
  it('that can be neither written nor removed, as on a disk that turned read-only, keeps no store open or shut', () => {
    const first = open(MIGRATIONS);
    const pidFile = join(folder, 'podboot.pid');
    rmSync(pidFile);
    mkdirSync(pidFile);
    first.commit([4, 'kept', 'yes']);
    first.close();
    const second = open(MIGRATIONS);
    assert.deepEqual(second.settings(), ['kept', 'yes']);
    second.close();
  });
});
