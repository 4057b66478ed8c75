/** Permissions and owners of what is written: never set-id bits, never more than the entry asks for. */
import type { Stats } from 'node:fs';
import { type DirectoryEntry, type FileEntry, type ModePolicy, sameTime } from '../tree/entry.ts';
import type { FsPort } from './fs-port.ts';
import { isExecutable } from './nodes.ts';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Permissions for a file; `old` is what stands there now, whose other bits are kept. */
export function fileMode(entry: FileEntry, old: Stats | undefined, policy: ModePolicy): number {
  if (policy === 'full') return entry.mode & 0o777;
  if (old?.isFile()) {
    const mode = old.mode & 0o777;
    if (isExecutable(mode) === entry.executable) return mode;
    // Executable for those who may read it, as `chmod +x` under a umask would do.
    return entry.executable ? mode | 0o100 | ((mode & 0o444) >> 2) : mode & ~0o111;
  }
  const mode = entry.executable ? 0o755 : 0o644;
  return isPrivate(entry) ? mode & 0o700 : mode;
}

export function directoryMode(entry: DirectoryEntry, policy: ModePolicy): number {
  if (policy === 'full') return entry.mode & 0o777;
  return isPrivate(entry) ? 0o700 : 0o755;
}

function isPrivate(entry: FileEntry | DirectoryEntry): boolean {
  return (entry.mode & 0o077) === 0;
}

/** This process may give files away; it keeps its user for as long as it lives. */
const isRoot = process.getuid?.() === 0;

/** Whom new files shall belong to: the root directory's owner, where this process may give them away. */
export function newOwner(root: Stats): Owner | undefined {
  if (!isRoot || (root.uid === 0 && root.gid === 0)) return undefined;
  return { uid: root.uid, gid: root.gid };
}

export interface Attributes {
  readonly mode: number;
  /** Milliseconds since 1970; left as it is when undefined. */
  readonly mtime?: number;
  readonly owner?: Owner | undefined;
}

/** Sets them on an open file or directory: the owner first, which takes permission bits away. */
export function setAttributes(fs: FsPort, fd: number, { mode, mtime, owner }: Attributes): void {
  if (owner !== undefined) fs.fchownSync(fd, owner.uid, owner.gid);
  fs.fchmodSync(fd, mode);
  if (mtime !== undefined) fs.futimesSync(fd, Date.now() / 1000, toSeconds(mtime));
}

/** Sets what is not so already, of an open file that has just the time it was written at; its stat afterwards. */
export function setOnNew(fs: FsPort, fd: number, wanted: Attributes): Stats {
  const { mode, mtime, owner } = wanted;
  if (mtime !== undefined) fs.futimesSync(fd, Date.now() / 1000, toSeconds(mtime));
  const stat = fs.fstatSync(fd);
  const owned = owner === undefined || (owner.uid === stat.uid && owner.gid === stat.gid);
  if (owned && (stat.mode & 0o7777) === mode) return stat;
  if (!owned) fs.fchownSync(fd, owner.uid, owner.gid);
  fs.fchmodSync(fd, mode);
  return fs.fstatSync(fd);
}

/** True when nothing of it would be changed. */
export function hasAttributes(stat: Stats, { mode, mtime, owner }: Attributes): boolean {
  if ((stat.mode & 0o7777) !== mode) return false;
  if (owner !== undefined && (owner.uid !== stat.uid || owner.gid !== stat.gid)) return false;
  return mtime === undefined || sameTime(stat.mtimeMs, mtime);
}

/**
 * Node hands seconds on as a double, which is cut off at the microsecond: aimed at the middle of it,
 * so that no time comes out earlier than it was.
 */
function toSeconds(ms: number): number {
  return (Math.floor(ms * 1000) + 0.5) / 1e6;
}

/** The owner of a file that takes another's place. */
export function ownerAfter(old: Stats | undefined, owner: Owner | undefined): Owner | undefined {
  if (!isRoot) return undefined;
  return old?.isFile() ? { uid: old.uid, gid: old.gid } : owner;
}
