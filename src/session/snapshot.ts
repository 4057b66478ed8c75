/**
 * A side that went back in time: a snapshot or a backup was put back while nobody watched. Its old
 * contents are no edits, and what is missing there was removed by nobody; a person decides. It shows
 * by files that hold, to the digest and the time, what the history knows as an earlier version of them.
 * A restore that does not keep the times, or one of removals only, cannot be told from edits.
 */
import type { HoldInfo } from '../control/api.ts';
import type { Replica } from '../replica/replica.ts';
import { sameContent, sameTime } from '../tree/entry.ts';
import type { Path, Side } from '../tree/path.ts';
import { pathsAbove } from '../tree/path.ts';
import type { Core } from './core.ts';
import { agree, sideLook } from './core.ts';
import type { Engine } from './engine.ts';
import { addHold } from './report.ts';

/** One or two files that are put back by hand, times and all, are a person's doing. */
const leastFiles = 3;

/** Replicas that have been looked at; what comes later is seen as it happens. */
const judged = new WeakSet<Replica>();

/** True before the first whole look at a replica that the base speaks of. */
export function mayBeAged({ core }: Engine, side: Side): boolean {
  const { replica } = core.sides[side];
  if (core.base.files === 0 || replica === undefined) return false;
  return !judged.has(replica);
}

/** Before the first look at sides of which nothing was known: what they hold cannot be an earlier state. */
export function trustSides({ core }: Engine): void {
  if (core.base.files > 0) return;
  for (const { replica } of Object.values(core.sides))
    if (replica !== undefined) judged.add(replica);
}

/** After a scan: holds what looks like a snapshot. */
export function holdSnapshot(engine: Engine, side: Side): void {
  const { core, report } = engine;
  const { replica } = core.sides[side];
  const isNew = mayBeAged(engine, side);
  if (replica !== undefined) judged.add(replica);
  if (!isNew) return;
  const paths = findOlder(engine, side);
  if (paths.length === 0) return;
  for (const path of paths) core.aged.set(path, { side, look: sideLook(core, side, path) });
  addHold(
    report,
    describe(side, [...core.aged.values()].filter((one) => one.side === side).length),
  );
}

/** The changed paths of a side that went back in time; none when it does not look like that. */
function findOlder({ core, store }: Engine, side: Side): readonly Path[] {
  const older: Path[] = [];
  const missing: Path[] = [];
  const again: Path[] = [];
  let others = 0;
  for (const [path, { look }] of core.sides[side].changes) {
    const known = core.base.get(path);
    if (look === null) missing.push(path);
    else if (look.kind === 'directory' && known === null) again.push(path);
    if (look?.kind !== 'file' || sameContent(look, known)) continue;
    const versions = store.history({ path, exact: true });
    const isOlder = versions.some(
      ({ entry }) =>
        entry.kind === 'file' && sameContent(entry, look) && sameTime(entry.mtime, look.mtime),
    );
    if (isOlder) older.push(path);
    else others += 1;
  }
  if (older.length < leastFiles || older.length < others) return [];
  const places = new Set(older.flatMap((path) => [...pathsAbove(path)]));
  return [...older, ...missing, ...again.filter((path) => places.has(path))];
}

function describe(side: Side, files: number): HoldInfo {
  const where = side === 'local' ? 'local directory' : 'directory in the container';
  const message = `The ${where} went back in time: ${files} paths are there as they were before, as after a snapshot or a backup was put back.`;
  const next =
    '`cai approve` takes the older state over to the other side, `cai reject` brings the present one back.';
  return { reason: 'restored-snapshot', side, files, since: Date.now(), message, next };
}

/** True for a path that went back in time and that nobody has changed since. */
export function isAged(core: Core, path: Path): boolean {
  const aged = core.aged.get(path);
  if (aged === undefined) return false;
  if (sameContent(sideLook(core, aged.side, path), aged.look)) return true;
  core.aged.delete(path);
  return false;
}

/** The older state counts: as edits and removals of its side. */
export function approveAged({ core, window }: Engine): void {
  for (const [path, { look }] of core.aged) {
    if (look === null) window.approved.add(path);
    core.dirty.add(path);
  }
  core.aged.clear();
}

/**
 * The present state comes back. Both sides did agree on the older one once, and one of them is there
 * again: it is what they have in common now, and the base goes back with it.
 */
export function rejectAged({ core, window }: Engine): void {
  const aged = [...core.aged].filter(([path]) => isAged(core, path));
  core.aged.clear();
  const gone = aged.filter(([, { look }]) => look === null).sort(([a], [b]) => (a < b ? 1 : -1));
  const there = aged.filter(([, { look }]) => look !== null).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [path, { look }] of [...gone, ...there]) {
    if (look?.kind === 'blocked') continue;
    agree(core, path, look);
    window.approved.add(path);
    core.dirty.add(path);
  }
}

/** Paths that are as the base has them again, or were changed since, wait no longer. */
export function reviewAged({ core }: Engine): void {
  for (const [path, { side }] of [...core.aged])
    if (!core.sides[side].changes.has(path) || !isAged(core, path)) {
      core.aged.delete(path);
      core.dirty.add(path);
    }
}
