/**
 * Brings what was just written into the picture, so that the events it causes find nothing changed,
 * and answers with what really stands there.
 */
import type { Stats } from 'node:fs';
import type { Digest, LinkEntry, Look } from '../tree/entry.ts';
import { baseName, joinPath, type Path, parentPath } from '../tree/path.ts';
import { isRuleFile } from '../tree/rules.ts';
import { diskPath, readNames, readTarget } from './disk-path.ts';
import { type Found, toLook } from './look.ts';
import { fileEntry, lookOf, type Node, racyWindow } from './nodes.ts';
import type { Prepared } from './prepare.ts';
import { adopt, type Teller } from './view.ts';
import type { AheadWatch } from './watch.ts';
import { standing, type Work } from './work.ts';

const silent: Teller = { all: true, tell: () => {}, gone: () => {} };

export async function noteFile(
  work: Work,
  path: Path,
  prepared: Prepared,
  digest: Digest,
): Promise<Look> {
  work.durable.note(path, 'written');
  const stat = statAt(work, path);
  const { stat: wanted } = prepared;
  if (!stat?.isFile() || stat.ino !== wanted.ino || stat.size !== wanted.size)
    return lookAgain(work, path);
  const timed = wanted.mtimeMs !== stat.mtimeMs;
  if (timed && prepared.movedFrom === undefined) return lookAgain(work, path);
  // The time was set, not made by a write: only a write within its tick could bear the same. Of a file
  // that others could write to, the time before it was set is not known: it is read once more.
  const racy = timed || stat.mtimeMs >= Date.now() - racyWindow(stat);
  if (timed) work.hint(path);
  noteFound(work, path, { kind: 'file', stat, digest, racy });
  work.view.activity.noteOwn(path, stat);
  if (isRuleFile(path)) work.hint(path);
  return fileEntry(stat, digest);
}

/**
 * A file in a directory that was watched before it came to its place: what was seen when it was complete
 * holds until an event says otherwise.
 */
export function noteWatched(work: Work, path: Path, { stat }: Prepared, digest: Digest): Look {
  work.durable.note(path, 'written');
  const racy = stat.mtimeMs >= Date.now() - racyWindow(stat);
  noteFound(work, path, { kind: 'file', stat, digest, racy });
  work.view.activity.noteOwn(path, stat);
  if (isRuleFile(path)) work.hint(path);
  return fileEntry(stat, digest);
}

export async function noteLink(work: Work, path: Path, entry: LinkEntry): Promise<Look> {
  work.durable.note(path, 'removed');
  const stat = statAt(work, path);
  const at = diskPath(work.view.disk, path);
  if (!stat?.isSymbolicLink() || readTarget(work.view.disk.fs, at) !== entry.target) {
    return lookAgain(work, path);
  }
  noteFound(work, path, { kind: 'link', stat, target: entry.target });
  work.view.activity.noteOwn(path, stat);
  return { kind: 'link', target: entry.target };
}

/** A directory that was just made; what somebody put into it before it was watched is hinted at. */
export function noteDirectory(work: Work, path: Path): Look {
  const look = noteMade(work, path);
  hintUnknown(work, path);
  return look;
}

/** A directory that is there now, and watched from now on, or has been `ahead` of that. */
export function noteMade(work: Work, path: Path, ahead?: AheadWatch): Look {
  work.durable.note(path, 'removed');
  const stat = statAt(work, path);
  if (!stat?.isDirectory()) {
    ahead?.close();
    work.hint(path);
    return null;
  }
  const before = work.view.picture.get(path);
  // It went with all that was known in it, and its watch has nothing more to say.
  if (before?.kind === 'directory')
    for (const name of before.children.keys()) work.hint(joinPath(path, name));
  const node = noteFound(work, path, { kind: 'directory', stat });
  if (node?.kind !== 'directory') {
    ahead?.close();
    return { kind: 'directory', mode: stat.mode & 0o777 };
  }
  if (ahead?.ino === stat.ino) ahead.adopt(node);
  else {
    ahead?.close();
    work.view.watcher.arm(node, path);
  }
  return lookOf(node);
}

/** Hints at the names in a directory that are not in the picture. */
export function hintUnknown(work: Work, path: Path): void {
  const node = work.view.picture.get(path);
  if (node?.kind !== 'directory') return;
  try {
    for (const { name } of readNames(work.view.disk, path))
      if (!node.children.has(name)) work.hint(joinPath(path, name));
  } catch {
    work.hint(path);
  }
}

/** Permissions or times were set; the content is as it was. */
export function noteAttributes(work: Work, path: Path, before: Look): Look {
  work.durable.note(path, before?.kind === 'file' ? 'written' : 'removed');
  const stat = statAt(work, path);
  if (stat === undefined || before === null) return null;
  if (before.kind === 'file' && stat.isFile() && stat.size === before.size) {
    // Setting the time hides a write of the moment before it: the content is read once more.
    const found: Found = { kind: 'file', stat, digest: before.digest, racy: true };
    noteFound(work, path, found);
    work.hint(path);
    work.view.activity.noteOwn(path, stat);
    return toLook(found);
  }
  if (before.kind === 'directory' && stat.isDirectory()) {
    const node = work.view.picture.get(path);
    if (node?.kind === 'directory') node.mode = stat.mode & 0o777;
    return { kind: 'directory', mode: stat.mode & 0o777 };
  }
  work.hint(path);
  return before;
}

/** Nothing stands there any more. */
export function noteGone(work: Work, path: Path): void {
  work.durable.note(path, 'removed');
  const node = work.view.picture.get(path);
  if (node !== undefined && !holdsKnown(node)) work.view.picture.drop(node);
  if (isRuleFile(path)) work.hint(path);
}

/** What is known in a directory has been told: when that is gone too, a look tells it. */
function holdsKnown(node: Node | undefined): boolean {
  return node?.kind === 'directory' && node.children.size > 0;
}

function noteFound(
  work: Work,
  path: Path,
  found: Exclude<Found, { kind: 'absent' }>,
): Node | undefined {
  const parent = work.view.picture.get(parentPath(path));
  // Where the directory is not known (yet), a look at it will find this too.
  if (parent?.kind !== 'directory') return undefined;
  if (work.view.rules.verdict(path, found.kind === 'directory').excluded) return undefined;
  if (found.kind !== 'directory' && holdsKnown(parent.children.get(baseName(path))))
    return undefined;
  return adopt(work.view, parent, baseName(path), found, silent).node;
}

function statAt(work: Work, path: Path): Stats | undefined {
  const { disk } = work.view;
  return disk.fs.lstatSync(diskPath(disk, path), { throwIfNoEntry: false });
}

/** What stands there, when that is not what was expected; its watcher will tell it too. */
export async function lookAgain(work: Work, path: Path): Promise<Look> {
  work.hint(path);
  try {
    return (await standing(work, path)).look;
  } catch {
    return null;
  }
}
