/**
 * Replaces a file in a directory where somebody else is writing: what stands there is taken away,
 * whatever it is by then, and the new one put where nothing stands any more. Both steps are safe
 * against any rename in between; the path is empty for the moment of two system calls.
 */
import { diskPath } from './disk-path.ts';
import { giveDirectoryBack, isDirectory, moveAway, putBack } from './displace.ts';
import { errnoOf } from './fs-port.ts';
import type { Place } from './kept.ts';
import { holdDisplaced, type PlaceTask, type Placing, placeNew } from './placing.ts';

export async function placeApart(task: PlaceTask): Promise<Placing> {
  const { work, path, at, there } = task;
  const target = diskPath(work.view.disk, path);
  const place = moveAway(work, path);
  if (place === undefined) return { placed: false };
  work.probe('displaced', path);
  if (!isExpected(task, place)) return giveBack(task, place);
  try {
    const placing = placeNew(work, at, target);
    if (placing.placed) {
      work.probe('placed', path);
      return { ...placing, kept: await holdDisplaced(work, place, there) };
    }
  } catch (error) {
    const given = await giveBack(task, place);
    // Not a race: the disk is full, say. The path holds what it held.
    if (given.kept === undefined && errnoOf(error) !== 'EEXIST') throw error;
    return given;
  }
  // Somebody made the name anew; both stay, one of them in the history.
  return giveBack(task, place);
}

function isExpected({ work, there }: PlaceTask, place: Place): boolean {
  try {
    const taken = work.view.disk.fs.lstatSync(place.at);
    // An inode number says nothing across kinds: a directory made anew may bear the removed file's.
    return (
      taken.ino === there.stat?.ino &&
      taken.isFile() === there.stat.isFile() &&
      !taken.isDirectory()
    );
  } catch {
    return false;
  }
}

/** What was taken away gets its place back, or is kept where that is taken. */
async function giveBack({ work, there }: PlaceTask, place: Place): Promise<Placing> {
  if (isDirectory(work, place)) {
    await giveDirectoryBack(work, place);
    return { placed: false };
  }
  const kept = await holdDisplaced(work, place, { look: there.look, stat: undefined });
  const isBack = putBack(work, place);
  return isBack ? { placed: false } : { placed: false, kept };
}
