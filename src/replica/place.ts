/**
 * Puts what is prepared in its place. A new name never replaces something that appeared meanwhile; what
 * is replaced is linked into the staging area right before, and looked at right after (invariant 1).
 * The two system calls between which a rename by somebody else would go unnoticed stand next to each
 * other, and where somebody does write place-apart.ts is used; writes into the replaced file, at any
 * time, are noticed.
 */
import { constants } from 'node:fs';
import { closeQuietly, openToRead, sameFile, sameInode } from './digest.ts';
import { diskPath } from './disk-path.ts';
import { copyAsync, type DiskPath, errnoOf, readAsync, writeAsync } from './fs-port.ts';
import type { Place } from './kept.ts';
import { racyWindow } from './nodes.ts';
import { placeApart } from './place-apart.ts';
import { holdDisplaced, noLinkCodes, type PlaceTask, type Placing, placeNew } from './placing.ts';
import type { Kept } from './replica.ts';
import type { Work } from './work.ts';

export async function putInPlace(task: PlaceTask): Promise<Placing> {
  const { work, path, at, there } = task;
  const { fs } = work.view.disk;
  const target = diskPath(work.view.disk, path);
  try {
    if (there.look?.kind === 'file' || there.look?.kind === 'link') {
      return work.view.activity.isBusy(path, there.stat)
        ? await placeApart(task)
        : await placeOver(task, target);
    }
    if (there.look?.kind === 'directory') fs.rmdirSync(target);
    return placeNew(work, at, target);
  } catch (error) {
    // Somebody was quicker: the path is not what it was when it was looked at.
    if (raceCodes.has(errnoOf(error))) return { placed: false };
    throw error;
  }
}

const raceCodes = new Set(['EEXIST', 'ENOENT', 'ENOTDIR', 'EISDIR', 'ENOTEMPTY', 'ELOOP']);
async function placeOver(task: PlaceTask, target: DiskPath): Promise<Placing> {
  const { work, path, at, there, beside } = task;
  const { fs } = work.view.disk;
  const place = work.kept.prepare(path, beside ? 'beside' : 'area');
  try {
    keep(task, place, target);
  } catch (error) {
    if (noLinkCodes.has(errnoOf(error))) return placeOverCopy(task, place, target);
    work.kept.cancel(place);
    throw error;
  }
  try {
    work.probe('kept', path);
    fs.renameSync(at, target);
  } catch (error) {
    work.kept.cancel(place);
    throw error;
  }
  work.probe('placed', path);
  return { placed: true, kept: await holdDisplaced(work, place, there) };
}

function keep({ work, there }: PlaceTask, place: Place, target: DiskPath): void {
  const { fs } = work.view.disk;
  // Only Linux links a link itself; elsewhere its target is all there is to it.
  if (there.look?.kind !== 'link' || process.platform === 'linux') fs.linkSync(target, place.at);
  else fs.symlinkSync(there.look.target, place.at);
}

/**
 * Without hard links: a copy is kept, and the file stays open while it is replaced, so that a write
 * that came in between is seen and copied too.
 */
async function placeOverCopy(task: PlaceTask, place: Place, target: DiskPath): Promise<Placing> {
  const { work, at, there } = task;
  const { fs } = work.view.disk;
  let fd: number | undefined;
  let placed = false;
  try {
    if (there.look?.kind === 'link') {
      fs.symlinkSync(there.look.target, place.at);
      fs.renameSync(at, target);
      placed = true;
      return { placed, kept: work.kept.hold(place, there.look, true) };
    }
    fd = fs.openSync(target, openToRead);
    await copyAsync(fs, target, place.at, constants.COPYFILE_EXCL);
    const before = there.stat;
    if (before === undefined || !sameFile(before, fs.lstatSync(target))) return { placed };
    work.probe('kept', place.path);
    fs.renameSync(at, target);
    placed = true;
    work.probe('placed', place.path);
    return { placed, kept: await holdCopy(task, place, fd) };
  } finally {
    if (fd !== undefined) closeQuietly(fs, fd);
    if (!placed) work.kept.cancel(place);
  }
}

/** The copy is right unless the open file, which nothing names any more, was written to meanwhile. */
async function holdCopy({ work, there }: PlaceTask, place: Place, fd: number): Promise<Kept> {
  const { fs } = work.view.disk;
  try {
    const after = fs.fstatSync(fd);
    const settled = after.mtimeMs < Date.now() - racyWindow(after);
    if (there.stat !== undefined && sameInode(after, there.stat) && settled) {
      return work.kept.hold(place, there.look as Kept['entry'], true);
    }
    await copyOpen(work, fd, place.at);
  } catch {
    // The copy stays as it was; whether it is what was expected is not known.
  }
  return holdDisplaced(work, place, { ...there, stat: undefined });
}

async function copyOpen(work: Work, from: number, to: DiskPath): Promise<void> {
  const { fs } = work.view.disk;
  const fd = fs.openSync(to, constants.O_WRONLY | constants.O_TRUNC);
  try {
    const buffer = Buffer.allocUnsafe(256 * 1024);
    for (
      let got = await readAsync(fs, from, buffer);
      got > 0;
      got = await readAsync(fs, from, buffer)
    ) {
      await writeAsync(fs, fd, buffer.subarray(0, got));
    }
  } finally {
    closeQuietly(fs, fd);
  }
}
