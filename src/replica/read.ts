/** Gives out the content of synchronised files: whole, with the digest that was asked for, or not at all. */
import { createHash } from 'node:crypto';
import { CaiError, toCaiError } from '../errors.ts';
import type { Digest } from '../tree/entry.ts';
import { type Path, pathFault } from '../tree/path.ts';
import { closeQuietly, digestNow, openToRead } from './digest.ts';
import { type Disk, diskPath } from './disk-path.ts';
import { isAbsence, readAsync, realFs } from './fs-port.ts';
import { chunkBytes, inlineLimit, type ReadResult } from './replica.ts';

export function readSmallFile(
  disk: Disk,
  file: { readonly path: Path; readonly digest: Digest },
): ReadResult {
  const { path, digest } = file;
  try {
    checkWay(disk, path);
    const at = diskPath(disk, path);
    const stat = disk.fs.lstatSync(at, { throwIfNoEntry: false });
    if (!stat?.isFile() || stat.size > inlineLimit) throw changed(path);
    const read = digestNow(disk.fs, at, stat, true);
    if (!read.ok) throw read.why === 'unreadable' ? read.error : changed(path);
    if (read.digest !== digest || read.bytes === undefined) throw changed(path);
    return { ok: true, bytes: read.bytes };
  } catch (thrown) {
    const { code, message } = toCaiError(thrown, path);
    return { ok: false, error: { code, message } };
  }
}

export async function* readFile(
  disk: Disk,
  { path, digest, size }: { readonly path: Path; readonly digest: Digest; readonly size: number },
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { fs } = disk;
  let fd: number | undefined;
  try {
    checkWay(disk, path);
    fd = fs.openSync(diskPath(disk, path), openToRead);
    const stat = fs.fstatSync(fd);
    if (!stat.isFile() || stat.size !== size) throw changed(path);
    const hash = createHash('sha256');
    for (let left = size; left > 0; ) {
      if (signal?.aborted) throw new CaiError('CANCELLED', 'The transfer was cancelled.', { path });
      const buffer = Buffer.allocUnsafeSlow(Math.min(chunkBytes, left));
      const got = await readAsync(fs, fd, buffer);
      if (got === 0) throw changed(path);
      const chunk = got === buffer.length ? buffer : buffer.subarray(0, got);
      hash.update(chunk);
      left -= got;
      yield chunk;
    }
    if (hash.digest('hex') !== digest) throw changed(path);
  } catch (thrown) {
    throw isAbsence(thrown) ? changed(path) : toCaiError(thrown, path);
  } finally {
    if (fd !== undefined) closeQuietly(fs, fd);
  }
}

/** True when a program that reads the path below a root goes through no link. */
export function isPlainWay(root: string, path: Path): boolean {
  try {
    checkWay({ fs: realFs, root }, path);
    return true;
  } catch {
    return false;
  }
}

/** Nothing is ever read through a link. */
function checkWay(disk: Disk, path: Path): void {
  const fault = pathFault(path);
  if (fault !== undefined) throw new CaiError('PROTOCOL', `A path is refused: it ${fault}.`);
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
    const at = diskPath(disk, path.slice(0, slash));
    if (!disk.fs.lstatSync(at, { throwIfNoEntry: false })?.isDirectory()) throw changed(path);
  }
}

function changed(path: Path): CaiError {
  return new CaiError('BUSY', 'The file changed while it was read.', {
    path,
    next: 'Nothing to do: the change is noticed and synchronised.',
  });
}
