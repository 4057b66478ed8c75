/**
 * The tables. The base's triggers keep one promise: nothing stands below a path that is no directory.
 * `version.content` names a row of `content` when the content is kept, and is NULL when it is not.
 */
import { type Connection, Damage } from './connection.ts';

/** Raised with every change of the tables; a database with a higher one is not ours to read. */
export const schemaVersion = 3;

export const kinds = { file: 0, directory: 1, link: 2 } as const;

// Paths are BLOBs: names need not be UTF-8, and bytes sort a directory before what is in it.
// "Below P" is the range from P/ to P0: 0 is the character after the slash.
const below = "path >= CAST(old.path || '/' AS BLOB) AND path < CAST(old.path || '0' AS BLOB)";

// Entries may come from the far side. What could not be read back must not get in: a row that is no
// entry would count as damage.
const entryColumns = `
  kind INTEGER NOT NULL, digest BLOB, size INTEGER, executable INTEGER, mode INTEGER, mtime REAL, target BLOB,
  CHECK (CASE kind
    WHEN ${kinds.file} THEN digest IS NOT NULL AND length(digest) = 32 AND size IS NOT NULL
      AND size BETWEEN 0 AND ${Number.MAX_SAFE_INTEGER} AND mode IS NOT NULL AND mtime IS NOT NULL
    WHEN ${kinds.directory} THEN mode IS NOT NULL
    WHEN ${kinds.link} THEN target IS NOT NULL
    ELSE 0 END)`;

const conflictTable =
  'CREATE TABLE conflict (id INTEGER PRIMARY KEY AUTOINCREMENT, time REAL NOT NULL, data TEXT NOT NULL) STRICT;';

const arrivalTable = `CREATE TABLE arrival (
  id INTEGER PRIMARY KEY AUTOINCREMENT, path BLOB NOT NULL, side TEXT NOT NULL, time REAL NOT NULL,
  batch REAL NOT NULL, author TEXT, before TEXT NOT NULL, after TEXT NOT NULL
) STRICT;
CREATE INDEX arrival_time ON arrival (time);`;

const schema = `
CREATE TABLE base (path BLOB PRIMARY KEY NOT NULL, ${entryColumns}) STRICT, WITHOUT ROWID;
CREATE TRIGGER base_removed AFTER DELETE ON base WHEN old.kind = ${kinds.directory}
  BEGIN DELETE FROM base WHERE ${below}; END;
CREATE TRIGGER base_retyped AFTER UPDATE ON base WHEN old.kind = ${kinds.directory} AND new.kind <> old.kind
  BEGIN DELETE FROM base WHERE ${below}; END;

CREATE TABLE version (
  id INTEGER PRIMARY KEY AUTOINCREMENT, path BLOB NOT NULL, side TEXT NOT NULL, time REAL NOT NULL,
  reason TEXT NOT NULL, author TEXT, content BLOB, ${entryColumns}
) STRICT;
CREATE INDEX version_path ON version (path, id);
CREATE INDEX version_time ON version (time);
CREATE INDEX version_kept ON version (time, id) WHERE content IS NOT NULL;
CREATE INDEX version_content ON version (content) WHERE content IS NOT NULL;

CREATE TABLE content (digest BLOB PRIMARY KEY, size INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE event (id INTEGER PRIMARY KEY AUTOINCREMENT, time REAL NOT NULL, type TEXT NOT NULL, data TEXT NOT NULL) STRICT;
${conflictTable}
${arrivalTable}
CREATE TABLE value (key TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT;
CREATE TABLE meta (key TEXT PRIMARY KEY, value REAL NOT NULL) STRICT;
`;

/** What makes the tables of a version into those of the next; the first is for version 1. */
const migrations: readonly string[] = [conflictTable, arrivalTable];

/** Makes the tables, in one transaction. */
export function createSchema(connection: Connection): void {
  connection.transaction(
    () => connection.exec(`${schema} PRAGMA user_version = ${schemaVersion};`),
    { durable: true },
  );
}

/** Brings the tables of an earlier version up to date, in one transaction. */
export function migrateSchema(connection: Connection): void {
  const version = Number(connection.get('PRAGMA user_version')?.user_version);
  if (version < 1 || version >= schemaVersion) return;
  const steps = migrations.slice(version - 1).join('\n');
  connection.transaction(
    () => connection.exec(`${steps} PRAGMA user_version = ${schemaVersion};`),
    { durable: true },
  );
}

/**
 * 'empty' when no table has been made yet, 'good' when it can be used; throws Damage else. With
 * 'unclean' every page is looked at when the last writer did not come to close the database.
 */
export function checkSchema(
  connection: Connection,
  options: { readonly thorough: 'unclean' | 'never' },
): 'empty' | 'good' {
  const version = Number(connection.get('PRAGMA user_version')?.user_version);
  const tables = Number(connection.get('SELECT count(*) AS n FROM sqlite_schema')?.n);
  if (version === 0 && tables === 0) return 'empty';
  if (version !== schemaVersion)
    throw new Damage(`its tables have version ${version}, this program knows ${schemaVersion}`);
  if (options.thorough === 'unclean' && getMeta(connection, 'clean') !== 1) quickCheck(connection);
  return 'good';
}

function quickCheck(connection: Connection): void {
  const result = connection.get('PRAGMA quick_check(1)')?.quick_check;
  if (result !== 'ok') throw new Damage(String(result));
}

/**
 * Numbers of the store's own: `clean` (the last close was one), `damaged` (when a database was lost),
 * `arrivals` (those until then were let go for their number).
 */
export type MetaKey = 'clean' | 'damaged' | 'arrivals';

export function getMeta(connection: Connection, key: MetaKey): number | undefined {
  const row = connection.get('SELECT value FROM meta WHERE key = ?', key);
  return row === undefined ? undefined : Number(row.value);
}

export function setMeta(connection: Connection, key: MetaKey, value: number): void {
  connection.run('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)', key, value);
}
