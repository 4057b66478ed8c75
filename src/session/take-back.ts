/**
 * Undo and rewind of a live session: finds what was done, decides what to put back, and does it or
 * only tells it.
 */
import type { RefusedPath, RewriteResult, RewrittenPath } from '../control/api.ts';
import { CaiError } from '../errors.ts';
import type { Arrival } from '../store/store.ts';
import type { Entry } from '../tree/entry.ts';
import { compileIgnore, judge } from '../tree/gitignore.ts';
import type { Path, Side } from '../tree/path.ts';
import { baseName, isWithin, otherSide, parentPath, toBinary } from '../tree/path.ts';
import { isExcluded, sideLook } from './core.ts';
import type { Engine } from './engine.ts';
import { replicaOf } from './engine.ts';
import { tell } from './report.ts';
import { rewrite } from './rewrite.ts';
import { localCopy } from './rewrite-source.ts';
import { type Present, planRewind, planUndo, type Wanted } from './undo.ts';

export interface UndoOptions {
  /** The side that the changes came from; either when left out. */
  readonly side?: Side;
  /** Milliseconds since 1970; the last batch when left out. */
  readonly since?: number;
  /** Patterns in .gitignore syntax; all when empty. */
  readonly paths: readonly string[];
  readonly by?: string;
  /** Who asks for it. */
  readonly author?: string;
  readonly dryRun: boolean;
}

export interface RewindOptions {
  /** It and everything below it; '' is the root. */
  readonly path: Path;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** Who asks for it. */
  readonly author?: string;
  readonly dryRun: boolean;
}

/** Takes back what sync brought over from a side. */
export async function undo(engine: Engine, options: UndoOptions): Promise<RewriteResult> {
  await upToDate(engine);
  const matches = pathFilter(options.paths);
  const rows = rowsOf(engine, options).filter(matches);
  const since = options.since ?? rows[0]?.time ?? Date.now();
  const wanted = planUndo(rows, presentOf(engine));
  const { author = 'undo', dryRun } = options;
  return carryOut(engine, { wanted, since, how: 'Undo', by: author, dryRun });
}

/** What is to be taken back: since a time, else the last batch (of that author, where one is named). */
function rowsOf({ store }: Engine, { side: from, since, by }: UndoOptions): readonly Arrival[] {
  const side = from === undefined ? {} : { side: otherSide(from) };
  const isTheirs = (row: Arrival) => by === undefined || row.by === by;
  if (since !== undefined) return store.arrivals({ ...side, since }).filter(isTheirs);
  if (by === undefined && from !== undefined) {
    const batch = store.lastBatch(otherSide(from));
    return batch === undefined ? [] : store.arrivals({ ...side, batch });
  }
  const rows = store.arrivals(side).filter(isTheirs);
  const last = rows.at(-1);
  return rows.filter((row) => row.batch === last?.batch && row.side === last.side);
}

/** Brings a path, and everything below it, back to what it was at a time. */
export async function rewind(engine: Engine, options: RewindOptions): Promise<RewriteResult> {
  await upToDate(engine);
  const { path, time, author = 'restore', dryRun } = options;
  const { store } = engine;
  const rows = store.arrivals({ since: time }).filter((row) => isWithin(path, row.path));
  const versions = store.history({ path, since: time }).toReversed();
  const wanted = planRewind(rows, versions, presentOf(engine));
  return carryOut(engine, { wanted, since: time, how: 'Restore', by: author, dryRun });
}

/** What was done just now is stored, what was written just now is known. */
async function upToDate(engine: Engine): Promise<void> {
  const { core, report, arrivals, store } = engine;
  if (!report.ready)
    throw new CaiError('BUSY', 'The session does not know both sides yet.', {
      next: 'Try again when `cai status` shows that it is watching.',
    });
  await replicaOf(engine, 'local').drain();
  await core.sides.container.replica?.drain().catch(() => undefined);
  const rows = arrivals.take();
  try {
    if (rows.length > 0) store.commit({ base: [], versions: [], events: [], arrivals: rows });
  } catch (error) {
    arrivals.putBack(rows);
    throw error;
  }
  await engine.keeper.settled();
}

function presentOf({ core, store }: Engine): Present {
  return {
    look: (side, path) => sideLook(core, side, path),
    excluded: (path, isDirectory) => isExcluded(core, path, isDirectory),
    hasContent: (entry) =>
      entry.kind !== 'file' ||
      entry.size === 0 ||
      store.contents.has(entry.digest) ||
      localCopy(core, entry) !== undefined,
    modes: core.options.modes,
  };
}

interface Work {
  readonly wanted: Wanted;
  readonly since: number;
  readonly how: 'Undo' | 'Restore';
  readonly by: string;
  readonly dryRun: boolean;
}

async function carryOut(engine: Engine, work: Work): Promise<RewriteResult> {
  const { wanted, since, how, by, dryRun } = work;
  const { entries } = wanted;
  const result = dryRun
    ? { done: wouldDo(engine, entries), refused: [] as RefusedPath[] }
    : await rewrite(engine, { entries, by });
  const known = engine.store.arrivalsSince();
  const done = sorted(onePerPath(result.done));
  const refused = sorted([...wanted.refused, ...result.refused]);
  if (!dryRun && done.length + refused.length > 0) {
    const message = `${how}: ${done.length} paths put back, ${refused.length} left as they are.`;
    tell(engine.report, { type: 'notice', message });
  }
  const knownSince = known !== undefined && known > since ? { knownSince: known } : {};
  return { since, dryRun, done, refused, ...knownSince };
}

function wouldDo(
  { core }: Engine,
  entries: ReadonlyMap<Path, Entry | null>,
): readonly RewrittenPath[] {
  return [...entries].map(([path, entry]) => {
    const present = sideLook(core, 'local', path);
    const kind = entry?.kind ?? (present?.kind === 'blocked' ? undefined : present?.kind) ?? 'file';
    const same = entry?.kind === present?.kind;
    const attributes =
      same && entry?.kind === 'file' && present?.kind === 'file' && entry.digest === present.digest;
    const action =
      entry === null
        ? 'remove'
        : present === null
          ? 'create'
          : attributes || (same && kind === 'directory')
            ? 'attributes'
            : 'update';
    return { path, action, kind };
  });
}

/** What was removed and made as something else is one update. */
function onePerPath(rows: readonly RewrittenPath[]): RewrittenPath[] {
  const paths = new Map<Path, RewrittenPath>();
  for (const row of rows)
    paths.set(row.path, paths.has(row.path) ? { ...row, action: 'update' } : row);
  return [...paths.values()];
}

function sorted<T extends { readonly path: Path }>(rows: readonly T[]): T[] {
  return [...rows].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

/** True for what a pattern matches, and for everything below that. */
function pathFilter(patterns: readonly string[]): (row: Arrival) => boolean {
  if (patterns.length === 0) return () => true;
  const list = compileIgnore(patterns.join('\n'));
  return ({ path, before, after }) => {
    const isDirectory = (before ?? after)?.kind === 'directory';
    for (let place = path; place !== ''; place = parentPath(place)) {
      const subject = {
        path: toBinary(place),
        name: toBinary(baseName(place)),
        isDirectory: place !== path || isDirectory,
      };
      if (judge(list, subject) === 'exclude') return true;
    }
    return false;
  };
}
