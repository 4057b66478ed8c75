/** The action that sets permissions and the modification time, on a file that stays what it is. */
import { constants } from 'node:fs';
import { sameTime } from '../tree/entry.ts';
import { closeQuietly, sameFile } from './digest.ts';
import { diskPath } from './disk-path.ts';
import { type Attributes, fileMode, setAttributes } from './modes.ts';
import { noteAttributes } from './own-writes.ts';
import type { Action, Outcome } from './replica.ts';
import { meets, missed, missedNow, type Standing, standing, type Work } from './work.ts';

type AttributesAction = Extract<Action, { type: 'attributes' }>;

export async function applyAttributes(work: Work, action: AttributesAction): Promise<Outcome> {
  const { path, expect } = action;
  const there = await standing(work, path);
  if (!meets(there, expect) || there.stat === undefined) return missed(work, path, there.look);
  work.probe('checked', path);
  const attributes = wanted(work, action, there);
  if (attributes === undefined) return { path, result: 'done', now: there.look };
  const { fs } = work.view.disk;
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  const fd = fs.openSync(diskPath(work.view.disk, path), flags);
  try {
    const open = fs.fstatSync(fd);
    const same = there.stat.isFile() ? sameFile(open, there.stat) : open.ino === there.stat.ino;
    if (!same) return await missedNow(work, path);
    setAttributes(fs, fd, attributes);
  } finally {
    closeQuietly(fs, fd);
  }
  return { path, result: 'done', now: noteAttributes(work, path, there.look) };
}

/** Undefined when there is nothing to do. */
function wanted(
  work: Work,
  { entry }: AttributesAction,
  { stat, look }: Standing,
): Attributes | undefined {
  const { modes } = work.view.options;
  const present = (stat?.mode ?? 0) & 0o777;
  if (entry.kind === 'directory') {
    // The permissions of a directory travel on request only.
    if (modes !== 'full' || present === entry.mode) return undefined;
    return { mode: entry.mode & 0o777 };
  }
  const mode = fileMode(entry, stat, modes);
  const sameMtime = look?.kind === 'file' && sameTime(look.mtime, entry.mtime);
  if (mode === present && sameMtime) return undefined;
  return { mode, mtime: entry.mtime };
}
