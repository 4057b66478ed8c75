/** Versions as text and as JSON rows. Pure. */
import type { Version } from '../store/store.ts';
import { displayPath } from '../tree/path.ts';
import { bytes, clock, table } from './format.ts';
import type { Colors } from './output.ts';

/** A row of `cai history --json` (docs/json.md). */
export interface HistoryRow {
  readonly id: string;
  readonly session: string;
  readonly path: string;
  readonly side: Version['side'];
  /** ISO 8601. */
  readonly time: string;
  readonly reason: Version['reason'];
  readonly kind: 'file' | 'directory' | 'link';
  /** Bytes; null for what is no file. */
  readonly size: number | null;
  readonly digest: string | null;
  /** False when the content is no longer kept. */
  readonly kept: boolean;
  readonly by: string | null;
}

export function historyRow(version: Version, session: string): HistoryRow {
  const { entry } = version;
  const file = entry.kind === 'file' ? entry : undefined;
  return {
    id: version.id,
    session,
    path: version.path,
    side: version.side,
    time: new Date(version.time).toISOString(),
    reason: version.reason,
    kind: entry.kind,
    size: file?.size ?? null,
    digest: file?.digest ?? null,
    kept: version.kept,
    by: version.by ?? null,
  };
}

/** One line a version, newest first as they come; `at` is the path that was asked for. */
export function renderHistory(versions: readonly Version[], colors: Colors, at = ''): string[] {
  if (versions.length === 0) {
    const where = at === '' ? '' : ` at ${displayPath(at)}`;
    return [colors.dim(`nothing was replaced or removed${where} yet`)];
  }
  const anyAuthor = versions.some((version) => version.by !== undefined);
  const rows = versions.map((version) => [
    version.id,
    clock(version.time),
    version.side,
    version.reason,
    version.entry.kind === 'file' ? bytes(version.entry.size) : version.entry.kind,
    ...(anyAuthor ? [version.by === undefined ? '' : `by ${version.by}`] : []),
    `${displayPath(version.path)}${version.kept ? '' : '  (content no longer kept)'}`,
  ]);
  return table(rows);
}
