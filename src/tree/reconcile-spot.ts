/** One path under decision, and which way changes may go there (one-way modes, protected paths). */
import type { Entry, Look } from './entry.ts';
import type { Path, Side } from './path.ts';
import type { ReconcileInput } from './reconcile.ts';
import type { ChangeNode } from './reconcile-changes.ts';
import type { Draft } from './reconcile-draft.ts';

export interface Context {
  readonly input: ReconcileInput;
  readonly draft: Draft;
}

export interface Spot {
  readonly path: Path;
  readonly base: Entry | null;
  readonly looks: Readonly<Record<Side, Look>>;
  readonly node: ChangeNode | undefined;
  /** The container made the directory above, and local refused it. */
  readonly closed: boolean;
}

/** Whether something stands (or may stand) at a path on each side when the plan is done. */
export type Standing = Readonly<Record<Side, boolean>>;

export const onBoth: Standing = { local: true, container: true };
export const nowhere: Standing = { local: false, container: false };

/** As the sides are now. */
export function asTheyAre(spot: Spot): Standing {
  return { local: spot.looks.local !== null, container: spot.looks.container !== null };
}

/** True where nothing of the container's may come to local. */
export function isGuarded(context: Context, spot: Spot): boolean {
  return spot.closed || isProtectedAs(context, spot.path, spot.looks.container);
}

/** True where the container must not write this. */
export function isProtectedAs(context: Context, path: Path, look: Look): boolean {
  const kind = look === null || look.kind === 'blocked' ? undefined : look.kind;
  return context.input.isProtected(path, kind);
}

export function mayWrite(context: Context, spot: Spot, side: Side): boolean {
  if (side === 'container') return context.input.mode !== 'to-local';
  return context.input.mode !== 'to-container' && !isGuarded(context, spot);
}

/**
 * The side whose word counts at a path: the one that may not be written. 'neither' when none may,
 * undefined when both may and the rules decide.
 */
export function leaderAt(context: Context, spot: Spot): Side | 'neither' | undefined {
  const local = mayWrite(context, spot, 'local');
  const container = mayWrite(context, spot, 'container');
  if (local === container) return local ? undefined : 'neither';
  return local ? 'container' : 'local';
}

/** Notes that a side's change stays where it is. */
export function leave(context: Context, spot: Spot, side: Side): void {
  const isRefused = context.input.mode !== 'to-container' || isGuarded(context, spot);
  context.draft.list(side === 'container' && isRefused ? 'refused' : 'diverged', spot.path);
}
