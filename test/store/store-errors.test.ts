import assert from 'node:assert/strict';
import { it } from 'node:test';
import { LATEST_VERSION, MIGRATIONS, pendingMigrations } from '../../src/store/migrations.ts';
import { explainFault, toFault } from '../../src/store/store-errors.ts';

const TABLE: readonly [code: string, message: RegExp, mend: RegExp][] = [
  ['SQLITE_FULL', /disk is full/, /Free space on the file system of \/data/],
  ['ENOSPC', /disk is full/, /Free space/],
  ['EDQUOT', /disk is full/, /Free space/],
  ['SQLITE_IOERR_SHMSIZE', /disk is full/, /Free space/],
  ['SQLITE_READONLY', /read-only/, /mounted/],
  ['SQLITE_READONLY_DIRECTORY', /read-only/, /mounted/],
  ['EROFS', /read-only/, /mounted/],
  ['EACCES', /may not open/, /owner/],
  ['SQLITE_CANTOPEN', /cannot be opened/, /permissions/],
  ['SQLITE_CORRUPT', /damaged/, /recover/],
  ['SQLITE_CORRUPT_INDEX', /damaged/, /recover/],
  ['SQLITE_NOTADB', /damaged/, /recover/],
  ['SQLITE_BUSY', /another program/, /fuser/],
  ['SQLITE_BUSY_SNAPSHOT', /another program/, /fuser/],
  ['SQLITE_IOERR_FSYNC', /does not read or write/, /dmesg/],
  ['SQLITE_MISMATCH', /odd words \(SQLITE_MISMATCH\)/, /restart/],
  ['PODBOOT_LOCKED_STORE', /in use by another podboot \(process odd words\)/, /dataDir/],
  ['PODBOOT_OLDER_STORE', /older version/, /Restart/],
  ['PODBOOT_NEWER_STORE', /newer/, /later/],
];

for (const [code, message, mend] of TABLE) {
  it(`${code} reaches a person with its mend`, () => {
    const error = explainFault({ code, message: 'odd words' }, '/data');
    assert.match(error.message, message);
    assert.match(error.mend ?? '', mend);
    assert.match(error.message, /\/data/);
  });
}

it('an error of any kind can go between threads', () => {
  assert.deepEqual(toFault(Object.assign(new Error('no'), { code: 'EIO' })), { code: 'EIO', message: 'no' });
  assert.deepEqual(toFault(new Error('no')), { code: 'UNKNOWN', message: 'no' });
  assert.deepEqual(toFault('no'), { code: 'UNKNOWN', message: 'no' });
});

it('migrations are numbered without a gap, and only the missing ones run', () => {
  assert.deepEqual(
    MIGRATIONS.map((migration) => migration.version),
    MIGRATIONS.map((_, index) => index + 1),
  );
  const three = [1, 2, 3].map((version) => ({ version, sql: '' }));
  assert.deepEqual(
    pendingMigrations(1, three)?.map((migration) => migration.version),
    [2, 3],
  );
  assert.deepEqual(pendingMigrations(3, three), []);
  assert.equal(pendingMigrations(4, three), undefined);
  assert.equal(pendingMigrations(LATEST_VERSION)?.length, 0);
});
