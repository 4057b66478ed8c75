/** The action that takes something away. Directories go only when they are empty. */
import { diskPath } from './disk-path.ts';
import { displace } from './displace.ts';
import { errnoOf } from './fs-port.ts';
import { noteGone } from './own-writes.ts';
import type { Action, Outcome } from './replica.ts';
import { leftoverIn, meets, missed, missedNow, standing, type Work } from './work.ts';

type RemoveAction = Extract<Action, { type: 'remove' }>;

export async function applyRemove(work: Work, action: RemoveAction): Promise<Outcome> {
  const { path, expect } = action;
  const there = await standing(work, path);
  if (there.look === null) {
    noteGone(work, path);
    return { path, result: 'done', now: null };
  }
  if (!meets(there, expect)) return missed(work, path, there.look);
  work.probe('checked', path);
  if (expect.kind === 'directory') return removeDirectory(work, action);
  const displacing = await displace(work, path, there, expect);
  if (displacing.displaced) {
    noteGone(work, path);
    return { path, result: 'done', now: null, kept: displacing.kept };
  }
  const outcome = await missedNow(work, path);
  return displacing.kept === undefined ? outcome : { ...outcome, kept: displacing.kept };
}

async function removeDirectory(work: Work, { path }: RemoveAction): Promise<Outcome> {
  const { disk } = work.view;
  try {
    disk.fs.rmdirSync(diskPath(disk, path));
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return missedNow(work, path);
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    const leftover = leftoverIn(work, path);
    const { look } = await standing(work, path);
    return missed(work, path, look, leftover === undefined ? {} : { leftover });
  }
  noteGone(work, path);
  return { path, result: 'done', now: null };
}
