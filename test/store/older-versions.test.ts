import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { parseIpv4 } from '../../src/domain/ipv4.ts';
import { LATEST_VERSION, MIGRATIONS } from '../../src/store/migrations.ts';
import { openSqliteStore } from '../../src/store/sqlite-store.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'podboot-older-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const fixture = (version: number) => new URL(`./fixtures/version-${version}.sql`, import.meta.url);
const file = () => join(dataDir, 'podboot.sqlite3');

/** A store as that version left it on somebody's disk. */
function lay(version: number): void {
  const database = new Database(file());
  database.exec(readFileSync(fixture(version), 'utf8'));
  database.close();
}

describe('a store of an older version', () => {
  for (const { version } of MIGRATIONS) {
    it(`is taken over with all that is in it: version ${version}`, async () => {
      assert.ok(existsSync(fixture(version)), 'each version that was ever released has a store here');
      lay(version);
      for (let time = 0; time < 2; time += 1) {
        const store = await openSqliteStore({ dataDir });
        const { leases, nodes, settings, documents } = await store.load();
        const lease = leases.find(({ state }) => state === 'bound');
        assert.equal(lease?.address, parseIpv4('10.77.0.100'));
        assert.deepEqual([leases.length, lease?.nodeId, lease?.mac], [2, 'n1', '52:54:00:77:00:01']);
        assert.deepEqual(
          nodes.map(({ name, roles }) => [name, roles]),
          [['dgx01', version === 1 ? [] : ['compute']]],
        );
        assert.equal(settings.get('api.token.sha256')?.length, 64);
        assert.equal(documents.life?.[0]?.state, version >= 2 ? 'ready' : undefined);
        const owner = { kind: 'node', name: 'n1' } as const;
        const { entries } = await store.events({ after: 0, limit: 10, owners: [owner] });
        assert.deepEqual(
          entries.map(({ event }) => event.text),
          version >= 3 ? ['dgx01 was enrolled'] : [],
        );
        // What a newer version writes has its place.
        await store.commit([{ put: 'setting', name: 'written', value: 'yes' }]);
        await store.close();
      }
      const database = new Database(file(), { readonly: true });
      assert.equal(database.pragma('user_version', { simple: true }), LATEST_VERSION);
      database.close();
    });
  }

  it('is not the one of a newer podboot: that is refused, and left as it is', async () => {
    lay(LATEST_VERSION);
    const database = new Database(file());
    database.pragma(`user_version = ${LATEST_VERSION + 1}`);
    database.close();
    await assert.rejects(openSqliteStore({ dataDir }), {
      code: 'host-refused',
      message: /written by a newer podboot \(its version is \d+, this one knows \d+\)/,
      mend: /that version or a later one/,
    });
    const after = new Database(file(), { readonly: true });
    assert.equal(after.pragma('user_version', { simple: true }), LATEST_VERSION + 1);
    after.close();
  });
});
