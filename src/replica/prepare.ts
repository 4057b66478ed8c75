/**
 * Completes a file's content under a hidden name, with its permissions and times, before it is placed
 * (invariant 2). The digest is checked here, wherever the content comes from.
 */
import { constants, type Stats } from 'node:fs';
import { CaiError } from '../errors.ts';
import { type Path, parentPath } from '../tree/path.ts';
import {
  closeQuietly,
  digestLong,
  digestNow,
  openToRead,
  readAtOnce,
  sameFile,
  sameInode,
  sha256,
} from './digest.ts';
import { diskPath, joinDisk } from './disk-path.ts';
import { removeMoved } from './displace.ts';
import { copyAsync, type DiskPath, errnoOf, type FsPort } from './fs-port.ts';
import { type Attributes, fileMode, ownerAfter, setOnNew } from './modes.ts';
import { sameSignature } from './nodes.ts';
import type { Action } from './replica.ts';
import { openToStage, removeQuietly } from './staged.ts';
import { standing, type Work, wayIsReal } from './work.ts';

export type WriteAction = Extract<Action, { type: 'write' }>;

export interface Prepared {
  readonly at: DiskPath;
  readonly attributes: Attributes;
  readonly stat: Stats;
  /** It is another name of the file at this path, whose attributes are not touched yet. */
  readonly movedFrom?: Path;
}

interface Making {
  readonly work: Work;
  readonly action: WriteAction;
  readonly at: DiskPath;
  readonly attributes: Attributes;
}

/** `beside` the target where the staging area is on another file system. */
export async function prepare(work: Work, action: WriteAction, beside: boolean): Promise<Prepared> {
  const { view, area, owner } = work;
  const { entry, path, source } = action;
  const target = diskPath(view.disk, path);
  const old = view.disk.fs.lstatSync(target, { throwIfNoEntry: false });
  const attributes: Attributes = {
    mode: fileMode(entry, old, action.exact ? 'full' : view.options.modes),
    mtime: entry.mtime,
    owner: ownerAfter(old, owner),
  };
  const name = area.next('new');
  const at = beside
    ? joinDisk(diskPath(view.disk, parentPath(path)), `.cai-${name}`)
    : `${area.open()}/${name}`;
  const making: Making = { work, action, at, attributes };
  try {
    if (source.from === 'bytes') return fromBytes(making, source.bytes);
    if (source.from === 'staged') return await fromStaged(making, source.id, beside);
    if (source.from === 'move') {
      const moved = await fromMove(making, source.path);
      if (moved !== undefined) return moved;
    }
    return await fromCopy(making, source.path);
  } catch (error) {
    removeQuietly(view.disk, at);
    throw error;
  }
}

function fromBytes({ work, action, at, attributes }: Making, bytes: Uint8Array): Prepared {
  return writeNew(
    work.view.disk.fs,
    { ...action, source: { from: 'bytes', bytes } },
    at,
    attributes,
  );
}

/** Writes the bytes of an action where nothing stands. */
export function writeNew(
  fs: FsPort,
  { path, entry, source }: WriteAction,
  at: DiskPath,
  attributes: Attributes,
): Prepared {
  const bytes = source.from === 'bytes' ? source.bytes : undefined;
  if (bytes?.length !== entry.size || sha256(bytes) !== entry.digest) {
    throw new CaiError('PROTOCOL', 'The content is not the one that was announced.', { path });
  }
  const fd = fs.openSync(at, openToStage, attributes.mode);
  try {
    for (let done = 0; done < bytes.length; ) {
      done += fs.writeSync(fd, bytes, done, bytes.length - done, null);
    }
    return { at, attributes, stat: setOnNew(fs, fd, attributes) };
  } finally {
    closeQuietly(fs, fd);
  }
}

async function fromStaged(making: Making, id: string, beside: boolean): Promise<Prepared> {
  const { work, action, at } = making;
  const { fs } = work.view.disk;
  const content = work.staged.take(id);
  if (content === undefined)
    throw new CaiError('BUSY', 'The content is not staged.', { path: action.path });
  if (content.digest !== action.entry.digest || content.size !== action.entry.size) {
    removeQuietly(work.view.disk, content.at);
    throw new CaiError('PROTOCOL', 'Another content is staged.', { path: action.path });
  }
  try {
    if (beside) await copyAsync(fs, content.at, at, constants.COPYFILE_EXCL);
    else fs.renameSync(content.at, at);
  } catch (error) {
    work.staged.putBack(id, content);
    throw error;
  }
  if (beside) removeQuietly(work.view.disk, content.at);
  return finish(making);
}

