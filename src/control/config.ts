/** Finds and reads containai.toml. Errors name the file and the line. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { CaiError, toCaiError } from '../errors.ts';
import type { SyncTable } from './config-schema.ts';
import { readSyncTable, SchemaFault } from './config-schema.ts';

export const configName = 'containai.toml';

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

/** The nearest containai.toml from a directory upwards. */
export function findConfig(cwd: string): string | undefined {
  for (let directory = resolve(cwd); ; directory = dirname(directory)) {
    const path = join(directory, configName);
    if (existsSync(path)) return path;
    if (dirname(directory) === directory) return undefined;
  }
}

/** Reads a configuration file; throws CONFIG. */
export function loadConfig(path: string): Config {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new CaiError('CONFIG', `${path} cannot be read: ${toCaiError(error).message}`, {
      path,
      cause: error,
    });
  }
  return parseConfig(text, path);
}

/** Reads a configuration's text; throws CONFIG. */
export function parseConfig(text: string, path: string): Config {
  const file = parseToml(text, path);
  const directory = dirname(path);
  const { sync } = file;
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
      throw schemaError(error, { text, path, keys });
    }
  }
  return { path, sessions };
}

function parseToml(text: string, path: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw toCaiError(error, path);
    const [what] = error.message.split('\n');
    throw new CaiError('CONFIG', `${path}:${error.line}:${error.column}: ${what}`, {
      path,
      next: 'Correct that line.',
      cause: error,
    });
  }
}

type Table = Readonly<Record<string, unknown>>;

function isTable(value: unknown): value is Table {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
  );
}

/** `[sync.NAME]` tables when there is nothing but tables, else the one `[sync]`. */
function namedTables(sync: Table): readonly (readonly [string | undefined, Table])[] {
  const entries = Object.entries(sync);
  const several =
    entries.length > 0 &&
    entries.every(([name, value]) => isTable(value) && name !== 'history' && name !== 'holds');
  return several ? (entries as [string, Table][]) : [[undefined, sync]];
}

function schemaError(
  error: unknown,
  where: { text: string; path: string; keys: readonly string[] },
): CaiError {
  if (!(error instanceof SchemaFault)) return toCaiError(error, where.path);
  const { text, path, keys } = where;
  const line = lineOf(text, [...keys, ...error.key.split('.').filter((part) => part !== '')]);
  return new CaiError('CONFIG', `${path}:${line}: ${error.message}.`, {
    path,
    next: 'Correct that line; docs/configuration.md names all keys.',
  });
}

/** The line on which a key is set, else the nearest table or key above it that is written down. */
function lineOf(text: string, keys: readonly string[]): number {
  let table: readonly string[] = [];
  const counts = new Map<string, number>();
  let best = { line: 1, depth: 0 };
  for (const [index, raw] of text.split('\n').entries()) {
    const header = /^\s*(\[\[?)\s*([^\]]+?)\s*\]/.exec(raw);
    const assigned =
      header === null ? /^\s*([A-Za-z0-9_."'-]+(?:\s*\.\s*[A-Za-z0-9_"'-]+)*)\s*=/.exec(raw) : null;
    if (header !== null) {
      const name = header[2] as string;
      const count = counts.get(name) ?? 0;
      counts.set(name, count + 1);
      table = header[1] === '[' ? split(name) : [...split(name), String(count)];
    }
    if (header === null && assigned === null) continue;
    const full = assigned === null ? table : [...table, ...split(assigned[1] as string)];
    const fits = full.length <= keys.length && full.every((part, at) => part === keys[at]);
    if (fits && full.length > best.depth) best = { line: index + 1, depth: full.length };
  }
  return best.line;
}

function split(dotted: string): string[] {
  return dotted.split('.').map((part) => part.trim().replace(/^["']|["']$/g, ''));
}
