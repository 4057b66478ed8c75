/**
 * The settings that one file holds. A file that a person named is taken strictly: the first fault is
 * an error. One that was found is taken leniently: each fault is a warning, and the rest counts.
 */
import { statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { CaiError, toCaiError } from '../errors.ts';
import { type KeyTable, type SettingKey, valueAt } from './key-table.ts';
import type { Layer, Origin } from './layers.ts';
import { lineOf, parseToml, readToml, schemaError, type TomlFile } from './toml.ts';
import { isTable, SchemaFault, type Table, wrong } from './values.ts';

export type FileKind = 'workspace-file' | 'user-file';

export interface FileSettings<T> extends Layer<T> {
  readonly path: string;
  readonly kind: FileKind;
  readonly warnings: readonly string[];
  /** Something in it could not be understood, so nobody knows what it should have said. */
  readonly doubtful: boolean;
}

export interface FileQuery {
  readonly path: string;
  readonly kind: FileKind;
  readonly strict: boolean;
  /** For `[workspace."PATH"]` tables, which only the user's file has. */
  readonly workspace: string;
}

/** Reads a file that exists. Throws CONFIG when it is taken strictly. */
export function readSettingsFile<T>(table: KeyTable<T>, query: FileQuery): FileSettings<T> {
  try {
    const stranger = query.strict ? undefined : strangerFault(query.path);
    if (stranger !== undefined) return nothingOf(query, stranger);
    return settingsOf(table, readToml(query.path), query);
  } catch (error) {
    if (query.strict) throw error;
    return nothingOf(query, leftOut(toCaiError(error).message));
  }
}

/** As readSettingsFile, of a text. */
export function parseSettings<T>(
  table: KeyTable<T>,
  text: string,
  query: FileQuery,
): FileSettings<T> {
  return settingsOf(table, parseToml(text, query.path), query);
}

function nothingOf<T>({ path, kind }: FileQuery, warning: string): FileSettings<T> {
  const origin = (): Origin => ({ kind, path, line: 1 });
  return { path, kind, values: {}, origin, warnings: [warning], doubtful: true };
}

function leftOut(message: string): string {
  return `${message.replace(/\.?$/, '.')} It is left out.`;
}

function settingsOf<T>(known: KeyTable<T>, file: TomlFile, query: FileQuery): FileSettings<T> {
  const { path, kind } = query;
  const warnings: string[] = [];
  const values: Partial<T> = {};
  const lines = new Map<keyof T, number>();
  let doubtful = false;
  for (const { keys, table } of tablesOf(file, query)) {
    const fault = (thrown: unknown): void => {
      const error = schemaError(thrown, file, { keys });
      if (query.strict) throw error;
      warnings.push(leftOut(error.message));
      doubtful ||= !(thrown instanceof MisplacedKey);
    };
    const place: Place = { isTop: keys.length === 0, kind };
    for (const unknown of unknownKeys(known, table, place)) fault(unknown);
    for (const each of known.keys) {
      const value = valueAt(table, each.key);
      if (value === undefined) continue;
      try {
        checkPlace(each, kind);
        values[each.name] = each.read(value, each.key);
        lines.set(each.name, lineOf(file.text, [...keys, ...each.key.split('.')]));
      } catch (thrown) {
        fault(thrown);
      }
    }
  }
  return {
    path,
    kind,
    values,
    origin: (name) => ({ kind, path, line: lines.get(name) ?? 1 }),
    warnings,
    doubtful,
  };
}

/** A key that means something, and not here. */
class MisplacedKey extends SchemaFault {}

function checkPlace<T>({ key, userOnly, workspaceOnly }: SettingKey<T>, kind: FileKind): void {
  if (userOnly && kind !== 'user-file')
    throw new MisplacedKey(key, `"${key}" counts only in the user's own configuration`);
  if (workspaceOnly && kind !== 'workspace-file')
    throw new MisplacedKey(key, `"${key}" counts only in a workspace's containai.toml`);
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

interface Place {
  readonly isTop: boolean;
  readonly kind: FileKind;
}

/** Keys in our tables, and values outside any table, that are not known. */
function unknownKeys<T>(
  { keys, tables, isOther, isForeign }: KeyTable<T>,
  table: Table,
  { isTop, kind }: Place,
): readonly SchemaFault[] {
  const known = keys.map(({ key }) => key);
  return Object.entries(table).flatMap(([name, value]) => {
    if (known.includes(name)) return [];
    if (!tables.includes(name)) {
      return isForeign({ name, value, isTop }) ? [] : [unknownKey(name, known)];
    }
    if (!isTable(value)) return [wrong(name, 'a table')];
    return Object.entries(value)
      .filter(([, each]) => kind === 'user-file' || isOther?.(each) !== true)
      .map(([key]) => `${name}.${key}`)
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
