/** What can stand at a path, and when two of those are the same. Pure values, no I/O. */

/** SHA-256 of a file's content, 64 lower-case hexadecimal digits. */
export type Digest = string;

export interface FileEntry {
  readonly kind: 'file';
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly executable: boolean;
  /** Permission bits, 0..0o777. */
  readonly mode: number;
  /** Last modification, milliseconds since 1970, with a fraction. */
  readonly mtime: number;
}

export interface DirectoryEntry {
  readonly kind: 'directory';
  /** Permission bits, 0..0o777. */
  readonly mode: number;
}

export interface LinkEntry {
  readonly kind: 'link';
  /** The target as it stands in the link. */
  readonly target: string;
}

export type Entry = FileEntry | DirectoryEntry | LinkEntry;

/** Something stands there that sync leaves alone; the base keeps what it last knew of the path. */
export interface Blocked {
  readonly kind: 'blocked';
  readonly why: BlockedReason;
  readonly message: string;
}

export type BlockedReason =
  /** It, or its directory, may not be read. */
  | 'unreadable'
  /** A link that is absolute or leads out of the root. */
  | 'link-outside'
  /** A socket, device or pipe. */
  | 'special'
  /** Larger than the configured limit. */
  | 'too-large'
  /** It keeps changing while it is read. */
  | 'unstable'
  /** A name that cannot be held. */
  | 'name';

/** What a look at a path on one side found; null when nothing stands there. */
export type Look = Entry | Blocked | null;

/** Which permissions travel: the executable bit, or all nine bits. */
export type ModePolicy = 'portable' | 'full';

/** True when the contents are the same: kind, digest or link target. Modes and times do not count. */
export function sameContent(a: Look, b: Look): boolean {
  if (a === null || b === null) return a === b;
  if (a.kind === 'file') return b.kind === 'file' && a.digest === b.digest;
  if (a.kind === 'link') return b.kind === 'link' && a.target === b.target;
  if (a.kind === 'blocked') return b.kind === 'blocked' && a.why === b.why;
  return b.kind === 'directory';
}

/** True when the permissions that travel are the same. */
export function sameMode(a: Entry, b: Entry, policy: ModePolicy): boolean {
  if (a.kind === 'link' || b.kind === 'link' || a.kind !== b.kind) return true;
  if (policy === 'full') return a.mode === b.mode;
  return a.kind !== 'file' || b.kind !== 'file' || a.executable === b.executable;
}

/**
 * True when two modification times are the same as far as file systems can hold them: to the
 * millisecond, or to the second (two on FAT) where one of them has no fraction.
 */
export function sameTime(a: number, b: number): boolean {
  const distance = Math.abs(a - b);
  if (distance < 1) return true;
  const coarse = a % 1000 === 0 || b % 1000 === 0;
  return coarse && distance < 1000;
}

/** True when nothing that travels is different. */
export function sameEntry(a: Look, b: Look, policy: ModePolicy): boolean {
  if (!sameContent(a, b)) return false;
  if (a === null || b === null || a.kind === 'blocked' || b.kind === 'blocked') return true;
  if (!sameMode(a, b, policy)) return false;
  return a.kind !== 'file' || b.kind !== 'file' || sameTime(a.mtime, b.mtime);
}
