/**
 * What an undo or a rewind wants at each path: what stood there before the changes that are taken
 * back. An undo refuses, path by path, where an edit of somebody else would be lost (invariant 1 keeps
 * it in the history even so); a rewind goes back to a time, whatever came since. Pure.
 */
import type { RefusedPath } from '../control/api.ts';
import type { Arrival, Version } from '../store/store.ts';
import type { Entry, Look, ModePolicy } from '../tree/entry.ts';
import { sameContent, sameMode } from '../tree/entry.ts';
import type { Path, Side } from '../tree/path.ts';

export interface Wanted {
  /** null: nothing. */
  readonly entries: ReadonlyMap<Path, Entry | null>;
  readonly refused: readonly RefusedPath[];
}

export interface Present {
  /** What stands at a path on a side. */
  readonly look: (side: Side, path: Path) => Look;
  readonly excluded: (path: Path, isDirectory: boolean) => boolean;
  readonly hasContent: (entry: Entry) => boolean;
  readonly modes: ModePolicy;
}

/** `arrivals` in the order in which they happened, all of one side. */
export function planUndo(arrivals: readonly Arrival[], present: Present): Wanted {
  const entries = new Map<Path, Entry | null>();
  const refused: RefusedPath[] = [];
  for (const [path, rows] of byPath(arrivals)) {
    const [first, last] = [rows[0] as Arrival, rows.at(-1) as Arrival];
    if (isThere(present, path, first.before)) continue;
    const fault = whyNotBack(present, path, first.before) ?? laterEdit(present, path, rows, last);
    if (fault === undefined) entries.set(path, first.before);
    else refused.push(fault);
  }
  return { entries, refused };
}

/** `arrivals` and `versions` of both sides, in the order in which they happened. */
export function planRewind(
  arrivals: readonly Arrival[],
  versions: readonly Version[],
  present: Present,
): Wanted {
  const before = new Map<Path, Entry | null>();
  for (const row of arrivals) if (!before.has(row.path)) before.set(row.path, row.before);
  // A crash can lose the newest arrivals, never a version.
  for (const version of versions) {
    const agreed = version.reason !== 'conflict' && version.reason !== 'recovered';
    if (agreed && !before.has(version.path)) before.set(version.path, version.entry);
  }
  const entries = new Map<Path, Entry | null>();
  const refused: RefusedPath[] = [];
  for (const [path, entry] of before) {
    if (isThere(present, path, entry)) continue;
    const fault = whyNotBack(present, path, entry);
    if (fault === undefined) entries.set(path, entry);
    else refused.push(fault);
  }
  return { entries, refused };
}

function byPath(arrivals: readonly Arrival[]): Map<Path, Arrival[]> {
  const paths = new Map<Path, Arrival[]>();
  for (const row of arrivals) {
    const rows = paths.get(row.path);
    if (rows === undefined) paths.set(row.path, [row]);
    else rows.push(row);
  }
  return paths;
}

function isThere(present: Present, path: Path, entry: Entry | null): boolean {
  return same(present.look('local', path), entry, present.modes);
}

/** The same but for times. */
function same(a: Look, b: Look, modes: ModePolicy): boolean {
  if (!sameContent(a, b)) return false;
  if (a === null || b === null || a.kind === 'blocked' || b.kind === 'blocked') return true;
  return sameMode(a, b, modes);
}

function whyNotBack(present: Present, path: Path, entry: Entry | null): RefusedPath | undefined {
  const kind = entry?.kind ?? present.look('local', path)?.kind;
  if (present.excluded(path, kind === 'directory'))
    return { path, reason: 'ignored', message: 'it is ignored by now' };
  if (entry !== null && !present.hasContent(entry))
    return { path, reason: 'no-content', message: 'its content is no longer kept' };
  return undefined;
}

function laterEdit(
  present: Present,
  path: Path,
  rows: readonly Arrival[],
  last: Arrival,
): RefusedPath | undefined {
  const { modes } = present;
  if (rows.some((row, at) => at > 0 && !same(row.before, rows[at - 1]?.after ?? null, modes)))
    return { path, reason: 'edited', message: 'somebody else edited it in between' };
  for (const side of ['local', 'container'] as const) {
    if (same(present.look(side, path), last.after, modes)) continue;
    const where = side === 'local' ? 'locally' : 'in the container';
    return { path, reason: 'edited', message: `it was edited ${where} since` };
  }
  return undefined;
}
