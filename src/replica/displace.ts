/**
 * Takes a file or link away from its path: it is renamed into the staging area, whatever it is by then,
 * and looked at there; if it is not what was expected it goes back (invariant 1).
 */
import { type Look, sameContent } from '../tree/entry.ts';
import type { Path } from '../tree/path.ts';
import { diskPath } from './disk-path.ts';
import { errnoOf } from './fs-port.ts';
import type { Place } from './kept.ts';
import { holdDisplaced } from './placing.ts';
import type { Kept } from './replica.ts';
import type { Standing, Work } from './work.ts';

export type Displacing =
  | { readonly displaced: true; readonly kept: Kept }
  /** Something else stood there; it stands there again, or is kept if its place was taken. */
  | { readonly displaced: false; readonly kept?: Kept };

export async function displace(
  work: Work,
  path: Path,
  there: Standing,
  expect: Look,
): Promise<Displacing> {
  const { fs } = work.view.disk;
  const target = diskPath(work.view.disk, path);
  const place = moveAway(work, path);
  if (place === undefined) return { displaced: false };
  work.probe('displaced', path);
  if (fs.lstatSync(place.at).isDirectory()) {
    fs.renameSync(place.at, target);
    work.kept.cancel(place);
    return { displaced: false };
  }
  const kept = await holdDisplaced(work, place, there);
  if (kept.expected || sameContent(kept.entry, expect)) return { displaced: true, kept };
  return (await putBack(work, place)) ? { displaced: false } : { displaced: false, kept };
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

/** Gives a displaced file its place back; false when something stands there by now. */
export async function putBack(work: Work, place: Place): Promise<boolean> {
  const { fs } = work.view.disk;
  const target = diskPath(work.view.disk, place.path);
  try {
    fs.linkSync(place.at, target);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    if (fs.lstatSync(target, { throwIfNoEntry: false }) !== undefined) return false;
    fs.renameSync(place.at, target);
  }
  work.kept.forget(place.id);
  return true;
}

/** After a move: takes the old name away, if it still names the moved file. */
export function removeMoved(work: Work, from: Path, ino: number): void {
  const { disk, picture } = work.view;
  const { fs } = disk;
  try {
    const place = work.kept.prepare(from, 'area');
    fs.renameSync(diskPath(disk, from), place.at);
    const isOther = fs.lstatSync(place.at).ino !== ino;
    // Another file took the name meanwhile: it goes back, and the explicit removal will meet it.
    if (isOther) fs.linkSync(place.at, diskPath(disk, from));
    work.kept.cancel(place);
    if (isOther) {
      work.hint(from);
      return;
    }
    const node = picture.get(from);
    if (node !== undefined) picture.drop(node);
    work.durable.note(from, 'removed');
  } catch {
    // The name stays and the removal that follows decides; or what it named stays in the staging
    // area, which is not removed then and whose content comes back as left behind.
    work.hint(from);
  }
}
