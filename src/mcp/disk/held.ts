/**
 * A directory that is held open. Linux reaches the names in it through /proc/self/fd, so that it stays the same directory
 * whatever becomes of its name; elsewhere Node has no such calls, and what was opened is checked afterwards (read.ts).
 */
import type { Stats } from 'node:fs';
import { closeSync, constants, lstatSync, openSync } from 'node:fs';
import type { Path } from '../../tree/path.ts';
import { hasRawBytes, toBytes } from '../../tree/path.ts';
import { fromErrno } from './fault.ts';

/** For a system call; names need not be UTF-8. */
export type DiskPath = string | Buffer;

export interface Held {
  /** In the root. */
  readonly path: Path;
  readonly prefix: string;
  readonly fd: number | undefined;
}

/** A handle for going on from, which needs no permission to list (O_PATH). */
const openPath = 0o10000000;

/** Opens a directory; a link is not followed, except to the root itself. */
export function hold(at: DiskPath, path: Path, mayBeLink = false): Held {
  if (process.platform !== 'linux') return { path, prefix: `${at.toString()}/`, fd: undefined };
  const noFollow = mayBeLink ? 0 : constants.O_NOFOLLOW;
  const fd = openSync(at, openPath | constants.O_DIRECTORY | noFollow);
  return { path, prefix: `/proc/self/fd/${fd}/`, fd };
}

export function letGo({ fd }: Held): void {
  if (fd !== undefined) closeSync(fd);
}

/** A name in it, for a system call. */
export function reach({ prefix }: Held, name: string): DiskPath {
  return hasRawBytes(name) ? Buffer.concat([Buffer.from(prefix), toBytes(name)]) : prefix + name;
}

/** What stands there, links not followed; undefined: nothing. */
export function look(at: DiskPath, path: Path): Stats | undefined {
  try {
    return lstatSync(at);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fromErrno(error, path);
  }
}
