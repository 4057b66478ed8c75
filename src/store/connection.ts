/**
 * One open database: prepared statements are made once and used again, transactions are all or
 * nothing, and what SQLite throws becomes either `Damage` or a CaiError.
 */
import { CaiError } from '../errors.ts';
import {
  type Database,
  openDatabase,
  type SqlRow,
  type SqlValue,
  type Statement,
  sqliteCode,
} from './sqlite.ts';

/** The database does not hold what it should; the store moves it aside and starts anew. */
export class Damage extends Error {}

export interface Connection {
  /** Runs SQL without results. */
  exec(sql: string): void;
  /** Runs a statement; returns the rowid of the last row inserted. */
  run(sql: string, ...values: SqlValue[]): number;
  get(sql: string, ...values: SqlValue[]): SqlRow | undefined;
  all(sql: string, ...values: SqlValue[]): SqlRow[];
  /** As `all`, but each row is the array of its values. */
  arrays(sql: string, ...values: SqlValue[]): unknown[][];
  /** All or nothing. `durable`: on disk when it returns; else it survives a crash, but maybe not a power cut. */
  transaction<T>(work: () => T, options?: { readonly durable?: boolean }): T;
  close(): void;
}

const writerSettings =
  'PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 16777216; PRAGMA synchronous = NORMAL;';

/** Opens a database file that exists (an empty one will do). */
export function connect(file: string, options: { readonly readOnly: boolean }): Connection {
  const database = translated(() => openDatabase(file, options));
  try {
    translated(() => {
      database.exec('PRAGMA busy_timeout = 5000; PRAGMA cache_size = -8000;');
      if (!options.readOnly) database.exec(writerSettings);
    });
    return wrap(database);
  } catch (thrown) {
    database.close();
    throw thrown;
  }
}

function wrap(database: Database): Connection {
  const statements = new Map<string, Statement>();
  const prepared = (sql: string): Statement => {
    let statement = statements.get(sql);
    if (statement === undefined) {
      statement = prepare(database, sql);
      statements.set(sql, statement);
    }
    return statement;
  };
  return {
    exec: (sql) => translated(() => database.exec(sql)),
    run: (sql, ...values) => translated(() => Number(prepared(sql).run(...values).lastInsertRowid)),
    get: (sql, ...values) => translated(() => prepared(sql).get(...values)),
    all: (sql, ...values) => translated(() => prepared(sql).all(...values)),
    arrays: (sql, ...values) => translated(() => allArrays(prepared(sql), values)),
    transaction: (work, { durable = false } = {}) =>
      translated(() => {
        if (!durable) return transact(database, work);
        database.exec('PRAGMA synchronous = FULL');
        try {
          return transact(database, work);
        } finally {
          database.exec('PRAGMA synchronous = NORMAL');
        }
      }),
    close: () => {
      statements.clear();
      database.close();
    },
  };
}

/** All SQL is this program's own; when a statement does not fit the tables, the tables are wrong. */
function prepare(database: Database, sql: string): Statement {
  try {
    return database.prepare(sql);
  } catch (thrown) {
    if (sqliteCode(thrown) !== 1) throw thrown;
    throw new Damage((thrown as Error).message, { cause: thrown });
  }
}

function allArrays(statement: Statement, values: SqlValue[]): unknown[][] {
  statement.setReturnArrays?.(true);
  const rows: unknown[] = statement.all(...values);
  return rows.map((row) => (Array.isArray(row) ? row : Object.values(row as SqlRow)));
}

function transact<T>(database: Database, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (thrown) {
    rollback(database);
    throw thrown;
  }
}

/** SQLite has rolled back by itself after some errors; the first error is the one that counts. */
function rollback(database: Database): void {
  try {
    database.exec('ROLLBACK');
  } catch {}
}

function translated<T>(work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw translate(thrown);
  }
}

const retry = 'Try again; if it stays so, look at the disk that holds the state directory.';

function translate(thrown: unknown): unknown {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  switch (sqliteCode(thrown)) {
    case undefined:
      // A number that no JavaScript number holds: this program never wrote one.
      return hasField(thrown, 'code', 'ERR_OUT_OF_RANGE')
        ? new Damage(message, { cause: thrown })
        : thrown;
    case 10: // SQLITE_IOERR; with SQLITE_IOERR_SHORT_READ the file ends where more should be.
      return hasField(thrown, 'errcode', 522)
        ? new Damage(message, { cause: thrown })
        : new CaiError('IO', `The session’s database failed: ${message}.`, {
            cause: thrown,
            next: retry,
          });
    case 11: // SQLITE_CORRUPT
    case 26: // SQLITE_NOTADB
      return new Damage(message, { cause: thrown });
    case 5: // SQLITE_BUSY
      return new CaiError('BUSY', 'The session’s database is in use by another process.', {
        cause: thrown,
        next: 'Try again.',
      });
    case 8: // SQLITE_READONLY
      return new CaiError('STATE', 'The session’s database can only be read.', {
        cause: thrown,
        next: 'Check the permissions of the state directory.',
      });
    case 13: // SQLITE_FULL
      return new CaiError('NO_SPACE', 'No space left for the session’s database.', {
        cause: thrown,
        next: 'Make room on the disk.',
      });
    default:
      return new CaiError('STATE', `The session’s database failed: ${message}.`, {
        cause: thrown,
        next: retry,
      });
  }
}

function hasField(thrown: unknown, field: string, value: unknown): boolean {
  return (thrown as Record<string, unknown> | undefined)?.[field] === value;
}
