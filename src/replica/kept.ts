/**
 * Displaced files and links, kept until the session has them in its history (invariant 1). What an id
 * stands for is written down before anything is displaced, so that a crash loses nothing.
 */
import type { Stats } from 'node:fs';
import { CaiError } from '../errors.ts';
import type { FileEntry, LinkEntry } from '../tree/entry.ts';
import { type Path, parentPath } from '../tree/path.ts';
import type { Area } from './area.ts';
import { closeQuietly, openToRead, sameInode } from './digest.ts';
import { type Disk, diskPath, joinDisk } from './disk-path.ts';
import { type DiskPath, isAbsence, readAsync } from './fs-port.ts';
import { createKeptIndex } from './kept-index.ts';
import { lookPatiently, toLook } from './look.ts';
import { racyWindow } from './nodes.ts';
import { chunkBytes, type Kept } from './replica.ts';

/** A place prepared for something that is about to be displaced. */
export interface Place {
  readonly id: string;
  readonly path: Path;
  readonly at: DiskPath;
}

interface Record extends Place {
  kept: Kept;
  /** Undefined when it could not be looked at. */
  stat: Stats | undefined;
  racy: boolean;
}

export interface KeptFiles {
  /** How many places may hold something. */
  readonly size: number;
  /** Prepares a place; 'beside' the path where the staging area is on another file system. */
  prepare(path: Path, where: 'area' | 'beside'): Place;
  /** The place is not needed after all. */
  cancel(place: Place): void;
  /** Something stands at the place now (`stat`, where it is known). Never fails: it may be the only copy. */
  hold(place: Place, entry: FileEntry | LinkEntry, expected: boolean, stat?: Stats): Kept;
  /** As hold, of something that no outcome tells; `takeOrphans` does. */
  orphan(place: Place, entry: FileEntry | LinkEntry, expected: boolean): void;
  takeOrphans(): Kept[];
  /** What was taken, or held, is not kept any more: it has its place back. */
  forget(place: Place): void;
  read(id: string): AsyncGenerator<Uint8Array>;
  /** Puts another name of a kept file, its own path, below an empty directory. */
  expose(id: string, directory: string): void;
  release(ids: readonly string[]): Promise<Kept[]>;
  close(): void;
}

export function createKeptFiles(disk: Disk, area: Area): KeptFiles {
  const { fs } = disk;
  const records = new Map<string, Record>();
  // Prepared, and nobody has said yet what became of them.
  const open = new Set<string>();
  let orphans: Kept[] = [];
  const index = createKeptIndex(fs, area);

  const hold: KeptFiles['hold'] = (place, entry, expected, known) => {
    const { id, path } = place;
    const kept: Kept = { id, path, entry, expected };
    const stat = known ?? statQuietly(disk, place.at);
    records.set(id, { ...place, kept, stat, racy: isRacyKept(stat) });
    open.delete(id);
    try {
      if (!expected) index.note({ id, path, unexpected: true });
    } catch {
      // It only says so after a crash.
    }
    return kept;
  };

  return {
    get size() {
      return records.size + open.size;
    },
    prepare: (path, where) => {
      const id = area.next('kept');
      index.note({ id, path, ...(where === 'beside' ? { beside: true } : {}) });
      const at = placeOf(disk, area.open(), id, path, where);
      open.add(id);
      return { id, path, at };
    },
    cancel: ({ at, id }) => {
      open.delete(id);
      index.forget(id);
      try {
        fs.unlinkSync(at);
      } catch {
        // Nothing was put there.
      }
    },
    hold,
    orphan: (place, entry, expected) => {
      orphans.push(hold(place, entry, expected));
    },
    takeOrphans: () => {
      const taken = orphans;
      orphans = [];
      return taken;
    },
    forget: ({ id, at }) => {
      records.delete(id);
      open.delete(id);
      index.forget(id);
      letGo(disk, at);
    },
    read: (id) => readRecord(disk, records.get(id), id),
    expose: (id, directory) => expose({ fs, root: directory }, records.get(id), id),
    release: async (ids) => {
      const changed: Kept[] = [];
      for (const id of ids) {
        const record = records.get(id);
        if (record === undefined) continue;
        const written = await writtenSince(disk, record);
        if (written !== undefined) changed.push(written);
        else if (letGo(disk, record.at)) {
          records.delete(id);
          index.forget(id);
        }
      }
      return changed;
    },
    close: () => index.close(),
  };
}

export function placeOf(
  disk: Disk,
  area: string,
  id: string,
  path: Path,
  where: 'area' | 'beside',
): DiskPath {
  if (where === 'area') return `${area}/${id}`;
  return joinDisk(diskPath(disk, parentPath(path)), `.cai-${id}`);
}

// A kept inode's ctime moves with its links; a writer moves its mtime.
function isRacyKept(stat: Stats | undefined): boolean {
  return stat === undefined || stat.mtimeMs >= Date.now() - racyWindow(stat);
}

/** The kept file with its present entry when somebody wrote to it since it was displaced. */
async function writtenSince(disk: Disk, record: Record): Promise<Kept | undefined> {
  if (record.kept.entry.kind !== 'file') return undefined;
  const { fs } = disk;
  const now = fs.lstatSync(record.at, { throwIfNoEntry: false });
  if (now === undefined) return undefined;
  if (record.stat !== undefined && sameInode(now, record.stat) && !record.racy) return undefined;
  const entry = record.kept.entry;
  const task = {
    fs,
    at: record.at,
    path: record.path,
    maxFileSize: Number.MAX_SAFE_INTEGER,
    keepUpTo: 0,
  };
  const look = toLook(await lookPatiently(task, 1_000));
  record.stat = statQuietly(disk, record.at);
  record.racy = isRacyKept(record.stat);
  if (look?.kind === 'file') {
    if (look.digest === entry.digest) return undefined;
    record.kept = { ...record.kept, entry: look, expected: false };
  }
  // Still being written: it is not let go, whatever it holds now.
  return record.kept;
}

function statQuietly({ fs }: Disk, at: DiskPath): Stats | undefined {
  try {
    return fs.lstatSync(at);
  } catch {
    return undefined;
  }
}

function letGo({ fs }: Disk, at: DiskPath): boolean {
  try {
    fs.unlinkSync(at);
    return true;
  } catch (error) {
    return isAbsence(error);
  }
}

function expose(inside: Disk, record: Record | undefined, id: string): void {
  if (record === undefined) throw new CaiError('NO_VERSION', `No kept file has the id ${id}.`);
  inside.fs.mkdirSync(diskPath(inside, parentPath(record.path)), { recursive: true });
  inside.fs.linkSync(record.at, diskPath(inside, record.path));
}

async function* readRecord(
  { fs }: Disk,
  record: Record | undefined,
  id: string,
): AsyncGenerator<Uint8Array> {
  if (record === undefined) throw new CaiError('NO_VERSION', `No kept file has the id ${id}.`);
  if (record.kept.entry.kind === 'link') {
    yield Buffer.from(record.kept.entry.target);
    return;
  }
  const fd = fs.openSync(record.at, openToRead);
  try {
    for (;;) {
      const buffer = Buffer.allocUnsafeSlow(chunkBytes);
      const got = await readAsync(fs, fd, buffer);
      if (got === 0) return;
      yield got === buffer.length ? buffer : buffer.subarray(0, got);
    }
  } finally {
    closeQuietly(fs, fd);
  }
}
