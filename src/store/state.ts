/**
 * The database of a store that is open for writing: found good, made new, or found damaged, moved
 * aside and made new. Damage never fails an opening: a lost base only means a merge (invariant 4).
 */
import { existsSync, rmSync, statSync } from 'node:fs';
import { CaiError } from '../errors.ts';
import { type Connection, connect, Damage } from './connection.ts';
import { moveAside } from './damage.ts';
import {
  databaseFile,
  databaseFiles,
  findDatabase,
  makePrivateFile,
  type StoreFiles,
} from './files.ts';
import { checkSchema, createSchema, migrateSchema, setMeta } from './schema.ts';
import { sqliteCode } from './sqlite.ts';
import type { StoreCondition } from './store.ts';

export interface State {
  readonly connection: Connection;
  readonly condition: StoreCondition;
  /** Sum over the contents that are kept. */
  readonly keptBytes: number;
}

/** The writer's lock must be held. */
export function openState(files: StoreFiles, now: number): State {
  try {
    return openSound(files);
  } catch (thrown) {
    if (!isDamage(thrown)) throw thrown;
    return startAnew(files, (thrown as Error).message, now);
  }
}

/** The old database must be closed. */
function startAnew(files: StoreFiles, reason: string, now: number): State {
  return beginAnew(files, { movedTo: moveAside(files.directory, reason, now), reason }, now);
}

/** The old database has been moved aside. What fails leaves nothing half made: it can be tried again. */
export function beginAnew(
  files: StoreFiles,
  old: { readonly movedTo: string; readonly reason: string },
  now: number,
): State {
  const connection = openFile(databaseFile(files.directory, old.movedTo));
  try {
    createSchema(connection);
    setMeta(connection, 'damaged', now);
    setMeta(connection, 'clean', 0);
    // Ids go on far above those of the lost history, so that an old one never names a new version.
    for (const table of ['version', 'conflict']) {
      connection.run(
        'INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)',
        table,
        Math.floor(now / 1000),
      );
    }
    return { connection, condition: { state: 'damaged', ...old }, keptBytes: 0 };
  } catch (thrown) {
    connection.close();
    for (const file of databaseFiles(files.directory)) rmSync(file, { force: true });
    throw thrown;
  }
}

/** Marks the database as good as it stands, so that the next opening need not check it all. */
export function closeState(connection: Connection): void {
  try {
    setMeta(connection, 'clean', 1);
    // Closing does not always do this at once (see files.ts).
    connection.all('PRAGMA wal_checkpoint(TRUNCATE)');
  } catch {
    // Then the next opening checks, and deals with what it finds.
  } finally {
    connection.close();
  }
}

function openSound(files: StoreFiles): State {
  const remains = existsSync(files.objects);
  const database = findDatabase(files.directory);
  if (database === undefined && (remains || databaseFiles(files.directory).length > 0)) {
    throw new Damage('it is missing');
  }
  // Before SQLite sees it: it would begin to fill it.
  if (database !== undefined && remains && statSync(database).size === 0) {
    throw new Damage('it is empty');
  }
  const connection = openFile(database ?? databaseFile(files.directory));
  try {
    migrateSchema(connection);
    const found = checkSchema(connection, { thorough: 'unclean' });
    if (found === 'empty' && remains) throw new Damage('it is empty');
    if (found === 'empty') createSchema(connection);
    setMeta(connection, 'clean', 0);
    const sum = connection.get('SELECT coalesce(sum(size), 0) AS bytes FROM content');
    const condition = { state: found === 'empty' ? 'new' : 'good' } as const;
    return { connection, condition, keptBytes: Number(sum?.bytes) };
  } catch (thrown) {
    connection.close();
    throw thrown;
  }
}

function openFile(database: string): Connection {
  makePrivateFile(database);
  return connect(database, { readOnly: false });
}

/** While opening, also what only a damaged header can cause: "read only" or "unsupported format". */
function isDamage(thrown: unknown): boolean {
  if (thrown instanceof Damage) return true;
  return thrown instanceof CaiError && [1, 8, 24].includes(sqliteCode(thrown.cause) ?? 0);
}
