/**
 * Replaces a file in a directory where somebody else is writing: what stands there is taken away,
 * whatever it is by then, and the new one put where nothing stands any more. Both steps are safe
 * against any rename in between; the path is empty for the moment of two system calls.
 */
import type { Stats } from 'node:fs';
import { diskPath } from './disk-path.ts';
import { moveAway, putBack } from './displace.ts';
import type { Place } from './kept.ts';
import { holdDisplaced, type PlaceTask, type Placing, placeNew } from './placing.ts';

export async function placeApart(task: PlaceTask): Promise<Placing> {
  const { work, path, at, there } = task;
  const { fs } = work.view.disk;
  const target = diskPath(work.view.disk, path);
  const place = moveAway(work, path);
  if (place === undefined) return { placed: false };
  work.probe('displaced', path);
  const taken = fs.lstatSync(place.at);
  if (there.stat === undefined || taken.ino !== there.stat.ino) return giveBack(task, place, taken);
  try {
    const placing = placeNew(work, at, target);
    work.probe('placed', path);
    return { ...placing, kept: await holdDisplaced(work, place, there) };
  } catch {
    // Somebody made the name anew; both stay, one of them in the history.
    return { placed: false, kept: await holdDisplaced(work, place, there) };
  }
}

/** It was another one than was looked at. */
async function giveBack(task: PlaceTask, place: Place, taken: Stats): Promise<Placing> {
  const { work, path, there } = task;
  const { fs } = work.view.disk;
  if (taken.isDirectory()) {
    fs.renameSync(place.at, diskPath(work.view.disk, path));
    work.kept.cancel(place);
    return { placed: false };
  }
  const kept = await holdDisplaced(work, place, { look: there.look, stat: undefined });
  return (await putBack(work, place)) ? { placed: false } : { placed: false, kept };
}
