/**
 * One look at one path of the disk: what stands there now. Says 'absent' only where the system says
 * so; whatever cannot be looked at is blocked, never absent (invariant 1).
 */
import type { Stats } from 'node:fs';
import type { BlockedReason, Digest, Look } from '../tree/entry.ts';
import { linkFault } from '../tree/link.ts';
import { displayPath, type Path } from '../tree/path.ts';
import { type Digested, digestLong, digestNow, readAtOnce } from './digest.ts';
import { readTarget } from './disk-path.ts';
import { type DiskPath, errnoOf, type FsPort, isAbsence } from './fs-port.ts';
import { type FileNode, fileEntry, isRacy, sameSignature } from './nodes.ts';
import { pause } from './slice.ts';

export type Found =
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'file';
      readonly stat: Stats;
      readonly digest: Digest;
      readonly racy: boolean;
      readonly bytes?: Uint8Array;
    }
  | { readonly kind: 'directory'; readonly stat: Stats }
  | { readonly kind: 'link'; readonly stat: Stats; readonly target: string }
  | { readonly kind: 'blocked'; readonly why: BlockedReason; readonly message: string };

/** A file whose digest is not to be had without waiting. */
export interface Later {
  readonly kind: 'later';
  readonly stat: Stats;
}

export interface LookTask {
  readonly fs: FsPort;
  readonly at: DiskPath;
  /** What the path is called inside the root. */
  readonly path: Path;
  readonly maxFileSize: number;
  /** What was last seen here; its digest holds as long as its signature does. */
  readonly known?: FileNode | undefined;
  /** Hand out the content of files up to this many bytes, when they are read. */
  readonly keepUpTo: number;
  /** What stands there as of just now, where the caller has looked already. */
  readonly seen?: Seen | undefined;
}

/** A stat and the time before it was taken (milliseconds since 1970). */
export interface Seen {
  readonly stat: Stats;
  readonly lookedAt: number;
}

/** Milliseconds for which a file that was emptied, or made, is not believed to stay empty. */
const emptyFor = { emptied: 50, made: 10 } as const;

/** Looks without waiting. */
export function lookNow(task: LookTask): Found | Later {
  const lookedAt = task.seen?.lookedAt ?? Date.now();
  let stat: Stats | undefined;
  try {
    stat = task.seen?.stat ?? task.fs.lstatSync(task.at, { throwIfNoEntry: false });
    if (stat === undefined) return { kind: 'absent' };
    if (stat.isSymbolicLink()) return lookAtLink(task, stat);
  } catch (error) {
    if (isAbsence(error) || isUnlisted(task, error)) return { kind: 'absent' };
    return unreadable(task.path, error);
  }
  if (stat.isDirectory()) return { kind: 'directory', stat };
  if (!stat.isFile()) return blocked('special', task.path, 'is a socket, a pipe or a device');
  if (stat.size > task.maxFileSize) {
    return blocked(
      'too-large',
      task.path,
      `is larger (${stat.size} bytes) than synchronised files may be`,
    );
  }
  const { known } = task;
  if (known !== undefined && !known.racy && sameSignature(known, stat)) {
    return { kind: 'file', stat, digest: known.digest, racy: false };
  }
  if (stat.size > readAtOnce || isBeingRewritten(known, stat, lookedAt)) {
    return { kind: 'later', stat };
  }
  const digested = digestNow(task.fs, task.at, stat, stat.size <= task.keepUpTo);
  return fileFound(task, digested, lookedAt) ?? { kind: 'later', stat };
}

/**
 * Looks until the file holds still: at most `patience` milliseconds beyond the first reading, then it
 * is blocked as 'unstable'.
 */
export async function lookPatiently(task: LookTask, patience: number): Promise<Found> {
  const deadline = performance.now() + patience;
  for (let wait = 5; ; wait *= 2) {
    const lookedAt = Date.now();
    const found = lookNow({ ...task, seen: undefined });
    if (found.kind !== 'later') return found;
    if (found.stat.size > readAtOnce && (patience === 0 || isQuiet(found.stat))) {
      const digested = await digestLong(task.fs, task.at, found.stat);
      const file = fileFound(task, digested, lookedAt);
      if (file !== undefined) return file;
    }
    if (performance.now() + wait > deadline) {
      return blocked('unstable', task.path, 'keeps changing while it is read');
    }
    await pause(wait);
  }
}

/** Empty since just now: whoever empties or makes a file mostly writes to it a moment later. */
function isBeingRewritten(known: FileNode | undefined, stat: Stats, lookedAt: number): boolean {
  if (stat.size > 0 || known?.size === 0) return false;
  return Math.abs(lookedAt - stat.mtimeMs) < emptyFor[known === undefined ? 'made' : 'emptied'];
}

/** A long file that was written to just now will be again: reading it would be for nothing. */
function isQuiet(stat: Stats): boolean {
  const wanted = Math.min(50, (stat.size / 1024 / 1024) * 2);
  const quiet = Date.now() - stat.mtimeMs;
  return quiet < 0 || quiet >= wanted;
}

export function toLook(found: Found): Look {
  switch (found.kind) {
    case 'absent':
      return null;
    case 'file':
      return fileEntry(found.stat, found.digest);
    case 'directory':
      return { kind: 'directory', mode: found.stat.mode & 0o777 };
    case 'link':
      return { kind: 'link', target: found.target };
    case 'blocked':
      return found;
  }
}

function fileFound(task: LookTask, digested: Digested, lookedAt: number): Found | undefined {
  if (digested.ok) {
    const { digest, stat, bytes } = digested;
    const racy = isRacy(stat, lookedAt);
    return { kind: 'file', stat, digest, racy, ...(bytes === undefined ? {} : { bytes }) };
  }
  return digested.why === 'unreadable' ? unreadable(task.path, digested.error) : undefined;
}

function lookAtLink({ fs, at, path }: LookTask, stat: Stats): Found {
  const target = readTarget(fs, at);
  const fault = linkFault(path, target);
  if (fault !== undefined)
    return blocked('link-outside', path, `is a link that is left alone: ${fault}`);
  return { kind: 'link', stat, target };
}

export function unreadable(path: Path, error: unknown): Found {
  const code = errnoOf(error);
  if (code === 'ENAMETOOLONG') return blocked('name', path, 'has a path that is too long');
  return blocked('unreadable', path, `cannot be read (${code || String(error)})`);
}

/**
 * A path that is too long cannot be looked at; whether something stands there is told by the directory
 * above. (Nothing does when the path is one that this disk cannot hold, and only the other side has.)
 */
function isUnlisted({ fs, at }: LookTask, error: unknown): boolean {
  if (errnoOf(error) !== 'ENAMETOOLONG') return false;
  const whole = Buffer.from(at as string);
  const slash = whole.lastIndexOf('/');
  try {
    const names = fs.readdirSync(whole.subarray(0, slash), { encoding: 'buffer' });
    return !names.some((name) => name.equals(whole.subarray(slash + 1)));
  } catch (above) {
    return isAbsence(above);
  }
}

function blocked(why: BlockedReason, path: Path, message: string): Found {
  return { kind: 'blocked', why, message: `${displayPath(path)} ${message}.` };
}
