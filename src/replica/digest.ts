/**
 * Reads and digests one file. A digest is only given out when the file was the same before and after
 * the reading (inode, times, size); links are not followed, pipes do not block.
 */
import * as crypto from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import type { Digest } from '../tree/entry.ts';
import { type DiskPath, errnoOf, type FsPort, isAbsence, readAsync } from './fs-port.ts';
import { copyToSlab } from './slab.ts';

/** Files up to this size are read in one go, without giving up the thread. */
export const readAtOnce = 256 * 1024;
const pieceBytes = 1024 * 1024;

export type Digested =
  | {
      readonly ok: true;
      readonly digest: Digest;
      readonly stat: Stats;
      readonly bytes?: Uint8Array;
    }
  /** It changed, or went, between the look at it and the end of the reading. */
  | { readonly ok: false; readonly why: 'changed' }
  | { readonly ok: false; readonly why: 'unreadable'; readonly error: unknown };

// Named through the namespace object: Node before 20.12 does not have it.
const oneShot = (crypto as { hash?: (name: string, data: Uint8Array, form: 'hex') => string }).hash;

export function sha256(bytes: Uint8Array): Digest {
  if (oneShot !== undefined) return oneShot('sha256', bytes, 'hex');
  return crypto.createHash('sha256').update(bytes).digest('hex');
}

/** Never a link, never waiting for the other end of a pipe. */
export const openToRead =
  constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

let shared: Buffer | undefined;

/** Digests a file of at most `readAtOnce` bytes; `keep` hands out its content too. */
export function digestNow(fs: FsPort, at: DiskPath, before: Stats, keep: boolean): Digested {
  shared ??= Buffer.allocUnsafeSlow(readAtOnce + 1);
  let fd: number | undefined;
  try {
    fd = fs.openSync(at, openToRead);
    let size = 0;
    while (size <= before.size) {
      const got = fs.readSync(fd, shared, size, before.size + 1 - size, null);
      size += got;
      if (got === 0 || size === before.size) break;
    }
    const after = fs.fstatSync(fd);
    if (size !== before.size || !sameFile(before, after)) return { ok: false, why: 'changed' };
    const content = shared.subarray(0, size);
    const digest = sha256(content);
    if (!keep) return { ok: true, digest, stat: after };
    return { ok: true, digest, stat: after, bytes: copyToSlab(content) };
  } catch (error) {
    return failure(error);
  } finally {
    if (fd !== undefined) closeQuietly(fs, fd);
  }
}

/** Digests a file of any size in constant memory. */
export async function digestLong(fs: FsPort, at: DiskPath, before: Stats): Promise<Digested> {
  let fd: number | undefined;
  try {
    fd = fs.openSync(at, openToRead);
    if (!sameFile(before, fs.fstatSync(fd))) return { ok: false, why: 'changed' };
    const { digest, size } = await digestOpen(fs, fd, before.size);
    const after = fs.fstatSync(fd);
    if (size !== before.size || !sameFile(before, after)) return { ok: false, why: 'changed' };
    return { ok: true, digest, stat: after };
  } catch (error) {
    return failure(error);
  } finally {
    if (fd !== undefined) closeQuietly(fs, fd);
  }
}

/** Digest of what an open file holds from where it stands; gives up beyond `limit` bytes. */
async function digestOpen(
  fs: FsPort,
  fd: number,
  limit: number,
): Promise<{ digest: Digest; size: number }> {
  const hash = crypto.createHash('sha256');
  const buffer = Buffer.allocUnsafe(Math.min(pieceBytes, limit + 1));
  let size = 0;
  while (size <= limit) {
    const got = await readAsync(fs, fd, buffer);
    if (got === 0) break;
    hash.update(got === buffer.length ? buffer : buffer.subarray(0, got));
    size += got;
  }
  return { digest: hash.digest('hex'), size };
}

export function sameFile(a: Stats, b: Stats): boolean {
  return a.ino === b.ino && a.ctimeMs === b.ctimeMs && a.mtimeMs === b.mtimeMs && a.size === b.size;
}

/** As sameFile, for an inode that was linked or renamed meanwhile, which changes its ctime. */
export function sameInode(a: Stats, b: Stats): boolean {
  return a.ino === b.ino && a.mtimeMs === b.mtimeMs && a.size === b.size;
}

export function closeQuietly(fs: FsPort, fd: number): void {
  try {
    fs.closeSync(fd);
  } catch {
    // Nothing that was read or written depends on it.
  }
}

function failure(error: unknown): Digested {
  // ELOOP: a link stands there now; ENXIO: a socket.
  if (isAbsence(error) || ['ELOOP', 'ENXIO', 'EISDIR'].includes(errnoOf(error))) {
    return { ok: false, why: 'changed' };
  }
  return { ok: false, why: 'unreadable', error };
}
