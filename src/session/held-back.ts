/**
 * Direction by choice: with `localChanges: 'manual'` what the local side changed waits until somebody
 * asks for it to be brought over. What waits is an ordinary change, seen and counted; only the cycle
 * passes it over. A path that the container changed too waits no longer: that is a conflict. Pure.
 */

import { compileIgnore } from '../tree/gitignore.ts';
import type { Path } from '../tree/path.ts';
import { isWithin, pathsAbove } from '../tree/path.ts';
import { names } from '../tree/policies.ts';
import type { Plan, PlannedAction } from '../tree/reconcile.ts';
import type { Core } from './core.ts';

/** What is asked for. */
export interface Selection {
  /** They and everything below them; all when left out. */
  readonly paths?: readonly Path[];
  /** Patterns in .gitignore syntax of what goes on waiting. */
  readonly exclude?: readonly string[];
}

/** True for a local change that waits to be asked for. */
export function isHeldBack(core: Core, path: Path): boolean {
  if (core.options.localChanges === 'live' || core.released.has(path)) return false;
  return core.sides.local.changes.has(path) && !core.sides.container.changes.has(path);
}

export function heldBackCount(core: Core): number {
  if (core.options.localChanges === 'live') return 0;
  let count = 0;
  for (const path of core.sides.local.changes.keys()) if (isHeldBack(core, path)) count += 1;
  return count;
}

/** What may be done in the container now. Where both sides changed something, a path is decided as a whole. */
export function withoutHeldBack(core: Core, plan: Plan): readonly PlannedAction[] {
  const { container } = plan.actions;
  if (core.options.localChanges === 'live') return container;
  const conflicts = plan.conflicts.map(({ path }) => path);
  return container.filter(
    ({ path }) => !isHeldBack(core, path) || conflicts.some((at) => isWithin(at, path)),
  );
}

/** Lets local changes go; answers with their paths. */
export function release(core: Core, { paths, exclude = [] }: Selection): readonly Path[] {
  const left = compileIgnore(exclude.join('\n'));
  const waiting = [...core.sides.local.changes.keys()].filter((path) => isHeldBack(core, path));
  const isChosen = (path: Path): boolean =>
    (paths === undefined || paths.some((at) => isWithin(at, path))) && !names(left, path);
  const chosen = new Set(waiting.filter(isChosen));
  for (const path of [...chosen]) withParents(core, path, chosen);
  for (const path of waiting) if (!chosen.has(path)) keepParents(path, chosen, core);
  for (const path of chosen) {
    core.released.add(path);
    core.dirty.add(path);
  }
  return [...chosen];
}

/** A new file needs the new directories above it. */
function withParents(core: Core, path: Path, chosen: Set<Path>): void {
  for (const at of pathsAbove(path)) if (isHeldBack(core, at)) chosen.add(at);
}

/** A directory that is removed stays while something in it goes on waiting. */
function keepParents(path: Path, chosen: Set<Path>, core: Core): void {
  for (const at of pathsAbove(path))
    if (core.sides.local.looks.get(at)?.kind !== 'directory') chosen.delete(at);
}
