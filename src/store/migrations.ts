/** One step of the store's shape. Never changed once released: a new step is added below the last. */
export interface Migration {
  /** `PRAGMA user_version` after it: 1, 2, 3 … without a gap. */
  readonly version: number;
  readonly sql: string;
}

/** Every step that has ever been, oldest first. Each runs in a transaction of its own, together with its version. */
export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    // STRICT refuses a value of the wrong type where it is written, not months later where it is read.
    // A node is one JSON document: it is only ever read and written whole, and its shape grows with podboot's.
    sql: `
      CREATE TABLE lease (
        address     INTEGER PRIMARY KEY,
        key         TEXT NOT NULL,
        state       TEXT NOT NULL CHECK (state IN ('bound', 'released', 'declined')),
        mac         TEXT,
        client_id   TEXT,
        node_id     TEXT,
        hostname    TEXT,
        reservation TEXT,
        starts_at   INTEGER NOT NULL,
        expires_at  INTEGER
      ) STRICT;
      CREATE TABLE node (
        id       TEXT PRIMARY KEY,
        document TEXT NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE setting (
        name  TEXT PRIMARY KEY,
        value TEXT NOT NULL
      ) STRICT, WITHOUT ROWID;
    `,
  },
  {
    version: 2,
    // Nodes of version 1 have no roles.
    sql: `
      CREATE TABLE document (
        kind     TEXT NOT NULL,
        id       TEXT NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (kind, id)
      ) STRICT, WITHOUT ROWID;
      UPDATE node SET document = json_set(document, '$.roles', json('[]')) WHERE document ->> '$.roles' IS NULL;
    `,
  },
  {
    version: 3,
    // AUTOINCREMENT: a number is never given twice, also where the last events were removed with their node. Owners by
    // number keep the index small: a boot of thousands of nodes writes to few of its pages.
    sql: `
      CREATE TABLE event_owner (
        id   INTEGER PRIMARY KEY,
        kind TEXT NOT NULL CHECK (kind IN ('node', 'stranger', 'daemon')),
        name TEXT NOT NULL,
        last INTEGER NOT NULL,
        UNIQUE (kind, name)
      ) STRICT;
      CREATE INDEX event_owner_silent ON event_owner (last) WHERE kind = 'stranger';
      CREATE TABLE event (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        owner    INTEGER NOT NULL,
        at       INTEGER NOT NULL,
        type     TEXT NOT NULL,
        level    TEXT NOT NULL,
        document TEXT NOT NULL
      ) STRICT;
      CREATE INDEX event_of_owner ON event (owner);
    `,
  },
];

export const LATEST_VERSION: number = MIGRATIONS.at(-1)?.version ?? 0;

/** The steps that a store of `version` still needs; undefined where the store is newer than this program. */
export function pendingMigrations(
  version: number,
  migrations: readonly Migration[] = MIGRATIONS,
): readonly Migration[] | undefined {
  const latest = migrations.at(-1)?.version ?? 0;
  return version > latest ? undefined : migrations.filter((migration) => migration.version > version);
}
