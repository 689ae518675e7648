import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { openSqliteStore } from '../../src/store/sqlite-store.ts';

const ROUNDS = 8;
const BATCH_SIZE = 20;

const folder = mkdtempSync(join(tmpdir(), 'podboot-kill-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the committer until it has acknowledged `untilBatches` more, then kills it a random moment later. */
function commitAndKill(dataDir: string, first: number, untilBatches: number): Promise<number[]> {
  const script = join(import.meta.dirname, 'fixtures/commit-forever.ts');
  const child = spawn(process.execPath, [script, dataDir, String(first), String(BATCH_SIZE)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (said.split('\n').length > untilBatches) setTimeout(() => child.kill('SIGKILL'), Math.random() * 15);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    // A number without its line's end was cut by the kill: it may or may not be the whole number.
    child.on('close', () => resolve(said.split('\n').slice(0, -1).map(Number)));
  });
}

describe('kill -9 of a process that commits', () => {
  it(`loses nothing that was acknowledged and leaves no batch in halves, ${ROUNDS} times`, async () => {
    const dataDir = join(folder, 'data');
    let next = 1;
    const acknowledged = new Set<number>();
    for (let round = 0; round < ROUNDS; round += 1) {
      const batches = await commitAndKill(dataDir, next, 1 + Math.floor(Math.random() * 60));
      for (const batch of batches) acknowledged.add(batch);

      const store = await openSqliteStore({ dataDir });
      const { leases } = await store.load();
      await store.close();
      const found = new Map<number, number>();
      for (const lease of leases) found.set(lease.startsAt, (found.get(lease.startsAt) ?? 0) + 1);
      for (const batch of acknowledged) assert.equal(found.get(batch), BATCH_SIZE, `batch ${batch} was acknowledged`);
      for (const [batch, count] of found) assert.equal(count, BATCH_SIZE, `batch ${batch} is whole`);
      next = Math.max(...found.keys()) + 1;
    }
    assert.ok(acknowledged.size > ROUNDS);
  });
});
