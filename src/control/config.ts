/** Reads the `[sync]` tables of containai.toml. Errors name the file and the line. */
import { dirname } from 'node:path';
import { parseToml, readToml, schemaError, type TomlFile } from '../config/toml.ts';
import { isTable, type Table } from '../config/values.ts';
import { CaiError } from '../errors.ts';
import { readSyncTable, type SyncTable } from './config-schema.ts';

export interface ConfiguredSession extends SyncTable {
  /** NAME of `[sync.NAME]`; absent for `[sync]`. */
  readonly name?: string;
  /** Directory of the file, which `local` and a local `remote` are relative to. */
  readonly directory: string;
}

export interface Config {
  readonly path: string;
  readonly sessions: readonly ConfiguredSession[];
}

/** Reads a configuration file; throws CONFIG. */
export function loadConfig(path: string): Config {
  return readSessions(readToml(path));
}

/** Reads a configuration's text; throws CONFIG. */
export function parseConfig(text: string, path: string): Config {
  return readSessions(parseToml(text, path));
}

function readSessions(file: TomlFile): Config {
  const { path } = file;
  const directory = dirname(path);
  const { sync } = file.table;
  if (!isTable(sync)) {
    throw new CaiError('CONFIG', `${path} has no [sync] table.`, {
      path,
      next: 'Write one with at least `remote = "CONTAINER:/PATH"`; see docs/configuration.md.',
    });
  }
  const sessions: ConfiguredSession[] = [];
  for (const [name, table] of namedTables(sync)) {
    const keys = name === undefined ? ['sync'] : ['sync', name];
    try {
      sessions.push({
        ...readSyncTable(table),
        directory,
        ...(name === undefined ? {} : { name }),
      });
    } catch (error) {
      throw schemaError(error, file, { keys });
    }
  }
  return { path, sessions };
}

/** `[sync.NAME]` tables when there is nothing but tables, else the one `[sync]`. */
function namedTables(sync: Table): readonly (readonly [string | undefined, Table])[] {
  const entries = Object.entries(sync);
  const several =
    entries.length > 0 &&
    entries.every(([name, value]) => isTable(value) && name !== 'history' && name !== 'holds');
  return several ? (entries as [string, Table][]) : [[undefined, sync]];
}
