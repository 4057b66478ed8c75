/**
 * Staging areas that crashed runs left in the root: what they kept is taken over (it may be the only
 * copy of what somebody wrote), then they are removed. Those of the living are left alone.
 */
import { pathFault } from '../tree/path.ts';
import { type Area, areaPrefix, wasClosed } from './area.ts';
import { isDead } from './area-owner.ts';
import type { Disk } from './disk-path.ts';
import { type KeptFiles, placeOf } from './kept.ts';
import { type KeptLine, readIndex } from './kept-index.ts';
import { lookPatiently, toLook } from './look.ts';

/** What is found is this run's from then on, one by one; `takeOrphans` tells it. */
export async function takeLeftovers(disk: Disk, area: Area, keptFiles: KeptFiles): Promise<void> {
  for (const entry of disk.fs.readdirSync(disk.root, { withFileTypes: true })) {
    if (!entry.name.startsWith(areaPrefix) || entry.name === area.name || !entry.isDirectory())
      continue;
    const left = `${disk.root === '/' ? '' : disk.root}/${entry.name}`;
    try {
      // Our own mark is touched all the time: its time is nearly what the file system calls now.
      const now = disk.fs.lstatSync(`${area.open()}/owner`).mtimeMs;
      if (!wasClosed(entry.name) && !isDead(disk.fs, left, now)) continue;
      await takeKept(disk, left, keptFiles);
      disk.fs.rmSync(left, { recursive: true, force: true });
    } catch {
      // Not ours to take, or not now: the next call tries again.
    }
  }
}

async function takeKept(disk: Disk, left: string, keptFiles: KeptFiles): Promise<void> {
  const { fs } = disk;
  const lines = readIndex(fs, left);
  for (const name of fs.readdirSync(left)) {
    // A kept file without its line: the name says nothing, its content still does.
    if (name.startsWith('kept-') && !lines.has(name)) lines.set(name, { id: name, path: name });
  }
  for (const line of lines.values()) {
    if (pathFault(line.path) === undefined) await takeOne(disk, left, line, keptFiles);
  }
}

async function takeOne(
  disk: Disk,
  left: string,
  line: KeptLine,
  keptFiles: KeptFiles,
): Promise<void> {
  const where = line.beside === true ? 'beside' : 'area';
  const from = placeOf(disk, left, line.id, line.path, where);
  if (disk.fs.lstatSync(from, { throwIfNoEntry: false }) === undefined) return;
  const { fs } = disk;
  const task = { fs, at: from, path: line.path, maxFileSize: Number.MAX_SAFE_INTEGER, keepUpTo: 0 };
  const look = toLook(await lookPatiently(task, 100));
  // What cannot be read must stay where it is, and its area with it.
  if (look?.kind !== 'file' && look?.kind !== 'link') throw new Error('cannot be read');
  const place = keptFiles.prepare(line.path, where);
  fs.renameSync(from, place.at);
  keptFiles.orphan(place, look, line.unexpected !== true);
}
