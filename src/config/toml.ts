/** Reads TOML; every error names the file and the line. */
import { readFileSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import { CaiError, toCaiError } from '../errors.ts';
import { SchemaFault, type Table } from './values.ts';

export interface TomlFile {
  readonly path: string;
  readonly text: string;
  readonly table: Table;
}

/** Reads a file; throws CONFIG. */
export function readToml(path: string): TomlFile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new CaiError('CONFIG', `${path} cannot be read: ${toCaiError(error).message}`, {
      path,
      next: 'Name a file that is there and that you may read.',
      cause: error,
    });
  }
  return parseToml(text, path);
}

/** Reads a file's text; throws CONFIG. */
export function parseToml(text: string, path: string): TomlFile {
  try {
    return { path, text, table: parse(text) };
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

/** A fault of the schema as an error with file and line; `keys` lead to the table that was read. */
export function schemaError(
  error: unknown,
  file: Pick<TomlFile, 'path' | 'text'>,
  { keys = [], docs = 'docs/configuration.md' }: SchemaErrorOptions = {},
): CaiError {
  const { path, text } = file;
  if (!(error instanceof SchemaFault)) return toCaiError(error, path);
  const line = lineOf(text, [...keys, ...error.key.split('.').filter((part) => part !== '')]);
  return new CaiError('CONFIG', `${path}:${line}: ${error.message}.`, {
    path,
    next: `Correct that line; ${docs} names all keys.`,
  });
}

export interface SchemaErrorOptions {
  readonly keys?: readonly string[];
  /** The page that names all keys. */
  readonly docs?: string;
}

/** The line on which a key is set, else the nearest table or key above it that is written down. */
export function lineOf(text: string, keys: readonly string[]): number {
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

/** The names of a dotted key; quoted ones may hold dots. */
function split(dotted: string): string[] {
  const names = dotted.match(/"[^"]*"|'[^']*'|[^.]+/g) ?? [];
  return names.map((name) => name.trim().replace(/^["']|["']$/g, ''));
}
