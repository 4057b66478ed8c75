/** Makes, moves and removes names. A move never replaces anything; what is removed is what was looked at. */
import type { Stats } from 'node:fs';
import { link, lstat, mkdir, rename, rmdir, unlink } from 'node:fs/promises';
import { CaiError } from '../../errors.ts';
import { displayPath } from '../../tree/path.ts';
import type { Spot } from './descend.ts';
import { fromErrno } from './fault.ts';

export async function makeDirectory({ at, path }: Spot): Promise<void> {
  try {
    await mkdir(at);
  } catch (error) {
    throw fromErrno(error, path);
  }
}

/** Throws EXISTS when something stands at the new place, also when it came there just now. */
export async function moveTo(from: Spot, to: Spot): Promise<void> {
  try {
    if (from.stat?.isDirectory()) {
      // rename puts a directory over an empty one at most: nothing is lost even then.
      if (to.stat !== undefined) throw fromErrno({ code: 'EEXIST' }, to.path);
      await rename(from.at, to.at);
      return;
    }
    // A link, unlike a rename, never replaces; the old name goes afterwards.
    await link(from.at, to.at);
    await unlink(from.at);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A link to a link, or a file system without links: looked at, then renamed.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP')
      throw fromErrno(error, code === 'EEXIST' || code === 'ENOTEMPTY' ? to.path : from.path);
    await renameLooking(from, to);
  }
}

async function renameLooking(from: Spot, to: Spot): Promise<void> {
  const there = await lstat(to.at).catch(() => undefined);
  if (there !== undefined) throw fromErrno({ code: 'EEXIST' }, to.path);
  try {
    await rename(from.at, to.at);
  } catch (error) {
    throw fromErrno(error, from.path);
  }
}

/** Removes a file, a link or whatever is no directory; `seen` is what was looked at. */
export async function removeFile({ at, path }: Spot, seen: Stats): Promise<void> {
  try {
    const now = await lstat(at);
    if (now.ino !== seen.ino || now.mtimeMs !== seen.mtimeMs || now.size !== seen.size)
      throw new CaiError('STALE', `Somebody else wrote to ${displayPath(path)} just now.`, {
        path,
        next: 'Nothing was removed. Look at it again.',
      });
    await unlink(at);
  } catch (error) {
    throw fromErrno(error, path);
  }
}

export async function removeEmpty({ at, path }: Spot): Promise<void> {
  try {
    await rmdir(at);
  } catch (error) {
    throw fromErrno(error, path);
  }
}
