/** The base in its table: rows are read in pages, so that memory stays small whatever the tree. */
import type { Entry } from '../tree/entry.ts';
import { fromBytes, type Path, toBytes } from '../tree/path.ts';
import type { Connection } from './connection.ts';
import { entryFields, entryHoles, entryNames, toColumns, toEntry } from './row.ts';
import type { BaseChange } from './store.ts';

// A page costs far less than an iterator's step for every row, and nothing stays open in between.
const pageRows = 1000;

const selectPage = `SELECT path, ${entryFields} FROM base WHERE path > ? ORDER BY path LIMIT ${pageRows}`;
// An UPDATE where the row is there, not a REPLACE: the trigger for changes of kind hangs on it.
const upsert = `INSERT INTO base (path, ${entryNames}) VALUES (?, ${entryHoles})
  ON CONFLICT (path) DO UPDATE SET kind = excluded.kind, digest = excluded.digest, size = excluded.size,
  executable = excluded.executable, mode = excluded.mode, mtime = excluded.mtime, target = excluded.target`;

export interface BasePage {
  readonly rows: readonly (readonly [Path, Entry])[];
  /** Where the next page begins; undefined after the last. */
  readonly next: Uint8Array | undefined;
}

/** The rows after `after` (an empty array for the first page), a directory before what is in it. */
export function readBasePage(connection: Connection, after: Uint8Array): BasePage {
  const found = connection.all(selectPage, after);
  const rows = found.map((row) => [fromBytes(row.path as Uint8Array), toEntry(row)] as const);
  return { rows, next: found.length < pageRows ? undefined : (found.at(-1)?.path as Uint8Array) };
}

/** Inside a transaction. What goes takes everything below it along. */
export function writeBase(connection: Connection, changes: readonly BaseChange[]): void {
  for (const [path, entry] of changes) {
    if (entry === null) connection.run('DELETE FROM base WHERE path = ?', toBytes(path));
    else connection.run(upsert, toBytes(path), ...toColumns(entry));
  }
}
