/** Paths and entries as columns of a table, and back. What cannot be one is damage, never a wrong one. */
import type { Entry } from '../tree/entry.ts';
import { fromBytes, type Path, toBytes } from '../tree/path.ts';
import { Damage } from './connection.ts';
import { kinds } from './schema.ts';
import type { SqlValue } from './sqlite.ts';

/** For INSERT; the digest goes in as hexadecimal, through unhex(). */
export const entryNames = 'kind, digest, size, executable, mode, mtime, target';
export const entryHoles = '?, unhex(?), ?, ?, ?, ?, ?';
/** For SELECT. */
export const entryFields =
  'kind, lower(hex(digest)) AS digest, size, executable, mode, mtime, target';

export function toColumns(
  entry: Entry,
): [SqlValue, SqlValue, SqlValue, SqlValue, SqlValue, SqlValue, SqlValue] {
  switch (entry.kind) {
    case 'file':
      return [
        kinds.file,
        entry.digest,
        entry.size,
        entry.executable ? 1 : 0,
        entry.mode,
        entry.mtime,
        null,
      ];
    case 'directory':
      return [kinds.directory, null, null, null, entry.mode, null, null];
    case 'link':
      return [kinds.link, null, null, null, null, null, toBytes(entry.target)];
  }
}

/** From the values of `entryFields`, in that order. */
export function toEntry(columns: readonly unknown[]): Entry {
  const [kind, digest, size, executable, mode, mtime, target] = columns;
  if (kind === kinds.directory && typeof mode === 'number') return { kind: 'directory', mode };
  if (kind === kinds.link && target instanceof Uint8Array) {
    return { kind: 'link', target: fromBytes(target) };
  }
  if (kind !== kinds.file || typeof digest !== 'string' || digest.length !== 64) throw notAnEntry();
  if (typeof size !== 'number' || typeof mode !== 'number' || typeof mtime !== 'number') {
    throw notAnEntry();
  }
  return { kind: 'file', digest, size, executable: executable === 1, mode, mtime };
}

/** From the value of a path's column. */
export function toPath(column: unknown): Path {
  if (column instanceof Uint8Array && column.length > 0) return fromBytes(column);
  throw new Damage('a row without a path');
}

function notAnEntry(): Damage {
  return new Damage('a row that is no entry');
}
