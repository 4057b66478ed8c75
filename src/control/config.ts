/** Reads the `[sync]` tables of containai.toml. Errors name the file and the line. */
import { dirname } from 'node:path';
import { lineOf, parseToml, readToml, schemaError, type TomlFile } from '../config/toml.ts';
import { isTable, type Table } from '../config/values.ts';
import { CaiError } from '../errors.ts';
import { readOptions, readSyncTable, type SyncTable, tableKeys } from './config-schema.ts';

export interface ConfiguredSession extends SyncTable {
  /** NAME of `[sync.NAME]`; absent for `[sync]`. */
  readonly name?: string;
  /** Directory of the file, which `local` and a local `remote` are relative to. */
  readonly directory: string;
}

export interface Config {
  readonly path: string;
  readonly sessions: readonly ConfiguredSession[];
  /** The line on which a key of a session is set; `key` is without the table's name. */
  readonly line: (session: ConfiguredSession, key: string) => number;
}

/** Reads a configuration file; throws CONFIG. */
export function loadConfig(path: string): Config {
  return readSessions(readToml(path));
}

/** Whether it says what to watch; a `[sync]` table may also hold options only. Throws CONFIG. */
export function describesSessions(path: string): boolean {
  const { sync } = readToml(path).table;
  return isTable(sync) && ('remote' in sync || tablesOf(sync).named.length > 0);
}

/** Reads a configuration's text; throws CONFIG. */
export function parseConfig(text: string, path: string): Config {
  return readSessions(parseToml(text, path));
}

function readSessions(file: TomlFile): Config {
  const { path } = file;
  const { sync } = file.table;
  if (!isTable(sync)) {
    throw new CaiError('CONFIG', `${path} has no [sync] table.`, {
      path,
      next: 'Write one with at least `remote = "CONTAINER:/PATH"`; see docs/configuration.md.',
    });
  }
  const { named, shared } = tablesOf(sync);
  const common = checked(file, ['sync'], () => (named.length === 0 ? {} : readOptions(shared)));
  const one = named.length === 0 ? [undefined] : named;
  const sessions = one.map((name): ConfiguredSession => {
    const keys = name === undefined ? ['sync'] : ['sync', name];
    const table = name === undefined ? sync : (sync[name] as Table);
    const { options, ...roots } = checked(file, keys, () => readSyncTable(table));
    return {
      ...roots,
      options: { ...common, ...options },
      directory: dirname(path),
      ...(name === undefined ? {} : { name }),
    };
  });
  return { path, sessions, line: (session, key) => lineIn(file, session, key) };
}

function checked<T>(file: TomlFile, keys: readonly string[], read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw schemaError(error, file, { keys });
  }
}

interface Tables {
  readonly named: readonly string[];
  /** What all of them have. */
  readonly shared: Table;
}

/** `[sync.NAME]` tables where `[sync]` itself names no other side, else the one `[sync]`. */
function tablesOf(sync: Table): Tables {
  const isNamed = ([name, value]: [string, unknown]): boolean =>
    isTable(value) && !tableKeys.includes(name);
  const entries = Object.entries(sync);
  if ('remote' in sync || 'local' in sync) return { named: [], shared: {} };
  return {
    named: entries.filter(isNamed).map(([name]) => name),
    shared: Object.fromEntries(entries.filter((entry) => !isNamed(entry))),
  };
}

function lineIn({ text, table }: TomlFile, { name }: ConfiguredSession, key: string): number {
  const sync = table.sync as Table;
  const own = name === undefined ? undefined : (sync[name] as Table);
  return lineOf(
    text,
    own !== undefined && key in own ? ['sync', name as string, key] : ['sync', key],
  );
}
