/**
 * The history in its tables: one row a version, newest first when read. A version's content is kept
 * when `content` has it; then the row `version.content` keeps it from being pruned.
 */
import type { Digest } from '../tree/entry.ts';
import { type Path, type Side, toBytes } from '../tree/path.ts';
import type { Connection } from './connection.ts';
import { entryFields, entryHoles, entryNames, toColumns, toEntry, toPath } from './row.ts';
import type { SqlValue } from './sqlite.ts';
import type { HistoryFilter, NewVersion, Version, VersionReason } from './store.ts';

const insertVersion = `INSERT INTO version (path, side, time, reason, author, ${entryNames}, content)
  VALUES (?, ?, ?, ?, ?, ${entryHoles}, unhex(?))`;
const insertContent =
  'INSERT INTO content (digest, size) VALUES (unhex(?), ?) ON CONFLICT DO NOTHING';
const hasContent = 'SELECT 1 FROM content WHERE digest = unhex(?)';
const fields = `id, path, side, time, reason, author, content IS NOT NULL, ${entryFields}`;

/** What the rows are told of the contents on disk. */
export interface ContentSizes {
  has(digest: Digest): boolean;
  /** Bytes of a content, or undefined when it is not there. */
  size(digest: Digest): number | undefined;
}

/** Inside a transaction. Returns the versions, and how many bytes of contents are newly kept. */
export function writeVersions(
  connection: Connection,
  versions: readonly NewVersion[],
  contents: ContentSizes,
): { readonly written: readonly Version[]; readonly bytes: number } {
  let bytes = 0;
  const written = versions.map((version): Version => {
    const { entry } = version;
    const size = entry.kind === 'file' ? contents.size(entry.digest) : undefined;
    const digest = entry.kind === 'file' && size !== undefined ? entry.digest : null;
    if (digest !== null && size !== undefined && connection.get(hasContent, digest) === undefined) {
      connection.run(insertContent, digest, size);
      bytes += size;
    }
    const { path, side, time, reason, by } = version;
    const id = connection.run(
      insertVersion,
      toBytes(path),
      side,
      time,
      reason,
      by ?? null,
      ...toColumns(entry),
      digest,
    );
    return { ...version, id: String(id), kept: entry.kind !== 'file' || digest !== null };
  });
  return { written, bytes };
}

export function readHistory(
  connection: Connection,
  filter: HistoryFilter,
  contents: ContentSizes,
): Version[] {
  const conditions: string[] = [];
  const values: SqlValue[] = [];
  if (filter.path !== undefined && filter.exact === true) {
    conditions.push('path = ?');
    values.push(toBytes(filter.path));
  } else if (filter.path !== undefined && filter.path !== '') {
    conditions.push('(path = ? OR (path >= ? AND path < ?))');
    values.push(toBytes(filter.path), ...rangeBelow(filter.path));
  }
  if (filter.since !== undefined) {
    conditions.push('time >= ?');
    values.push(filter.since);
  }
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  const limit = filter.limit ?? -1;
  const rows = connection.arrays(
    `SELECT ${fields} FROM version ${where} ORDER BY id DESC LIMIT ?`,
    ...values,
    limit,
  );
  return rows.map((row) => toVersion(row, contents));
}

export function readVersion(
  connection: Connection,
  id: string,
  contents: ContentSizes,
): Version | undefined {
  if (!/^[0-9]{1,15}$/.test(id)) return undefined;
  const [row] = connection.arrays(`SELECT ${fields} FROM version WHERE id = ?`, Number(id));
  return row === undefined ? undefined : toVersion(row, contents);
}

/** Everything below a path: from `path/` up to, not with, `path0` ('0' follows '/'). */
function rangeBelow(path: Path): [Buffer, Buffer] {
  return [toBytes(`${path}/`), toBytes(`${path}0`)];
}

function toVersion(row: readonly unknown[], contents: ContentSizes): Version {
  const [id, path, side, time, reason, author, kept, ...columns] = row;
  const entry = toEntry(columns);
  return {
    id: String(id),
    path: toPath(path),
    side: side as Side,
    time: time as number,
    reason: reason as VersionReason,
    entry,
    kept: entry.kind !== 'file' || (kept === 1 && contents.has(entry.digest)),
    ...(typeof author === 'string' ? { by: author } : {}),
  };
}
