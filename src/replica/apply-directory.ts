/** The action that makes a directory, in place of a file or a link if one is expected there. */
import { constants } from 'node:fs';
import { closeQuietly } from './digest.ts';
import { diskPath } from './disk-path.ts';
import { displace, putBack } from './displace.ts';
import { type DiskPath, errnoOf, type FsPort } from './fs-port.ts';
import { type Attributes, directoryMode, setAttributes } from './modes.ts';
import { noteDirectory } from './own-writes.ts';
import type { Action, Kept, Outcome } from './replica.ts';
import { failed, meets, missed, missedNow, standing, type Work } from './work.ts';

type DirectoryAction = Extract<Action, { type: 'mkdir' }>;

export async function applyDirectory(work: Work, action: DirectoryAction): Promise<Outcome> {
  const { path, expect } = action;
  const there = await standing(work, path);
  if (there.look?.kind === 'directory') return { path, result: 'done', now: there.look };
  if (!meets(there, expect)) return missed(work, path, there.look);
  work.probe('checked', path);
  if (expect === null) return makeThere(work, action);
  const displacing = await displace(work, path, there, expect);
  const { kept } = displacing;
  if (!displacing.displaced) return { ...(await missedNow(work, path)), ...keptOf(kept) };
  try {
    return { ...(await makeThere(work, action)), ...keptOf(kept) };
  } catch (error) {
    // What was displaced gets its place back, or is told with the failure.
    const isBack = putBack(work, displacing.place);
    return { ...(await failed(work, path, error)), ...(isBack ? {} : keptOf(kept)) };
  }
}

async function makeThere(work: Work, action: DirectoryAction): Promise<Outcome> {
  const { path } = action;
  if (!make(work, action)) return missedNow(work, path);
  return { path, result: 'done', now: noteDirectory(work, path) };
}

function keptOf(kept: Kept | undefined): { kept?: Kept } {
  return kept === undefined ? {} : { kept };
}

function make(work: Work, { path, entry, exact }: DirectoryAction): boolean {
  const { disk, options } = work.view;
  const { fs } = disk;
  const at = diskPath(disk, path);
  const mode = directoryMode(entry, exact ? 'full' : options.modes);
  try {
    fs.mkdirSync(at, { mode: mode & 0o700 });
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return fs.lstatSync(at).isDirectory();
    throw error;
  }
  setOnDirectory(fs, at, { mode, owner: work.owner });
  return true;
}

export function setOnDirectory(fs: FsPort, at: DiskPath, attributes: Attributes): void {
  const flags = constants.O_RDONLY | (constants.O_DIRECTORY ?? 0) | (constants.O_NOFOLLOW ?? 0);
  const fd = fs.openSync(at, flags);
  try {
    setAttributes(fs, fd, attributes);
  } finally {
    closeQuietly(fs, fd);
  }
}
