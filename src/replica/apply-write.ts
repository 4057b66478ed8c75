/** The actions that put a file or a link at a path. */
import { CaiError } from '../errors.ts';
import { type FileEntry, type Look, sameTime } from '../tree/entry.ts';
import { linkFault } from '../tree/link.ts';
import { hasRawBytes, type Path, parentPath, toBytes } from '../tree/path.ts';
import { closeQuietly, openToRead } from './digest.ts';
import { diskPath, joinDisk } from './disk-path.ts';
import { displace, removeMoved } from './displace.ts';
import { type DiskPath, errnoOf } from './fs-port.ts';
import { hasAttributes, setAttributes } from './modes.ts';
import { lookAgain, noteFile, noteGone, noteLink } from './own-writes.ts';
import { putInPlace } from './place.ts';
import { linkMoved, type Prepared, prepare, type WriteAction } from './prepare.ts';
import type { Action, Kept, Outcome } from './replica.ts';
import { removeQuietly } from './staged.ts';
import { leftoverIn, meets, missed, missedNow, standing, type Work, wayIsReal } from './work.ts';

type LinkAction = Extract<Action, { type: 'link' }>;

export async function applyWrite(work: Work, action: WriteAction): Promise<Outcome> {
  if (action.source.from === 'move' && action.expect === null) {
    const moved = await linkMoved(work, action);
    if (moved !== undefined)
      return { path: action.path, result: 'done', now: await finishWrite(work, action, moved) };
  }
  // A miss is seen before much is written.
  if (action.source.from !== 'bytes') {
    const there = await standing(work, action.path);
    if (!meets(there, action.expect)) return missed(work, action.path, there.look);
  }
  return twoWays((beside) => writeOnce(work, action, beside));
}

export async function applyLink(work: Work, action: LinkAction): Promise<Outcome> {
  const { path, entry } = action;
  const fault = linkFault(path, entry.target);
  if (fault !== undefined) throw new CaiError('PROTOCOL', `A link is refused: ${fault}.`, { path });
  return twoWays((beside) => linkOnce(work, action, beside));
}

/** From the staging area, or from beside the target where that is on another file system. */
async function twoWays(once: (beside: boolean) => Promise<Outcome>): Promise<Outcome> {
  try {
    return await once(false);
  } catch (error) {
    if (errnoOf(error) !== 'EXDEV') throw error;
    return once(true);
  }
}

async function writeOnce(work: Work, action: WriteAction, beside: boolean): Promise<Outcome> {
  const { path, entry, source } = action;
  const prepared = await prepare(work, action, beside);
  let placed = false;
  try {
    work.probe('staged', path);
    const outcome = await placeChecked(work, action, prepared.at, beside);
    if ('missed' in outcome) return outcome.missed;
    placed = true;
    return { path, result: 'done', now: await finishWrite(work, action, prepared), ...outcome };
  } catch (error) {
    if (errnoOf(error) === 'EXDEV' && source.from === 'staged' && !beside) {
      const { digest, size } = entry;
      work.staged.putBack(source.id, { at: String(prepared.at), digest, size });
      placed = true;
    }
    throw error;
  } finally {
    if (!placed) removeQuietly(work.view.disk, prepared.at);
  }
}

async function linkOnce(work: Work, action: LinkAction, beside: boolean): Promise<Outcome> {
  const { view, area, owner } = work;
  const { path, entry } = action;
  const name = area.next('new');
  const directory = beside ? diskPath(view.disk, parentPath(path)) : area.open();
  const at = joinDisk(directory, beside ? `.cai-${name}` : name);
  let placed = false;
  try {
    view.disk.fs.symlinkSync(hasRawBytes(entry.target) ? toBytes(entry.target) : entry.target, at);
    if (owner !== undefined) view.disk.fs.lchownSync(at, owner.uid, owner.gid);
    const outcome = await placeChecked(work, action, at, beside);
    if ('missed' in outcome) return outcome.missed;
    placed = true;
    const now = await noteLink(work, path, entry).catch(() => lookAgain(work, path));
    return { path, result: 'done', now, ...outcome };
  } finally {
    if (!placed) removeQuietly(view.disk, at);
  }
}

type Placed = { readonly kept?: Kept } | { readonly missed: Outcome };

async function placeChecked(
  work: Work,
  action: WriteAction | LinkAction,
  at: DiskPath,
  beside: boolean,
): Promise<Placed> {
  const { path, expect } = action;
  // Preparing may have taken its time.
  work.real.clear();
  if (!wayIsReal(work, path)) return { missed: missed(work, path, null) };
  const there = await standing(work, path);
  if (!meets(there, expect)) return { missed: missed(work, path, there.look) };
  work.probe('checked', path);
  const placing = await putInPlace({ work, path, at, there, beside });
  if (placing.placed) return keptOf(placing.kept);
  if (there.look?.kind !== 'directory') {
    return { missed: { ...(await missedNow(work, path)), ...keptOf(placing.kept) } };
  }
  const leftover = leftoverIn(work, path);
  return { missed: missed(work, path, there.look, leftover === undefined ? {} : { leftover }) };
}

/** It is in its place, and what it displaced is kept: nothing may turn that into a failure any more. */
async function finishWrite(
  work: Work,
  { path, entry, source }: WriteAction,
  prepared: Prepared,
): Promise<Look> {
  try {
    if (source.from === 'move') await leaveOldName(work, source.path, entry, prepared);
    if (prepared.movedFrom !== undefined) setMoved(work, path, prepared);
    return await noteFile(work, path, prepared, entry.digest);
  } catch {
    return lookAgain(work, path);
  }
}

/** Where the old name stays after all, the session hears of it (owed.ts). */
async function leaveOldName(
  work: Work,
  from: Path,
  entry: FileEntry,
  { movedFrom, stat }: Prepared,
): Promise<void> {
  try {
    if (movedFrom !== undefined) await removeMoved(work, movedFrom, stat.ino);
    else await removeCopied(work, from, entry);
  } catch {
    work.hint(from);
  }
}

/** A move that had to be done by a copy: what it was copied from goes, as with any removal. */
async function removeCopied(work: Work, from: Path, entry: FileEntry): Promise<void> {
  const there = await standing(work, from);
  const displacing = meets(there, entry) ? await displace(work, from, there, entry) : undefined;
  if (displacing?.displaced !== true) {
    work.hint(from);
    return;
  }
  // The outcome tells of the new path only.
  work.kept.orphan(displacing.place, displacing.kept.entry, displacing.kept.expected);
  noteGone(work, from);
}

function setMoved(work: Work, path: Path, { stat, attributes }: Prepared): void {
  if (hasAttributes(stat, attributes)) return;
  const { fs } = work.view.disk;
  const fd = fs.openSync(diskPath(work.view.disk, path), openToRead);
  try {
    if (fs.fstatSync(fd).ino !== stat.ino) return;
    // The time is touched only where it differs: it also tells who wrote meanwhile.
    const { mtime, ...others } = attributes;
    const isTimed = mtime === undefined || sameTime(stat.mtimeMs, mtime);
    setAttributes(fs, fd, isTimed ? others : attributes);
  } finally {
    closeQuietly(fs, fd);
  }
}

function keptOf(kept: Kept | undefined): { kept?: Kept } {
  return kept === undefined ? {} : { kept };
}