async function fromCopy(making: Making, from: Path): Promise<Prepared> {
  const { work, action, at } = making;
  const { fs } = work.view.disk;
  const before = sourceStat(work, from);
  const source = diskPath(work.view.disk, from);
  if (before.size !== action.entry.size) throw changed(from);
  if (before.size <= readAtOnce) {
    const read = digestNow(fs, source, before, true);
    if (!read.ok || read.bytes === undefined || read.digest !== action.entry.digest)
      throw changed(from);
    return fromBytes(making, read.bytes);
  }
  await copyAsync(fs, source, at, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  if (!(isKnown(work, from, before, action) && sameFile(before, sourceStat(work, from)))) {
    const copied = await digestLong(fs, at, fs.lstatSync(at));
    if (!copied.ok || copied.digest !== action.entry.digest) throw changed(from);
  }
  return finish(making);
}

/**
 * The file itself under a name that is free, without a stop in the staging area: a link never takes anybody's
 * place. Undefined, and nothing done, where that is not to be had.
 */
export async function linkMoved(work: Work, action: WriteAction): Promise<Prepared | undefined> {
  const { entry, path, source } = action;
  if (source.from !== 'move') return undefined;
  const { disk, options } = work.view;
  const before = sourceStat(work, source.path);
  if (before.nlink > 1 || !isKnown(work, source.path, before, action)) return undefined;
  if (!wayIsReal(work, path)) return undefined;
  const at = diskPath(disk, path);
  work.probe('checked', path);
  try {
    disk.fs.linkSync(diskPath(disk, source.path), at);
  } catch {
    // Something stands there, or there are no links here.
    return undefined;
  }
  work.probe('placed', path);
  const stat = disk.fs.lstatSync(at);
  if (!sameInode(stat, before)) {
    // Another file was in the old place by then: it has its name there. Otherwise it was put at the new one.
    const old = disk.fs.lstatSync(diskPath(disk, source.path), { throwIfNoEntry: false });
    if (old?.ino === stat.ino) await removeMoved(work, path, stat.ino);
    throw changed(source.path);
  }
  const mode = fileMode(entry, undefined, action.exact ? 'full' : options.modes);
  const attributes = { mode, mtime: entry.mtime, owner: ownerAfter(undefined, work.owner) };
  return { at, attributes, stat, movedFrom: source.path };
}

/** The file itself under another name; undefined where it has to be copied. */
async function fromMove(
  { work, action, at, attributes }: Making,
  from: Path,
): Promise<Prepared | undefined> {
  const { fs } = work.view.disk;
  const before = sourceStat(work, from);
  // A further name of the inode would get the attributes of this one.
  if (before.nlink > 1) return undefined;
  if (!isKnown(work, from, before, action)) {
    const { look, stat } = await standing(work, from);
    const same = look?.kind === 'file' && look.digest === action.entry.digest;
    if (!same || stat === undefined || !sameFile(stat, before)) throw changed(from);
  }
  try {
    fs.linkSync(diskPath(work.view.disk, from), at);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') throw changed(from);
    return undefined;
  }
  const stat = fs.lstatSync(at);
  if (!sameInode(stat, before)) throw changed(from);
  return { at, attributes, stat, movedFrom: from };
}

function isKnown(work: Work, from: Path, stat: Stats, { entry }: WriteAction): boolean {
  const node = work.view.picture.get(from);
  if (node?.kind !== 'file' || node.racy) return false;
  return sameSignature(node, stat) && node.digest === entry.digest;
}

function sourceStat(work: Work, from: Path): Stats {
  const { fs } = work.view.disk;
  if (!wayIsReal(work, from)) throw changed(from);
  const stat = fs.lstatSync(diskPath(work.view.disk, from), { throwIfNoEntry: false });
  if (!stat?.isFile()) throw changed(from);
  return stat;
}

function changed(path: Path): CaiError {
  return new CaiError('BUSY', 'The file to copy from is not any more what it was.', { path });
}

function finish({ work, at, attributes }: Making): Prepared {
  const { fs } = work.view.disk;
  const fd = fs.openSync(at, openToRead);
  try {
    return { at, attributes, stat: setOnNew(fs, fd, attributes) };
  } finally {
    closeQuietly(fs, fd);
  }
}
