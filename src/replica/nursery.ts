/**
 * A new directory is made whole in the staging area, with the new files that are to be in it, and comes to
 * its place by one rename: a first sync and a switch of branches consist of little else. Nobody can look
 * into it before it is complete (invariant 2), and nothing that anybody wrote gives way to it (invariant 1).
 */
import { CaiError } from '../errors.ts';
import type { Look } from '../tree/entry.ts';
import { type Path, parentPath } from '../tree/path.ts';
import { setOnDirectory } from './apply-directory.ts';
import { type Disk, diskPath } from './disk-path.ts';
import { directoryMode, fileMode, ownerAfter } from './modes.ts';
import { hintUnknown, noteFile, noteMade, noteWatched } from './own-writes.ts';
import { type Prepared, type WriteAction, writeNew } from './prepare.ts';
import type { Action, Outcome } from './replica.ts';
import type { Slice } from './slice.ts';
import type { AheadWatch } from './watch.ts';
import { checkActionPath, type Work, wayIsReal } from './work.ts';

/** With fewer files in it a directory is not worth the trouble. */
const worth = 3;

type MakeAction = Extract<Action, { type: 'mkdir' }>;
type NewAction = MakeAction | WriteAction;

/** A directory and what is to be in it, one after the other. */
export type Brood = readonly [MakeAction, ...NewAction[]];

/** The actions from `from` on that make a new directory and what is in it; undefined when they are few. */
export function findBrood(actions: readonly Action[], from: number): Brood | undefined {
  const first = actions[from];
  if (first?.type !== 'mkdir' || first.expect !== null) return undefined;
  const made = new Set<Path>([first.path]);
  const brood: [MakeAction, ...NewAction[]] = [first];
  let files = 0;
  for (let at = from + 1; at < actions.length; at += 1) {
    const action = actions[at] as Action;
    if (!isNew(action) || !made.has(parentPath(action.path))) break;
    if (action.type === 'mkdir') made.add(action.path);
    else files += 1;
    brood.push(action);
  }
  return files < worth ? undefined : brood;
}

function isNew(action: Action): action is NewAction {
  if (action.type === 'mkdir') return action.expect === null;
  return action.type === 'write' && action.expect === null && action.source.from === 'bytes';
}

/** One outcome for each, or undefined and nothing done: then each has to go its own way, and says why. */
export async function raise(
  work: Work,
  brood: Brood,
  slice: Slice,
): Promise<readonly Outcome[] | undefined> {
  const { view, area } = work;
  const { fs } = view.disk;
  let root: string | undefined;
  const ahead = new Map<Path, AheadWatch>();
  try {
    for (const { path } of brood) checkActionPath(path);
    const [{ path: top }] = brood;
    if (!isFree(work, top)) return undefined;
    root = `${area.open()}/${area.next('new')}`;
    const prepared = await build(work, { fs, root }, brood, slice);
    watchAhead(work, { fs, root }, brood, ahead);
    work.real.clear();
    if (!wayIsReal(work, top)) return undefined;
    work.probe('checked', top);
    place(work, root, top);
    root = undefined;
    work.probe('placed', top);
    return await note(work, brood, { prepared, ahead });
  } catch {
    return undefined;
  } finally {
    for (const watch of ahead.values()) if (!watch.adopted) watch.close();
    if (root !== undefined) fs.rmSync(root, { recursive: true, force: true });
  }
}

function isFree(work: Work, path: Path): boolean {
  const { disk } = work.view;
  if (!wayIsReal(work, path)) return false;
  return disk.fs.lstatSync(diskPath(disk, path), { throwIfNoEntry: false }) === undefined;
}

async function build(
  work: Work,
  inside: Disk,
  brood: Brood,
  slice: Slice,
): Promise<ReadonlyMap<Path, Prepared>> {
  const { options } = work.view;
  const prepared = new Map<Path, Prepared>();
  const cut = brood[0].path.length + 1;
  for (const action of brood) {
    const at = diskPath(inside, action.path.slice(cut));
    if (action.type === 'mkdir') inside.fs.mkdirSync(at, { mode: 0o700 });
    else {
      const mode = fileMode(action.entry, undefined, action.exact ? 'full' : options.modes);
      const owner = ownerAfter(undefined, work.owner);
      const attributes = { mode, mtime: action.entry.mtime, owner };
      prepared.set(action.path, writeNew(inside.fs, action, at, attributes));
    }
    if (slice.over()) await slice.next();
  }
  // Last, since one that may not be written to could not be filled.
  for (const action of [...brood].reverse()) {
    if (action.type !== 'mkdir') continue;
    const mode = directoryMode(action.entry, action.exact ? 'full' : options.modes);
    const at = diskPath(inside, action.path.slice(cut));
    setOnDirectory(inside.fs, at, { mode, owner: work.owner });
  }
  return prepared;
}

/** Whatever others do in it once it is in its place is heard: it need not be looked at again. */
function watchAhead(work: Work, inside: Disk, brood: Brood, ahead: Map<Path, AheadWatch>): void {
  const cut = brood[0].path.length + 1;
  for (const { type, path } of brood) {
    if (type !== 'mkdir') continue;
    const watch = work.view.watcher.armAhead(diskPath(inside, path.slice(cut)));
    if (watch !== undefined) ahead.set(path, watch);
  }
}

/**
 * Over a file or a directory with something in it the rename fails. An empty directory that somebody makes
 * between the two calls gives way to the full one: no byte is lost with it. (Taking the place with an empty
 * one of our own would rule that out, but a rename over a directory waits for 2 ms in Linux, one to a free
 * name for a fiftieth of that.)
 */
function place(work: Work, from: string, path: Path): void {
  const { disk } = work.view;
  const target = diskPath(disk, path);
  if (disk.fs.lstatSync(target, { throwIfNoEntry: false }) !== undefined)
    throw new CaiError('BUSY', 'Something stands there by now.', { path });
  disk.fs.renameSync(from, target);
}

interface Built {
  readonly prepared: ReadonlyMap<Path, Prepared>;
  /** Those of directories that are watched already. */
  readonly ahead: ReadonlyMap<Path, AheadWatch>;
}

/** It is in its place: nothing may turn that into a failure any more. */
async function note(
  work: Work,
  brood: Brood,
  { prepared, ahead }: Built,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  const unwatched = new Set<Path>();
  for (const action of brood) {
    const { path } = action;
    const own = prepared.get(path);
    let now: Look;
    if (action.type === 'mkdir' || own === undefined) {
      const watch = ahead.get(path);
      now = noteMade(work, path, watch);
      if (watch?.adopted !== true) unwatched.add(path);
    } else if (unwatched.has(parentPath(path))) {
      // Watched before what is in it is looked at: what others do there is seen by the one or the other.
      now = await noteFile(work, path, own, action.entry.digest);
    } else now = noteWatched(work, path, own, action.entry.digest);
    outcomes.push({ path, result: 'done', now });
  }
  for (const path of unwatched) hintUnknown(work, path);
  return outcomes;
}
