/**
 * From reconcile's plan to the order of work on one side: what clears the way first, then what is
 * made (with the place its content comes from), then the remaining removals. Moves and copies are
 * found here, so that content which the side already holds is not sent (DESIGN 6.4).
 */
import type { Action, Source } from '../replica/replica.ts';
import type { Digest, Entry, FileEntry, Look } from '../tree/entry.ts';
import type { Path, Side } from '../tree/path.ts';
import { isWithin, otherSide, parentPath } from '../tree/path.ts';
import type { PlannedAction } from '../tree/reconcile.ts';
import type { Core } from './core.ts';
import { sideLook } from './core.ts';

/** One action, with its source where that is known without asking the other side. */
export type Step =
  | {
      readonly ready: true;
      readonly action: Action;
      /** What the other side held when this was decided. */
      readonly seen: Look;
      readonly movedFrom?: Path;
    }
  /** Its content has to be fetched from the other side. */
  | {
      readonly ready: false;
      readonly seen: Look;
      readonly path: Path;
      readonly expect: Entry | null;
      readonly entry: FileEntry;
    };

export interface Ordered {
  readonly steps: readonly Step[];
  /** Sources of moves: removed by the move itself. */
  readonly moved: ReadonlySet<Path>;
}

/** Paths below which something is removed so that something else can take the place. */
function clearedPaths(actions: readonly PlannedAction[]): Set<Path> {
  const removed = new Set<Path>();
  for (const action of actions) if (action.type === 'remove') removed.add(action.path);
  const cleared = new Set<Path>();
  if (removed.size === 0) return cleared;
  for (const action of actions) {
    if (action.type === 'remove') continue;
    for (let path = action.path; path !== ''; path = parentPath(path))
      if (removed.has(path)) cleared.add(path);
  }
  return cleared;
}

/** What was known when a plan was made, for one side's actions: much can change until they are carried out. */
export interface Basis {
  /** What the other side held at the paths of the plan. */
  readonly seen: ReadonlyMap<Path, Look>;
  /** Contents that neither side holds at the path: what was merged, or comes from the history. */
  readonly sources: ReadonlyMap<Path, Source>;
}

export function orderActions(
  core: Core,
  target: Side,
  actions: readonly PlannedAction[],
  { seen, sources }: Basis,
): Ordered {
  const cleared = clearedPaths(actions);
  const isCleared = (path: Path) =>
    cleared.size > 0 && [...cleared].some((root) => isWithin(root, path));
  const removals = actions.filter((action) => action.type === 'remove');
  const leaving = new Map<Digest, Path[]>();
  for (const action of removals) {
    if (action.expect.kind !== 'file' || isCleared(action.path)) continue;
    const paths = leaving.get(action.expect.digest);
    if (paths === undefined) leaving.set(action.expect.digest, [action.path]);
    else paths.push(action.path);
  }
  const moved = new Set<Path>();
  const making: Step[] = [];
  for (const action of actions) {
    if (action.type === 'remove') continue;
    making.push(toStep({ core, target, leaving, moved, isCleared, seen, sources }, action));
  }
  const remove = ({ path, expect }: Removal): Step => {
    return { ready: true, seen: seen.get(path) ?? null, action: { type: 'remove', path, expect } };
  };
  const first = removals.filter((action) => isCleared(action.path)).map(remove);
  const last = removals
    .filter((action) => !isCleared(action.path) && !moved.has(action.path))
    .map(remove);
  return { steps: [...first, ...making, ...last], moved };
}

type Removal = PlannedAction & { type: 'remove' };

/** What is known while the steps of a side are made. */
interface Making extends Basis {
  readonly core: Core;
  readonly target: Side;
  /** Files that go away with this plan, by digest. */
  readonly leaving: Map<Digest, Path[]>;
  readonly moved: Set<Path>;
  readonly isCleared: (path: Path) => boolean;
}

function toStep(making: Making, action: Exclude<PlannedAction, { type: 'remove' }>): Step {
  const { moved } = making;
  const { path, expect, entry } = action;
  const seen = making.seen.get(path) ?? null;
  if (action.type === 'attributes') {
    if (entry.kind === 'link' || expect === null || expect.kind === 'link')
      throw new Error('attributes of a link');
    return { ready: true, seen, action: { type: 'attributes', path, expect, entry } };
  }
  if (entry.kind === 'directory')
    return { ready: true, seen, action: { type: 'mkdir', path, expect, entry } };
  if (entry.kind === 'link')
    return { ready: true, seen, action: { type: 'link', path, expect, entry } };
  const found = making.sources.get(path) ?? findSource(making, path, entry);
  if (found === undefined) return { ready: false, seen, path, entry, expect };
  const write: Action = { type: 'write', path, expect, entry, source: found };
  if (found.from !== 'move') return { ready: true, seen, action: write };
  moved.add(found.path);
  return { ready: true, seen, action: write, movedFrom: found.path };
}

/** Content that the target holds already, or that is at hand. */
function findSource(making: Making, path: Path, entry: FileEntry): Source | undefined {
  const { core, target, leaving, isCleared } = making;
  if (entry.size === 0) return { from: 'bytes', bytes: new Uint8Array(0) };
  const from = leaving.get(entry.digest)?.pop();
  if (from !== undefined) return { from: 'move', path: from };
  const same = core.base.findDigest(entry.digest);
  if (same !== undefined && same !== path && !isCleared(same) && !core.inFlight.has(same)) {
    const look = sideLook(core, target, same);
    if (look?.kind === 'file' && look.digest === entry.digest) return { from: 'copy', path: same };
  }
  const change = core.sides[otherSide(target)].changes.get(path);
  if (change?.bytes === undefined || change.look?.kind !== 'file') return undefined;
  // The other side may hold something newer by now.
  return change.look.digest === entry.digest ? { from: 'bytes', bytes: change.bytes } : undefined;
}
