/** The base in its table: rows are read in pages, so that memory stays small whatever the tree. */
import type { Entry } from '../tree/entry.ts';
import { type Path, toBytes } from '../tree/path.ts';
import type { Connection } from './connection.ts';
import { entryFields, entryHoles, entryNames, toColumns, toEntry, toPath } from './row.ts';
import type { SqlValue } from './sqlite.ts';
import type { BaseChange } from './store.ts';

// A page costs far less than an iterator's step for every row, and nothing stays open in between.
const pageRows = 1000;
const selectPage = `SELECT path, ${entryFields} FROM base WHERE path > ? ORDER BY path LIMIT ${pageRows}`;

// The call of a statement costs more than the row it writes: many changes go in by the batch.
const batchRows = 25;
const upsertOne = upsert(1);
const upsertBatch = upsert(batchRows);
const remove = 'DELETE FROM base WHERE path = ?';

export interface BasePage {
  readonly rows: readonly (readonly [Path, Entry])[];
  /** Where the next page begins; undefined after the last. */
  readonly next: Uint8Array | undefined;
}

/** The rows after `after`, a directory before what is in it. */
export function readBasePage(connection: Connection, after: Uint8Array): BasePage {
  const found = connection.arrays(selectPage, after);
  const rows = found.map(([path, ...columns]) => [toPath(path), toEntry(columns)] as const);
  const last = found.at(-1)?.[0] as Uint8Array | undefined;
  return { rows, next: found.length < pageRows ? undefined : last };
}

/** Inside a transaction. What goes takes everything below it along. */
export function writeBase(connection: Connection, changes: readonly BaseChange[]): void {
  let batch: SqlValue[][] = [];
  const writeBatch = (): void => {
    if (batch.length === batchRows) connection.run(upsertBatch, ...batch.flat());
    else for (const row of batch) connection.run(upsertOne, ...row);
    batch = [];
  };
  for (const [path, entry] of changes) {
    if (entry === null) {
      writeBatch();
      connection.run(remove, toBytes(path));
    } else {
      batch.push([toBytes(path), ...toColumns(entry)]);
      if (batch.length === batchRows) writeBatch();
    }
  }
  writeBatch();
}

/** An UPDATE where the row is there, not a REPLACE: the trigger for a change of kind hangs on it. */
function upsert(rows: number): string {
  return `INSERT INTO base (path, ${entryNames}) VALUES ${Array(rows).fill(`(?, ${entryHoles})`).join(', ')}
    ON CONFLICT (path) DO UPDATE SET kind = excluded.kind, digest = excluded.digest, size = excluded.size,
    executable = excluded.executable, mode = excluded.mode, mtime = excluded.mtime, target = excluded.target`;
}
