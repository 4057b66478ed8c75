/** Looks at, and keeps, what a restore is about to displace. */
import type { Stats } from 'node:fs';
import { constants, createReadStream } from 'node:fs';
import { copyFile, link, readlink, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { CaiError } from '../errors.ts';
import type { Contents } from '../store/store.ts';
import type { Entry } from '../tree/entry.ts';
import type { Path } from '../tree/path.ts';
import { fromBytes, hasRawBytes, toBytes } from '../tree/path.ts';

/** A path inside a root as the file system takes it; names need not be UTF-8. */
export function diskPath(root: string, path: Path): string | Buffer {
  if (path === '') return root;
  return hasRawBytes(path)
    ? Buffer.concat([Buffer.from(`${root}/`), toBytes(path)])
    : join(root, path);
}

/** Keeps what stands at `target` at `keep`: the same inode where that can be, else a copy. */
export async function takeFile(
  target: string | Buffer,
  keep: string | Buffer,
  found: Stats,
): Promise<'linked' | 'copied'> {
  if (found.isSymbolicLink()) {
    await symlink(await readlink(target, { encoding: 'buffer' }), keep);
    return 'copied';
  }
  try {
    await link(target, keep);
    return 'linked';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error;
    await copyFile(target, keep, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    return 'copied';
  }
}

/** The entry of a kept file or link that was found as `found`, its content taken into the store. */
export async function describeFile(
  path: string | Buffer,
  contents: Contents,
  found: Stats,
): Promise<Entry> {
  if (found.isSymbolicLink())
    return { kind: 'link', target: fromBytes(await readlink(path, { encoding: 'buffer' })) };
  const taken = await contents.putStream(createReadStream(path), Number.MAX_SAFE_INTEGER);
  if (taken === undefined)
    throw new CaiError('NO_SPACE', 'The history cannot take what stands there.');
  const mode = found.mode & 0o777;
  return { kind: 'file', ...taken, executable: (mode & 0o100) !== 0, mode, mtime: found.mtimeMs };
}

/** True when nobody wrote between two looks. A hard link changes the ctime, so that is left out. */
export function sameLook(a: Stats, b: Stats): boolean {
  return a.size === b.size && a.mtimeMs === b.mtimeMs;
}
