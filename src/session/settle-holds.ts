/** What a person (or the files themselves) decided about held removals (invariant 5). */
import { forget, setSide, sideLook } from './core.ts';
import type { Engine } from './engine.ts';
import { releaseHold } from './report.ts';

/** The removals go ahead on the other side too. */
export function approveHolds(engine: Engine): void {
  const { core, window } = engine;
  for (const path of core.held) {
    window.approved.add(path);
    core.dirty.add(path);
  }
  endHolds(engine, 'approved');
}

/** The files come back: with the path out of the base, the side that still has it made it anew. */
export function rejectHolds(engine: Engine): void {
  const { core } = engine;
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
  endHolds(engine, 'rejected');
}

/** Held paths that are back, or gone from the other side as well, wait no longer. */
export function reviewHolds(engine: Engine): void {
  const { core } = engine;
  if (core.held.size === 0) return;
  for (const path of core.held) {
    const back =
      sideLook(core, 'local', path) !== null && sideLook(core, 'container', path) !== null;
    const settled = core.base.get(path) === null;
    if (back || settled) core.held.delete(path);
  }
  if (core.held.size === 0) endHolds(engine, 'gone');
}

function endHolds(engine: Engine, how: 'approved' | 'rejected' | 'gone'): void {
  engine.core.held.clear();
  for (const hold of [...engine.report.holds.values()]) {
    if (hold.reason === 'mass-deletion' || hold.reason === 'root-emptied')
      releaseHold(engine.report, hold, how);
  }
}
