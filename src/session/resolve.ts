/**
 * Settles conflicts as a person wants it: open ones, and those that the policy settled, the other way.
 * What is to stand there is written to the local side as an ordinary edit (rewrite.ts) and carried over,
 * so that what it displaces is in the history and the whole can be undone (invariant 1).
 */
import type {
  ConflictInfo,
  Resolved,
  ResolveRequest,
  ResolveResult,
  Take,
} from '../control/api.ts';
import { CaiError, type ErrorJson, toCaiError } from '../errors.ts';
import type { Entry } from '../tree/entry.ts';
import { sameContent } from '../tree/entry.ts';
import type { Path, Side } from '../tree/path.ts';
import { displayPath, isWithin, otherSide } from '../tree/path.ts';
import { isProtected } from '../tree/rules.ts';
import { besideName, rerooted } from './beside.ts';
import { sideLook } from './core.ts';
import type { Engine } from './engine.ts';
import { gaveWay, type Rows, standingAt, takeInFile, takeInSide } from './resolve-rows.ts';
import { rewrite } from './rewrite.ts';
import { sign } from './sign.ts';

export interface ResolveHooks {
  /** Resolves when nothing is under way. */
  readonly idle: () => Promise<void>;
}

/** Whose name nobody said: an agent that made the change keeps its own in the history. */
const unnamed = 'resolve';

export async function resolveConflicts(
  engine: Engine,
  { conflicts, take, file, author = unnamed }: ResolveRequest,
  hooks: ResolveHooks,
): Promise<ResolveResult> {
  const how = file === undefined ? { take: take ?? 'kept' } : { file };
  const resolved: Resolved[] = [];
  const failed: { id: string; path: Path; error: ErrorJson }[] = [];
  const ids = [...new Set(conflicts)];
  const last = new Map(ids.map((id) => [engine.conflicts.get(id)?.path ?? id, id]));
  for (const id of ids) {
    const conflict = engine.conflicts.get(id);
    try {
      if (conflict === undefined) throw noConflict(id);
      // Of several at one path the last decides; the others are settled with it.
      const own = last.get(conflict.path) === id ? how : { take: 'kept' as const };
      resolved.push(await resolveOne({ engine, hooks, conflict, author }, own));
    } catch (thrown) {
      const error = toCaiError(thrown, conflict?.path);
      failed.push({ id, path: conflict?.path ?? '', error: error.toJSON() });
    }
  }
  return { resolved, failed };
}

interface Work {
  readonly engine: Engine;
  readonly hooks: ResolveHooks;
  readonly conflict: ConflictInfo;
  readonly author: string;
}

type How = { readonly take: Take } | { readonly file: string };

async function resolveOne(work: Work, how: How): Promise<Resolved> {
  const { engine, hooks, conflict } = work;
  const { id, path } = conflict;
  await hooks.idle();
  const start = newestVersion(engine);
  const beside =
    'file' in how
      ? await putFile(work, how.file)
      : how.take === 'kept'
        ? keep(conflict)
        : how.take === 'both'
          ? await putBoth(work)
          : await putSide(work, how.take === 'newest' ? conflict.newest : how.take);
  await engine.keeper.settled();
  const name = 'file' in how ? 'file' : how.take;
  engine.conflicts.resolve(id, name);
  const displaced = engine.store
    .history({ path })
    .filter((version) => Number(version.id) > start)
    .map((version) => version.id);
  return { id, path, how: name, displaced: displaced.reverse(), beside };
}

function newestVersion({ store }: Engine): number {
  return Number(store.history({ limit: 1 })[0]?.id ?? 0);
}

function keep(conflict: ConflictInfo): Path[] {
  if (conflict.settled !== 'open') return [];
  throw new CaiError('USAGE', `Nothing is settled yet at ${displayPath(conflict.path)}.`, {
    path: conflict.path,
    next: 'Choose with --take local, container, newest or both.',
  });
}

