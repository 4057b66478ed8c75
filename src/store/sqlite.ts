/**
 * Opens SQLite databases: with the `node:sqlite` of Node 22.13 and later, else with a package of the
 * same interface. Both are found at run time, so that a bundler leaves them outside.
 */
import { createRequire } from 'node:module';

export type SqlValue = null | number | string | Uint8Array;
export type SqlRow = Record<string, unknown>;

export interface Statement {
  run(...values: SqlValue[]): {
    readonly changes: number | bigint;
    readonly lastInsertRowid: number | bigint;
  };
  get(...values: SqlValue[]): SqlRow | undefined;
  all(...values: SqlValue[]): SqlRow[];
  /** Rows as arrays from now on, which is faster; from Node 22.16 on. */
  setReturnArrays?(enabled: boolean): void;
}

/** The part of `DatabaseSync` that is used here. */
export interface Database {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

interface Driver {
  readonly DatabaseSync: new (file: string, options: { readonly readOnly: boolean }) => Database;
}

let driver: Driver | undefined;

/** Opens a database file; throws what SQLite throws (see `sqliteCode`). */
export function openDatabase(
  file: string,
  options: { readonly readOnly?: boolean } = {},
): Database {
  driver ??= loadDriver();
  return new driver.DatabaseSync(file, { readOnly: options.readOnly ?? false });
}

// The package leaves the code off what its all() throws; SQLite's own messages are fixed.
const codes: Readonly<Record<string, number>> = {
  'database is locked': 5,
  'attempt to write a readonly database': 8,
  'disk I/O error': 10,
  'database disk image is malformed': 11,
  'database or disk is full': 13,
  'file is not a database': 26,
};

/** SQLite's primary result code (5 busy, 11 corrupt …) of something thrown, or undefined. */
export function sqliteCode(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const { code, errcode } = thrown as { code?: unknown; errcode?: unknown };
  if (typeof errcode === 'number') return errcode & 0xff;
  return code === 'ERR_SQLITE_ERROR' ? (codes[thrown.message] ?? 1) : undefined;
}

function loadDriver(): Driver {
  return (
    (quietly(() => process.getBuiltinModule?.('node:sqlite')) as Driver | undefined) ??
    loadPackage()
  );
}

function loadPackage(): Driver {
  const load = createRequire(import.meta.url);
  const name = '@photostructure/sqlite';
  return load(name) as Driver;
}

/** Runs `load` without the warning that Node 22 prints when node:sqlite is loaded; others pass. */
function quietly<T>(load: () => T): T {
  const emitWarning: unknown = Reflect.get(process, 'emitWarning');
  const filtered = (warning: string | Error, ...rest: unknown[]): void => {
    if (rest[0] === 'ExperimentalWarning' && String(warning).includes('SQLite')) return;
    Reflect.apply(emitWarning as typeof filtered, process, [warning, ...rest]);
  };
  process.emitWarning = filtered;
  try {
    return load();
  } finally {
    Reflect.set(process, 'emitWarning', emitWarning);
  }
}
