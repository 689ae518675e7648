import type Database from 'better-sqlite3';

/** What EventTable says to SQLite, prepared once. */
export function eventStatements(database: Database.Database) {
  const prepare = (sql: string) => database.prepare<unknown[]>(sql);
  const ofStrangers = `owner IN (SELECT id FROM event_owner WHERE kind = 'stranger')`;
  return {
    begin: prepare('BEGIN IMMEDIATE'),
    commit: prepare('COMMIT'),
    add: prepare('INSERT INTO event (owner, at, type, level, document) VALUES (?, ?, ?, ?, ?)'),
    forget: prepare('DELETE FROM event WHERE owner = ?'),
    count: prepare('SELECT count(*) FROM event WHERE owner = ?'),
    total: prepare('SELECT count(*) FROM event'),
    strangers: prepare(`SELECT count(*) FROM event WHERE ${ofStrangers}`),
    last: prepare(`SELECT seq FROM sqlite_sequence WHERE name = 'event'`),
    bounds: prepare('SELECT (SELECT min(sequence) FROM event), (SELECT max(sequence) FROM event)'),
    atOrBefore: prepare('SELECT sequence, at FROM event WHERE sequence <= ? ORDER BY sequence DESC LIMIT 1'),
    trimOwner: prepare(
      'DELETE FROM event WHERE sequence IN (SELECT sequence FROM event WHERE owner = ? ORDER BY sequence LIMIT ?)',
    ),
    trimTotal: prepare(
      'DELETE FROM event WHERE sequence IN (SELECT sequence FROM event ORDER BY sequence LIMIT ?) RETURNING owner',
    ),
    findOwner: prepare('SELECT id FROM event_owner WHERE kind = ? AND name = ?'),
    kindOf: prepare('SELECT kind FROM event_owner WHERE id = ?'),
    createOwner: prepare('INSERT INTO event_owner (kind, name, last) VALUES (?, ?, 0)'),
    removeOwner: prepare('DELETE FROM event_owner WHERE id = ?'),
    touch: prepare('UPDATE event_owner SET last = ? WHERE id = ?'),
    mostSilent: prepare(`SELECT name FROM event_owner WHERE kind = 'stranger' ORDER BY last LIMIT ?`),
    orphans: prepare(`SELECT name FROM event_owner WHERE kind = 'node' AND name NOT IN (SELECT id FROM node)`),
  };
}
