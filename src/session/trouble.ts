/**
 * The end of what failed at a path: its problems, of both sides, and its wait for the next try end
 * together. Whoever failed last need not be the side that succeeds, and a problem whose wait is over
 * would never be looked at again.
 */

import type { Path } from '../tree/path.ts';
import { sideLook } from './core.ts';
import type { Engine } from './engine.ts';
import { solveProblem } from './report.ts';

/** Something was done at the path, or nothing differs there any more. What cannot be looked at stays a problem. */
export function endTrouble({ core, report, retries }: Engine, path: Path): void {
  retries.done(path);
  if (report.problems.size === 0) return;
  for (const side of ['local', 'container'] as const)
    if (sideLook(core, side, path)?.kind !== 'blocked') solveProblem(report, side, path);
}
