/**
 * The settings that one file holds. A file that a person named is taken strictly: the first fault is
 * an error. One that was found is taken leniently: each fault is a warning, and the rest counts.
 */
import { statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { CaiError, toCaiError } from '../errors.ts';
import { type Settings, settingKeys, settingTables, valueAt } from './settings-schema.ts';
import { lineOf, parseToml, readToml, schemaError, type TomlFile } from './toml.ts';
import { isTable, SchemaFault, type Table, wrong } from './values.ts';

export type FileKind = 'workspace-file' | 'user-file';

export interface FileSettings {
  readonly path: string;
  readonly kind: FileKind;
  readonly values: Partial<Settings>;
  /** The line of each value. */
  readonly lines: Readonly<Partial<Record<keyof Settings, number>>>;
  readonly warnings: readonly string[];
}

export interface FileQuery {
  readonly path: string;
  readonly kind: FileKind;
  readonly strict: boolean;
  /** For `[workspace."PATH"]` tables, which only the user's file has. */
  readonly workspace: string;
}

/** Reads a file that exists. Throws CONFIG when it is taken strictly. */
export function readSettingsFile(query: FileQuery): FileSettings {
  const none = { path: query.path, kind: query.kind, values: {}, lines: {} };
  try {
    const stranger = query.strict ? undefined : strangerFault(query.path);
    if (stranger !== undefined) return { ...none, warnings: [stranger] };
    return settingsOf(readToml(query.path), query);
  } catch (error) {
    if (query.strict) throw error;
    return { ...none, warnings: [`${toCaiError(error).message} It is left out.`] };
  }
}

/** As readSettingsFile, of a text. */
export function parseSettings(text: string, query: FileQuery): FileSettings {
  return settingsOf(parseToml(text, query.path), query);
}

function settingsOf(file: TomlFile, query: FileQuery): FileSettings {
  const warnings: string[] = [];
  const values: Record<string, unknown> = {};
  const lines: Record<string, number> = {};
  for (const { keys, table } of tablesOf(file, query)) {
    const fault = (thrown: unknown): void => {
      const error = schemaError(thrown, file, { keys });
      if (query.strict) throw error;
      warnings.push(`${error.message} It is left out.`);
    };
    for (const unknown of unknownKeys(table, keys.length === 0)) fault(unknown);
    for (const { name, key, read, userOnly } of settingKeys) {
      const value = valueAt(table, key);
      if (value === undefined) continue;
      try {
        if (userOnly && query.kind !== 'user-file')
          throw new SchemaFault(key, `"${key}" counts only in the user's own configuration`);
        values[name] = read(value, key);
        lines[name] = lineOf(file.text, [...keys, ...key.split('.')]);
      } catch (thrown) {
        fault(thrown);
      }
    }
  }
  return { path: query.path, kind: query.kind, values, lines, warnings };
}

interface Part {
  readonly keys: readonly string[];
  readonly table: Table;
}

/** The file itself, then the tables of the user's file that speak of the workspace, the nearest last. */
function tablesOf(file: TomlFile, { kind, workspace }: FileQuery): readonly Part[] {
  const whole: Part = { keys: [], table: file.table };
  const workspaces = file.table.workspace;
  if (kind !== 'user-file' || !isTable(workspaces)) return [whole];
  const parts = Object.entries(workspaces)
    .filter(([path, table]) => isTable(table) && isAbsolute(path) && holds(path, workspace))
    .sort(([a], [b]) => a.length - b.length)
    .map(([path, table]) => ({ keys: ['workspace', path], table: table as Table }));
  return [whole, ...parts];
}

function holds(directory: string, path: string): boolean {
  const top = directory.replace(/\/+$/, '');
  return path === top || path.startsWith(`${top}/`);
}

/** Keys in our tables, and values outside any table, that are not known. */
function unknownKeys(table: Table, isTop: boolean): readonly SchemaFault[] {
  const known = settingKeys.map(({ key }) => key);
  return Object.entries(table).flatMap(([name, value]) => {
    if (known.includes(name)) return [];
    if (!settingTables.includes(name)) {
      const foreign = isTop && (isTable(value) || Array.isArray(value));
      return foreign ? [] : [unknownKey(name, known)];
    }
    if (!isTable(value)) return [wrong(name, 'a table')];
    return Object.keys(value)
      .map((key) => `${name}.${key}`)
      .filter((key) => !known.includes(key))
      .map((key) => unknownKey(key, known));
  });
}

function unknownKey(key: string, known: readonly string[]): SchemaFault {
  return new SchemaFault(key, `there is no key "${key}"; there are ${known.join(', ')}`);
}

/** A file that stands on the way up may be somebody else's: that one is not obeyed. */
function strangerFault(path: string): string | undefined {
  const mine = process.geteuid?.();
  if (mine === undefined || mine === 0) return undefined;
  const { uid } = statSync(path);
  if (uid === mine || uid === 0) return undefined;
  return `${path} belongs to another user (uid ${uid}). It is left out; name it with --config to use it.`;
}

/** The file that --config names. Throws CONFIG when it is not there. */
export function requireFile(path: string): void {
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) return;
  throw new CaiError('CONFIG', `There is no configuration file ${path}.`, {
    path,
    next: 'Name one that is there, or leave --config out.',
  });
}