/** One side's version. */
async function putSide(work: Work, side: Side): Promise<Path[]> {
  const { engine, conflict } = work;
  if (conflict.settled === 'open') {
    await decideOpen(work, side);
    return [];
  }
  if (conflict.settled === side) return [];
  const rows = gaveWay(engine, conflict, side);
  // A merge that came out as this side had it.
  if (conflict.settled === 'merged' && rows === undefined) return [];
  await put(work, conflict.path, rows ?? [], side);
  return [];
}

/** The side that gives way, or gave way, beside the other. */
async function putBoth(work: Work): Promise<Path[]> {
  const { engine, conflict } = work;
  const { path, settled } = conflict;
  const isOpen = settled === 'open';
  const winner = settled === 'local' || settled === 'container' ? settled : conflict.newest;
  const losers = settled === 'merged' ? (['local', 'container'] as const) : [otherSide(winner)];
  const written: Path[] = [];
  for (const side of losers) {
    const rows = isOpen ? await takeInSide(engine, side, path) : gaveWay(engine, conflict, side);
    if (rows === undefined || rows.length === 0) continue;
    const beside = besideName(engine.core, path, side);
    await put(work, beside, rerooted(rows, path, beside), side);
    written.push(beside);
  }
  if (isOpen) await decideOpen(work, winner);
  return written;
}

async function putFile(work: Work, file: string): Promise<Path[]> {
  const { engine, conflict } = work;
  const entry = await takeInFile(engine, file, sideLook(engine.core, 'local', conflict.path));
  await put(work, conflict.path, [[conflict.path, entry]], 'local');
  if (engine.conflicts.get(conflict.id)?.settled === 'open') await decideOpen(work, 'local');
  return [];
}

/** Makes this what stands at the path on the local side, and waits until it is in the container too. */
async function put({ engine, hooks, conflict, author }: Work, path: Path, rows: Rows, from: Side) {
  const entries = new Map<Path, Entry | null>(rows);
  for (const at of standingAt(engine.core, 'local', path).keys())
    if (!entries.has(at)) entries.set(at, null);
  for (const [at, entry] of entries) {
    if (from === 'container' && isProtected(at, entry?.kind)) throw protectedPath(at);
  }
  if (entries.size === 0) entries.set(path, null);
  const { refused } = await rewrite(engine, { entries, by: author });
  const [first] = refused;
  if (first !== undefined) {
    const what = displayPath(first.path);
    throw new CaiError('BUSY', `${what} stays as it is: ${first.message}.`, {
      path: first.path,
      next: 'Try again; nothing was lost.',
    });
  }
  if (engine.conflicts.get(conflict.id)?.settled !== 'open') await hooks.idle();
}

/** Lets the next cycle settle an open conflict in favour of a side. */
async function decideOpen({ engine, hooks, conflict, author }: Work, winner: Side): Promise<void> {
  const { core, conflicts, overrides, report } = engine;
  const { id, path } = conflict;
  overrides.set(path, winner);
  try {
    engine.retries.done(path);
    core.dirty.add(path);
    for (const changed of core.sides[winner].changes.keys())
      if (author !== unnamed && isWithin(path, changed))
        sign(engine, author, { side: winner, path: changed });
    for (const changed of core.sides[otherSide(winner)].changes.keys())
      if (isWithin(path, changed)) core.dirty.add(changed);
    engine.schedule();
    await hooks.idle();
  } finally {
    overrides.delete(path);
  }
  const local = sideLook(core, 'local', path);
  const isSame = sameContent(local, sideLook(core, 'container', path));
  if (conflicts.get(id)?.settled !== 'open' || isSame) return;
  const problem = [...report.problems.values()].find((one) => one.path === path);
  throw new CaiError('BUSY', problem?.message ?? `${displayPath(path)} is being written to.`, {
    path,
    next: problem?.next ?? 'Try again; nothing was lost.',
  });
}

function protectedPath(path: Path): CaiError {
  return new CaiError('PERMISSION', `${displayPath(path)} makes the host run code.`, {
    path,
    next: 'It is never taken from the container; look at it with `cai show` and copy it yourself.',
  });
}

function noConflict(id: string): CaiError {
  return new CaiError('NO_CONFLICT', `There is no conflict ${id} on the list.`, {
    next: 'See `cai conflicts`.',
  });
}
