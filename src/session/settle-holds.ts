/** What a person (or the files themselves) decided about held removals (invariant 5). */
import type { HoldInfo } from '../control/api.ts';
import type { Path } from '../tree/path.ts';
import { otherSide, parentPath } from '../tree/path.ts';
import { forget, setSide, sideLook } from './core.ts';
import type { Engine } from './engine.ts';
import { dropSettled, isMassRemoval } from './holds.ts';
import { releaseHold } from './report.ts';
import { sign } from './sign.ts';
import { approveAged, rejectAged, reviewAged } from './snapshot.ts';

/** The removals go ahead on the other side too. */
export function approveHolds(engine: Engine, author?: string): void {
  const { core, window } = engine;
  if (author !== undefined) signHeld(engine, author, 'changed');
  for (const path of core.held) {
    window.approved.add(path);
    core.dirty.add(path);
  }
  approveAged(engine);
  endHolds(engine, 'approved');
}

/** The files come back: with the path out of the base, the side that still has it made it anew. */
export function rejectHolds(engine: Engine, author?: string): void {
  const { core } = engine;
  if (author !== undefined) signHeld(engine, author, 'other');
  const since = performance.now();
  const looks = [...core.held].map(
    (path) => [path, sideLook(core, 'local', path), sideLook(core, 'container', path)] as const,
  );
  for (const [path] of looks) forget(core, path);
  for (const [path, local, container] of looks) {
    setSide(core, 'local', path, local, { since });
    setSide(core, 'container', path, container, { since });
    core.dirty.add(path);
  }
  rejectAged(engine);
  endHolds(engine, 'rejected');
}

/** In the name of who decided it: the side that changed goes over, or the other one comes back. */
function signHeld(engine: Engine, author: string, counts: 'changed' | 'other'): void {
  const { core } = engine;
  for (const path of [...core.held, ...core.aged.keys()]) {
    const vanished = sideLook(core, 'local', path) === null ? 'local' : 'container';
    const changed = core.aged.get(path)?.side ?? vanished;
    const side = counts === 'changed' ? changed : otherSide(changed);
    // What was in a directory goes with it, and there is room for so many claims only.
    const goesAlong = core.held.has(parentPath(path)) && sideLook(core, side, path) === null;
    if (!goesAlong) sign(engine, author, { side, path });
  }
}

/**
 * Held paths that are back, or gone from the other side as well, wait no longer. Neither do those whose
 * content stands elsewhere by now: that was a move, of which the removal was told first (a branch switch
 * removes before it creates). What is left then may be too little for a hold. True when removals can go on.
 */
export function reviewHolds(engine: Engine): boolean {
  const { core, window } = engine;
  reviewAged(engine);
  // The last of them may have gone otherwise: changed since, or with the base that it was compared with.
  if (core.aged.size === 0) endHold(engine, 'restored-snapshot', 'gone');
  dropSettled(core);
  const freed = freedPaths(engine);
  for (const path of freed) {
    core.held.delete(path);
    window.approved.add(path);
    core.dirty.add(path);
  }
  if (core.held.size === 0) {
    core.arrivedWhileHeld.clear();
    endHold(engine, 'mass-deletion', 'gone');
    endHold(engine, 'root-emptied', 'gone');
  }
  return core.dirty.size > 0;
}

/** Held removals that need no person: those of moved files, and all when the rest is too little for a hold. */
function freedPaths({ core, window }: Engine): readonly Path[] {
  const files = [...core.held].flatMap((path) => {
    const entry = core.base.get(path);
    return entry?.kind === 'file' ? [{ path, digest: entry.digest }] : [];
  });
  const moved = files.filter(({ digest }) => core.arrivedWhileHeld.has(digest));
  if (moved.length === 0) return [];
  const lost = files.length - moved.length;
  if (lost > 0 && isMassRemoval(core, window, lost)) return moved.map(({ path }) => path);
  return [...core.held];
}

function endHolds(engine: Engine, how: 'approved' | 'rejected'): void {
  engine.core.held.clear();
  engine.core.arrivedWhileHeld.clear();
  for (const reason of ['mass-deletion', 'root-emptied', 'restored-snapshot'] as const)
    endHold(engine, reason, how);
}

function endHold(
  { report }: Engine,
  reason: HoldInfo['reason'],
  how: 'approved' | 'rejected' | 'gone',
): void {
  for (const hold of [...report.holds.values()])
    if (hold.reason === reason) releaseHold(report, hold, how);
}
