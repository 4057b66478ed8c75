/**
 * Takes a file or link away from its path: it is renamed into the staging area, whatever it is by then,
 * and looked at there; if it is not what was expected it goes back (invariant 1).
 */
import { type Look, sameContent } from '../tree/entry.ts';
import type { Path } from '../tree/path.ts';
import { diskPath } from './disk-path.ts';
import { type DiskPath, errnoOf, type FsPort } from './fs-port.ts';
import type { Place } from './kept.ts';
import { orphan } from './orphans.ts';
import { noteGone } from './own-writes.ts';
import { holdDisplaced } from './placing.ts';
import type { Kept } from './replica.ts';
import type { Standing, Work } from './work.ts';

export type Displacing =
  | { readonly displaced: true; readonly kept: Kept; readonly place: Place }
  /** Something else stood there; it stands there again, or is kept if its place was taken. */
  | { readonly displaced: false; readonly kept?: Kept };

export async function displace(
  work: Work,
  path: Path,
  there: Standing,
  expect: Look,
): Promise<Displacing> {
  const place = moveAway(work, path);
  if (place === undefined) return { displaced: false };
  work.probe('displaced', path);
  if (isDirectory(work, place)) {
    await giveDirectoryBack(work, place);
    return { displaced: false };
  }
  const kept = await holdDisplaced(work, place, there);
  if (kept.expected || sameContent(kept.entry, expect)) return { displaced: true, kept, place };
  return putBack(work, place) ? { displaced: false } : { displaced: false, kept };
}

/** What cannot be looked at is kept as what was expected; reading it shows what it is. */
export function isDirectory(work: Work, place: Place): boolean {
  try {
    return work.view.disk.fs.lstatSync(place.at).isDirectory();
  } catch {
    return false;
  }
}

/** A directory that somebody made meanwhile gets its place back; what is in it is kept where that is taken. */
export async function giveDirectoryBack(work: Work, place: Place): Promise<void> {
  const { disk } = work.view;
  try {
    disk.fs.renameSync(place.at, diskPath(disk, place.path));
    work.kept.cancel(place);
  } catch {
    await orphan(work, place);
  }
}

/** Undefined when nothing stands at the path. */
export function moveAway(work: Work, path: Path): Place | undefined {
  const { disk } = work.view;
  for (const where of ['area', 'beside'] as const) {
    const place = work.kept.prepare(path, where);
    try {
      disk.fs.renameSync(diskPath(disk, path), place.at);
      return place;
    } catch (error) {
      work.kept.cancel(place);
      if (errnoOf(error) === 'ENOENT') return undefined;
      if (errnoOf(error) !== 'EXDEV' || where === 'beside') throw error;
    }
  }
  return undefined;
}

/** Gives a displaced file its place back; false when that is not to be had any more. */
export function putBack(work: Work, place: Place): boolean {
  const { fs } = work.view.disk;
  const target = diskPath(work.view.disk, place.path);
  try {
    linkOrMove(fs, place.at, target);
  } catch {
    // Something stands there by now, or its directory is gone.
    return false;
  }
  work.kept.forget(place);
  return true;
}

function linkOrMove(fs: FsPort, from: DiskPath, to: DiskPath): void {
  try {
    fs.linkSync(from, to);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST' || fs.lstatSync(to, { throwIfNoEntry: false }) !== undefined)
      throw error;
    fs.renameSync(from, to);
  }
}

/** After a move: takes the old name away, if it still names the moved file. */
export async function removeMoved(work: Work, from: Path, ino: number): Promise<void> {
  const place = moveAway(work, from);
  if (place === undefined) return;
  const { disk } = work.view;
  try {
    if (disk.fs.lstatSync(place.at).ino !== ino) throw new Error('another file by now');
    work.kept.cancel(place);
    noteGone(work, from);
  } catch {
    work.hint(from);
    // It goes back, and the removal that follows meets it.
    if (isDirectory(work, place)) await giveDirectoryBack(work, place);
    else if (!putBack(work, place)) await orphan(work, place);
  }
}
