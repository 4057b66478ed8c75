/**
 * Writes files so that a path shows its old or its new content, nothing between (invariant 2): staged
 * beside it, then renamed. A new file never replaces one that appeared meanwhile; an edit that expected
 * a content is taken back when somebody else wrote in the last moment. Mode and hard links stay.
 */
import type { Stats } from 'node:fs';
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { chown, link, lstat, open, rename, rm } from 'node:fs/promises';
import { CaiError } from '../../errors.ts';
import { displayPath } from '../../tree/path.ts';
import type { Spot } from './descend.ts';
import type { Draft, Drafts } from './drafts.ts';
import { fromErrno } from './fault.ts';
import type { DiskPath } from './held.ts';
import { wrongKind } from './read.ts';

export interface WriteInput {
  readonly drafts: Drafts;
  readonly spot: Spot;
  readonly bytes: Uint8Array;
  /** What was read before, and must still stand there; undefined: whatever there is, is replaced. */
  readonly expected?: Stats | undefined;
  /** Nothing may stand there. */
  readonly isNew?: boolean;
}

/** Throws STALE or EXISTS when something else stands there; then nothing has changed. */
export async function writeFile(input: WriteInput): Promise<'created' | 'replaced'> {
  const { spot, bytes } = input;
  const { stat } = spot;
  if (stat !== undefined && !stat.isFile()) throw wrongKind(spot.path, stat);
  if (stat !== undefined && input.isNew === true) throw fromErrno({ code: 'EEXIST' }, spot.path);
  const names = input.drafts.begin(spot, input.expected);
  const { draft } = names;
  try {
    if (stat !== undefined && stat.nlink > 1) return await writeThrough(input, stat);
    await stage(draft, bytes, stat);
    if (stat === undefined) return await place(input, draft);
    await replace(input, names);
    return 'replaced';
  } catch (error) {
    throw fromErrno(error, spot.path);
  } finally {
    await rm(draft, { force: true });
    names.done();
  }
}

async function stage(draft: DiskPath, bytes: Uint8Array, like: Stats | undefined): Promise<void> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const mode = like === undefined ? 0o666 : 0o600;
  const file = await open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  try {
    await file.writeFile(bytes);
    if (like !== undefined) await file.chmod(like.mode & 0o777);
  } finally {
    await file.close();
  }
  // Only root can keep another's file theirs; whoever cannot, owns what they write.
  if (like !== undefined && process.getuid?.() === 0) await chown(draft, like.uid, like.gid);
}

/** A hard link, unlike a rename, does not replace what appeared meanwhile. */
async function place({ spot, isNew = false }: WriteInput, draft: DiskPath) {
  try {
    await link(draft, spot.at);
    return 'created' as const;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && isNew) throw error;
    await rename(draft, spot.at);
    return code === 'EEXIST' ? ('replaced' as const) : ('created' as const);
  }
}

async function replace({ spot, expected }: WriteInput, { draft, keep }: Draft): Promise<void> {
  if (expected === undefined) return rename(draft, spot.at);
  try {
    const isKept = await link(spot.at, keep).then(
      () => true,
      () => false,
    );
    const found = await lstat(isKept ? keep : spot.at);
    if (!same(found, expected)) throw stale(spot);
    await rename(draft, spot.at);
    if (!isKept) return;
    // Who had it open may have written to it until the rename.
    if (same(await lstat(keep), expected)) return;
    await rename(keep, spot.at);
    throw stale(spot);
  } finally {
    await rm(keep, { force: true });
  }
}

/** Other names of the same file are to see the edit too, so it is written in its place. */
async function writeThrough({ spot, bytes, expected }: WriteInput, stat: Stats) {
  const { O_RDWR, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = await open(spot.at, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
  try {
    const opened = await file.stat();
    if (!opened.isFile() || opened.ino !== stat.ino) throw stale(spot);
    if (expected !== undefined && !same(opened, expected)) throw stale(spot);
    await writeInPlace(file, bytes, opened.size);
    return 'replaced' as const;
  } finally {
    await file.close();
  }
}

/** What it grows by first: where the disk is full, the file stays as it was. */
async function writeInPlace(file: FileHandle, bytes: Uint8Array, size: number): Promise<void> {
  try {
    await writeRange(file, bytes, Math.min(size, bytes.length), bytes.length);
  } catch (error) {
    await file.truncate(size);
    throw error;
  }
  await writeRange(file, bytes, 0, Math.min(size, bytes.length));
  await file.truncate(bytes.length);
}

async function writeRange(file: FileHandle, bytes: Uint8Array, from: number, to: number) {
  for (let at = from; at < to; ) at += (await file.write(bytes, at, to - at, at)).bytesWritten;
}

/** A hard link changes the ctime, so that is left out. */
function same(a: Stats, b: Stats): boolean {
  return a.ino === b.ino && a.size === b.size && a.mtimeMs === b.mtimeMs;
}

function stale({ path }: Spot): CaiError {
  return new CaiError(
    'STALE',
    `Somebody else wrote to ${displayPath(path)} just now; it is as they left it.`,
    {
      path,
      next: 'Read it again, then edit.',
    },
  );
}
