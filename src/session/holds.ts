/**
 * Holds (invariant 5): removals that look like an accident wait for a person, and only they wait.
 * What counts as one: a root that is gone or emptied, or more removals within a few seconds than the
 * configured number and share of the files.
 */
import type { HoldInfo } from '../control/api.ts';
import type { Digest } from '../tree/entry.ts';
import type { Path, Side } from '../tree/path.ts';
import { parentPath } from '../tree/path.ts';
import type { PlannedAction } from '../tree/reconcile.ts';
import { type Core, sideLook } from './core.ts';

/** A mass removal reaches the session in several cycles; this many milliseconds of them count as one. */
const windowMs = 10_000;

export interface RemovalWindow {
  /** Times and numbers of the removals that went ahead lately, by receiving side. */
  readonly recent: Record<Side, { time: number; files: number }[]>;
  /** Removals that a person let go ahead. */
  readonly approved: Set<Path>;
}

export function createRemovalWindow(): RemovalWindow {
  return { recent: { local: [], container: [] }, approved: new Set() };
}

/** Held paths that are back, or gone from the other side as well, wait no longer; whatever waited for them is decided. */
export function dropSettled(core: Core): void {
  for (const path of core.held) {
    const isBack =
      sideLook(core, 'local', path) !== null && sideLook(core, 'container', path) !== null;
    if (!isBack && core.base.get(path) !== null) continue;
    core.held.delete(path);
    core.dirty.add(path);
  }
}

type HeldFor = 'root-emptied' | 'mass-deletion';

interface Removals {
  readonly target: Side;
  readonly actions: readonly PlannedAction[];
  /** The removals among them that make room for something else (`clearing`). */
  readonly clears: ReadonlySet<Path>;
  /** Those that are one half of a move. */
  readonly moved: ReadonlySet<Path>;
  /** Milliseconds, as of Date.now. */
  readonly now: number;
}

/** Splits a plan's actions for `target` into those that go ahead and the removals that are held. */
export function judgeRemovals(
  core: Core,
  window: RemovalWindow,
  { target, actions, clears, moved, now }: Removals,
): { readonly reason: HeldFor | undefined; readonly held: readonly Path[] } {
  const removals = actions.filter((action) => action.type === 'remove');
  if (removals.length === 0) return { reason: undefined, held: [] };
  const waiting = removals.filter((action) => !window.approved.has(action.path));
  const genuine = waiting.filter((action) => !clears.has(action.path));
  const going = new Set(removals.map((action) => action.path));
  const gone = genuine.flatMap(({ path, expect }) =>
    expect.kind === 'file' && !moved.has(path) ? [expect.digest] : [],
  );
  const files = gone.length - countElsewhere(core, gone, going, now);
  const recent = forgetOld(window.recent[target], now);
  const total = core.base.files + sum(recent);
  const many = files + sum(recent);
  const reason = emptiesRoot(core, genuine, files)
    ? 'root-emptied'
    : exceeds(core, many, total)
      ? 'mass-deletion'
      : undefined;
  if (reason === undefined) {
    if (files > 0) recent.push({ time: now, files });
    return { reason: undefined, held: [] };
  }
  return { reason, held: genuine.map((action) => action.path) };
}

/**
 * How many of these contents came to a path that stays, lately: moves, of which the creation was carried
 * over first. One creation is the other half of one removal, and of no further one.
 */
function countElsewhere(
  core: Core,
  gone: readonly Digest[],
  going: ReadonlySet<Path>,
  now: number,
): number {
  if (gone.length === 0 || core.createdLately.size === 0) return 0;
  const left = new Map<Digest, number>();
  for (const digest of gone) left.set(digest, (left.get(digest) ?? 0) + 1);
  let count = 0;
  for (const [path, { digest, time }] of core.createdLately) {
    const removals = left.get(digest) ?? 0;
    if (removals === 0 || now - time > windowMs || going.has(path)) continue;
    const there = core.base.get(path);
    if (there?.kind !== 'file' || there.digest !== digest) continue;
    left.set(digest, removals - 1);
    core.createdLately.delete(path);
    count += 1;
  }
  return count;
}

/** Paths that go because something else comes to their place, or above it: that is an edit, and never held. */
export function clearing(actions: readonly PlannedAction[]): ReadonlySet<Path> {
  const making = new Set<Path>();
  for (const { type, path } of actions) if (type !== 'remove') making.add(path);
  const found = new Set<Path>();
  for (const { type, path } of actions) {
    if (type !== 'remove') continue;
    for (let place = path; place !== '' && !found.has(path); place = parentPath(place))
      if (making.has(place)) found.add(path);
  }
  return found;
}

/** With what went ahead lately on either side: more removals than go ahead without a person. */
export function isMassRemoval(core: Core, window: RemovalWindow, files: number): boolean {
  const now = Date.now();
  const recent =
    sum(forgetOld(window.recent.local, now)) + sum(forgetOld(window.recent.container, now));
  return exceeds(core, files + recent, core.base.files + recent);
}

function exceeds(core: Core, removed: number, total: number): boolean {
  const { files, share } = core.options.holds;
  return removed > files && removed > total * share;
}

/** Everything that both sides had would go, and there was more than one thing. */
function emptiesRoot(core: Core, removals: readonly PlannedAction[], files: number): boolean {
  const all = core.base.files + core.base.directories;
  return all > 1 && files > 0 && removals.length >= all;
}

function forgetOld(
  recent: { time: number; files: number }[],
  now: number,
): { time: number; files: number }[] {
  while (recent.length > 0 && (recent[0]?.time ?? now) < now - windowMs) recent.shift();
  return recent;
}

function sum(recent: readonly { files: number }[]): number {
  return recent.reduce((total, one) => total + one.files, 0);
}

/** What is shown of all the removals that are held now. */
export function describeHold(core: Core, reason: HeldFor, side: Side): HoldInfo {
  const total = core.base.files;
  const files = [...core.held].filter((path) => core.base.get(path)?.kind === 'file').length;
  const where = side === 'local' ? 'local directory' : 'container';
  const message =
    reason === 'root-emptied'
      ? `The ${where} was emptied; ${files} files would be removed from the other side.`
      : `${files} of ${total} files vanished from the ${where}; removing them from the other side waits for you.`;
  return { reason, side, files, since: Date.now(), message, next: holdNext };
}

const holdNext = '`cai approve` removes them on the other side too, `cai reject` brings them back.';

/** The hold for a root that cannot be found any more. */
export function rootHold(
  side: Side,
  reason: 'missing' | 'not-a-directory' | 'replaced' | 'unreadable',
): HoldInfo {
  const where = side === 'local' ? 'local directory' : 'directory in the container';
  const what = {
    missing: 'is gone',
    'not-a-directory': 'is not a directory any more',
    replaced: 'was replaced by another directory',
    unreadable: 'cannot be read any more',
  }[reason];
  return {
    reason:
      reason === 'missing' ? 'root-missing' : reason === 'replaced' ? 'root-replaced' : 'root-type',
    side,
    files: 0,
    since: Date.now(),
    message: `The ${where} ${what}; nothing is removed because of that.`,
    next: 'Put the directory back and the session goes on by itself, or end it with `cai unwatch`.',
  };
}
