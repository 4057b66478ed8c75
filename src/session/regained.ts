/**
 * What is below a path that could not be looked at for a while is compared, once it can be, with what
 * was known of it: the replica tells what stands there, but of what went meanwhile it knows nothing.
 */
import type { Look } from '../tree/entry.ts';
import { sameEntry } from '../tree/entry.ts';
import { isWithin, type Path, pathsAbove, type Side } from '../tree/path.ts';
import { type Core, isExcluded, setSide, sideLook } from './core.ts';
import { type Engine, replicaOf } from './engine.ts';
import { takeIn } from './intake.ts';
import { rememberEvents } from './seen.ts';

export function hasRegained({ sides }: Core): boolean {
  return sides.local.regained.size > 0 || sides.container.regained.size > 0;
}

/** Compares what is below all regained paths. */
export async function lookAtRegained(engine: Engine): Promise<void> {
  for (const side of ['local', 'container'] as const) {
    const { regained } = engine.core.sides[side];
    const paths = [...regained];
    regained.clear();
    for (const path of paths) await compare(engine, side, path);
  }
}

async function compare(engine: Engine, side: Side, path: Path): Promise<void> {
  const { core, report, rescan } = engine;
  const known = knownBelow(core, side, path);
  if (known.size === 0) return;
  const replica = replicaOf(engine, side);
  const seen = new Set<Path>();
  const stopListening = rememberEvents(replica, seen);
  try {
    await replica.scan({
      path,
      onRows: (rows) => {
        for (const row of rows) seen.add(row.path);
        for (const directory of takeIn(core, report, side, rows).ruleChanges) rescan.add(directory);
      },
    });
  } finally {
    stopListening();
  }
  const since = performance.now();
  // What is in a directory before itself, so that it is seen to be empty when it is seen to be gone.
  for (const [at, look] of [...known].reverse()) {
    if (seen.has(at) || isHidden(core, side, at)) continue;
    // What was changed by sync itself meanwhile is known better than the scan can know it.
    if (!sameEntry(sideLook(core, side, at), look, 'full')) continue;
    if (isExcluded(core, at, look?.kind === 'directory')) continue;
    if (setSide(core, side, at, null, { since })) core.dirty.add(at);
  }
}

/** A directory before what is in it. */
function knownBelow(core: Core, side: Side, path: Path): ReadonlyMap<Path, Look> {
  const { changes } = core.sides[side];
  const known = new Map<Path, Look>();
  for (const [at] of core.base.entries(path)) known.set(at, sideLook(core, side, at));
  for (const [at, { look }] of changes) if (isWithin(path, at)) known.set(at, look);
  known.delete(path);
  return new Map([...known].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Something above it cannot be looked at (again). */
function isHidden(core: Core, side: Side, path: Path): boolean {
  return [...pathsAbove(path)].some((above) => sideLook(core, side, above)?.kind === 'blocked');
}
