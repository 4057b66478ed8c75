/**
 * What was taken from its path and could not be given back, because something else stands there by now:
 * it is kept, and told with what ended runs left, so that it comes into the history (invariant 1). What
 * the rules leave out stays in the staging area, which is not removed then.
 */
import { joinPath } from '../tree/path.ts';
import { joinDisk } from './disk-path.ts';
import { errnoOf } from './fs-port.ts';
import type { Place } from './kept.ts';
import { lookPatiently, toLook } from './look.ts';
import type { Work } from './work.ts';

/** Keeps a file or a link; of a directory everything in it, each under its own path. */
export async function orphan(work: Work, place: Place): Promise<void> {
  const { fs } = work.view.disk;
  const { path, at } = place;
  if (!fs.lstatSync(at).isDirectory()) return orphanFile(work, place);
  for (const { name, isDirectory } of namesIn(work, at)) {
    const below = joinPath(path, name);
    if (work.view.rules.verdict(below, isDirectory).excluded) continue;
    const child = work.kept.prepare(below, 'area');
    fs.renameSync(joinDisk(at, name), child.at);
    await orphan(work, child);
  }
  try {
    fs.rmdirSync(at);
    work.kept.cancel(place);
  } catch (error) {
    if (errnoOf(error) !== 'ENOTEMPTY') throw error;
  }
}

/** Names that are no UTF-8 stay where they are: what is left of a directory is not removed. */
function namesIn({ view }: Work, at: Place['at']): { name: string; isDirectory: boolean }[] {
  return view.disk.fs
    .readdirSync(at, { withFileTypes: true })
    .filter((entry) => !entry.name.includes('\ufffd'))
    .map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory() }));
}

async function orphanFile(work: Work, place: Place): Promise<void> {
  const { fs } = work.view.disk;
  const { path, at } = place;
  const task = { fs, at, path, maxFileSize: Number.MAX_SAFE_INTEGER, keepUpTo: 0 };
  const look = toLook(await lookPatiently(task, 100));
  if (look?.kind === 'file' || look?.kind === 'link') work.kept.orphan(place, look, false);
}
