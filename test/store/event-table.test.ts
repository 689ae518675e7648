import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { DAEMON_OWNER, type EventOwner, type StoredEvent } from '../../src/domain/stored-event.ts';
import { decodePage, encodeEvents } from '../../src/store/event-codec.ts';
import { EventTable } from '../../src/store/event-table.ts';
import { MIGRATIONS } from '../../src/store/migrations.ts';

const LIMITS = { perOwner: { node: 10, stranger: 5, daemon: 20 }, strangers: 30, total: 100 };

let database: Database.Database;
let table: EventTable;
beforeEach(() => {
  database = new Database(':memory:');
  for (const { sql } of MIGRATIONS) database.exec(sql);
  table = new EventTable(database, LIMITS);
});

function append(...owners: EventOwner[]): void {
  const event = { type: 't', level: 'info', subject: {}, text: 'x' } as const;
  table.append(encodeEvents(owners.map((owner) => ({ add: { owner, at: 0, event } }))));
}
const node = (name: string): EventOwner => ({ kind: 'node', name });
const stranger = (name: string): EventOwner => ({ kind: 'stranger', name });
const numbers = (owners?: readonly EventOwner[]): number[] =>
  decodePage(table.read({ after: 0, limit: 1_000, ...(owners === undefined ? {} : { owners }) })).entries.map(
    ({ sequence }: StoredEvent) => sequence,
  );
const owners = () => database.prepare('SELECT count(*) FROM event_owner').pluck().get();

describe('the bounds of the events', () => {
  it('keep the latest of one owner', () => {
    for (let count = 0; count < 100; count += 1) append(node('a'));
    const kept = numbers([node('a')]);
    assert.ok(kept.length >= 10 && kept.length <= 11, `${kept.length}`);
    assert.equal(kept.at(-1), 100);
    assert.equal(kept[0], 101 - kept.length);
  });

  it('lose no node’s history to strangers who make up addresses, and of those the most silent first', () => {
    append(node('a'), DAEMON_OWNER, stranger('known'));
    for (let count = 0; count < 1_000; count += 1) {
      append(stranger(`mac:${count}`));
      if (count % 10 === 0) append(stranger('known'));
    }
    assert.deepEqual(numbers([node('a')]), [1]);
    assert.deepEqual(numbers([DAEMON_OWNER]), [2]);
    assert.equal(numbers([stranger('known')]).length, 5);
    assert.equal(numbers([stranger('mac:0')]).length, 0);
    assert.equal(numbers([stranger('mac:999')]).length, 1);
    assert.ok((owners() as number) <= 32, 'strangers without events leave nothing behind');
  });

  it('hold for all together: the oldest go', () => {
    for (let count = 0; count < 500; count += 1) append(node(`n${count % 50}`));
    const kept = numbers();
    assert.equal(kept.length, 100);
    assert.deepEqual([kept[0], kept.at(-1)], [401, 500]);
  });

  it('hold in any order of appending and forgetting, with what is counted in memory the same as what is there', () => {
    const step = fc.record({
      kind: fc.constantFrom('node' as const, 'stranger' as const, 'daemon' as const),
      name: fc.integer({ min: 0, max: 25 }).map(String),
      count: fc.integer({ min: 1, max: 12 }),
      forget: fc.integer({ min: 0, max: 9 }).map((number) => number === 0),
      reopen: fc.integer({ min: 0, max: 19 }).map((number) => number === 0),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 80 }), (steps) => {
        database.exec('DELETE FROM event; DELETE FROM event_owner');
        table = new EventTable(database, LIMITS);
        for (const { kind, name, count, forget, reopen } of steps) {
          const owner = kind === 'daemon' ? DAEMON_OWNER : { kind, name };
          if (forget) table.append(encodeEvents([{ forget: owner }]));
          append(...Array.from({ length: count }, () => owner));
          if (reopen) table = new EventTable(database, LIMITS);
          const rowsOf = (where: string) =>
            database.prepare(`SELECT count(*) FROM event ${where}`).pluck().get() as number;
          assert.ok(rowsOf('') <= LIMITS.total);
          const ofStrangers = `WHERE owner IN (SELECT id FROM event_owner WHERE kind = 'stranger')`;
          assert.ok(rowsOf(ofStrangers) <= LIMITS.strangers);
          assert.ok(numbers([owner]).length <= LIMITS.perOwner[kind] * 1.1 + 1);
          assert.ok(numbers([owner]).length >= Math.min(count, LIMITS.perOwner[kind]), 'the newest are there');
        }
      }),
      { numRuns: 60 },
    );
  });

  it('hold for one event: a long document is cut, not refused', () => {
    const event = {
      type: 't',
      level: 'info',
      subject: {},
      text: 'ü'.repeat(9_000),
      data: { stack: 'x'.repeat(9_000) },
    } as const;
    table.append(encodeEvents([{ add: { owner: DAEMON_OWNER, at: 0, event } }]));
    const [entry] = decodePage(table.read({ after: 0, limit: 1 })).entries;
    assert.equal(entry?.event.text.length, 2_000);
    assert.equal(entry?.event.data, undefined);
  });
});

it('a query that finds little stops after so many rows, and says how far it came', () => {
  table = new EventTable(database);
  append(...Array.from({ length: 4_500 }, (_, index) => node(`n${index % 10}`)));
  let after = 0;
  const stops: number[] = [];
  for (let page = decodePage(table.read({ after, limit: 5, type: 'never' })); after < page.last; ) {
    after = page.upTo;
    stops.push(after);
    page = decodePage(table.read({ after, limit: 5, type: 'never' }));
  }
  assert.deepEqual(stops, [2_000, 4_000, 4_500]);
});

it('a batch that can’t be written leaves nothing of it, and the counts right', () => {
  append(node('a'));
  assert.throws(() =>
    table.append([...encodeEvents([{ forget: node('a') }]), 0, 'martian', 'x', 0, 't', 'info', '{}']),
  );
  assert.deepEqual(numbers(), [1]);
  for (let count = 0; count < 30; count += 1) append(node('a'));
  assert.ok(numbers().length <= 11);
  assert.equal(database.pragma('synchronous', { simple: true }), 2, 'leases are synced again');
});
