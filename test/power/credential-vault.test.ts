import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HostRefused, InvalidInput, NotFound } from '../../src/domain/errors.ts';
import type { CredentialsRule } from '../../src/domain/power.ts';
import { CredentialVault } from '../../src/power/credential-vault.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { FakeClock } from '../harness/clock.ts';
import { nodeNumber } from '../lifecycle/life/house.ts';

const KEY = 'a'.repeat(64);
const SECRET = 'correct-horse';

async function vault(store: MemoryStore, key: string | undefined = KEY, rules: readonly CredentialsRule[] = []) {
  return new CredentialVault({
    known: (await store.load()).documents.credentials ?? [],
    commit: (batch) => store.commit(batch),
    clock: new FakeClock(),
    readKey: () => key,
    rules: () => rules,
  });
}

describe('credentials', () => {
  test('are on disk sealed, and open again after a restart with the same key', async () => {
    const store = new MemoryStore();
    await (await vault(store)).write('dgx', { userName: 'admin', password: SECRET, bmcKey: 'ab12' });
    const stored = JSON.stringify((await store.load()).documents);
    assert.ok(!stored.includes(SECRET) && !stored.includes('admin'), stored);
    assert.deepEqual((await vault(store)).read('dgx'), { userName: 'admin', password: SECRET, bmcKey: 'ab12' });
  });

  test('are refused with another key, and nothing of them is told', async () => {
    const store = new MemoryStore();
    await (await vault(store)).write('dgx', { userName: 'admin', password: SECRET });
    const other = await vault(store, 'b'.repeat(64));
    assert.throws(
      () => other.read('dgx'),
      (error: unknown) =>
        error instanceof HostRefused && !error.message.includes(SECRET) && /another key/.test(error.message),
    );
  });

  test('that were moved to another name in the store are refused', async () => {
    const store = new MemoryStore();
    await (await vault(store)).write('dgx', { userName: 'admin', password: SECRET });
    const [document] = (await store.load()).documents.credentials ?? [];
    assert.ok(document);
    const moved = { ...document, name: 'other' };
    await store.commit([{ put: 'document', kind: 'credentials', id: 'other', document: moved }]);
    const opened = await vault(store);
    assert.throws(() => opened.read('other'), HostRefused);
  });

  test('are not taken without a key, with one that is too short, or of a wrong form; the mend is told', async () => {
    const store = new MemoryStore();
    const set = { userName: 'admin', password: SECRET };
    for (const key of [undefined, 'short']) {
      const closed = new CredentialVault({
        known: [],
        commit: (batch) => store.commit(batch),
        clock: new FakeClock(),
        readKey: () => key,
        rules: () => [],
      });
      await assert.rejects(
        closed.write('dgx', set),
        (error: unknown) => error instanceof HostRefused && /openssl rand/.test(error.mend ?? ''),
      );
    }
    const open = await vault(store);
    await assert.rejects(open.write('a b', set), InvalidInput);
    await assert.rejects(open.write('dgx', { userName: '', password: SECRET }), InvalidInput);
    await assert.rejects(
      open.write('dgx', { ...set, bmcKey: 'xyz' }),
      (error: unknown) => error instanceof InvalidInput && !JSON.stringify(error).includes(SECRET),
    );
    assert.deepEqual((await store.load()).documents, {});
    assert.throws(() => open.read('dgx'), NotFound);
  });

  test('of a node are its own, else of the first rule that fits', async () => {
    const rules = [
      { use: 'login', roles: ['slurm-login'], groups: [], labels: {} },
      { use: 'lab', roles: [], groups: [], labels: { room: 'lab' } },
      { use: 'all', roles: [], groups: [], labels: {} },
    ];
    const open = await vault(new MemoryStore(), KEY, rules);
    assert.equal(open.nameFor(nodeNumber(1, { bmc: { driver: 'ipmi', credentials: 'own' } })), 'own');
    assert.equal(open.nameFor(nodeNumber(1, { roles: ['slurm-login'] })), 'login');
    assert.equal(open.nameFor(nodeNumber(1, { labels: { room: 'lab' } })), 'lab');
    assert.equal(open.nameFor(nodeNumber(1)), 'all');
  });
});
