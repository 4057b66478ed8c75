/**
 * Looks at hinted paths: ignore files first, since they decide on the others; what is there before
 * what is gone, so that a move is seen as one (its content is known at the old path).
 */
import type { Stats } from 'node:fs';
import { baseName, joinPath, type Path } from '../tree/path.ts';
import { isRuleFile } from '../tree/rules.ts';
import { diskPath } from './disk-path.ts';
import { isAbsence } from './fs-port.ts';
import type { Hint } from './hints.ts';
import { type Found, lookNow, lookPatiently, type Seen } from './look.ts';
import { type DirectoryNode, type FileNode, lookOf, type Node, pathOf } from './nodes.ts';
import { type InodeIndex, indexByInode } from './picture.ts';
import { readRuleFile } from './rule-files.ts';
import { type Slice, startSlice } from './slice.ts';
import type { ChangeTeller } from './telling.ts';
import { adopt, bytesToTell, dropTold, lookTask, type Teller, type View } from './view.ts';
import { retry, type Visit, type Walk, walk } from './walk.ts';

export interface Batch {
  readonly view: View;
  readonly teller: Teller & Partial<Pick<ChangeTeller, 'noteCreated'>>;
  /** Tell the paths whether or not they are different. */
  readonly force: boolean;
  /** A file that is being written: somebody else shall look at it, patiently. */
  readonly onLater: (path: Path) => void;
}

interface Place {
  readonly parent: DirectoryNode;
  readonly path: Path;
  readonly name: string;
}

interface Looking extends Batch {
  readonly done: Set<Path>;
  readonly absent: Set<Path>;
  /** Looked at because of another name of the same file. */
  readonly following: Set<Path>;
  readonly real: Map<DirectoryNode, boolean>;
  inodes: InodeIndex | undefined;
  /** Files with further names that a walk met. */
  readonly linked: Map<FileNode, number>;
  readonly slice: Slice;
}

/** Looks at the paths; answers with those known ones at which nothing stands, which are not told yet. */
export async function lookAtHints(
  batch: Batch,
  hints: ReadonlyMap<Path, Hint>,
): Promise<ReadonlySet<Path>> {
  const looking: Looking = {
    ...batch,
    done: new Set(),
    absent: new Set(),
    following: new Set(),
    real: new Map(),
    inodes: undefined,
    linked: new Map(),
    slice: startSlice(),
  };
  const sorted = [...hints.keys()].sort();
  const ordered = [...sorted.filter(isRuleFile), ...sorted.filter((path) => !isRuleFile(path))];
  for (const path of ordered) {
    await lookAtHint(looking, path, hints.get(path) ?? 'look');
    if (looking.slice.over()) await looking.slice.next();
  }
  for (const [node, names] of looking.linked) await lookAtOtherNames(looking, node, names);
  return looking.absent;
}

/** Tells that paths are gone and drops them, unless they are back. */
export function tellAbsent(view: View, teller: Teller, paths: ReadonlySet<Path>): void {
  for (const path of paths) {
    const node = view.picture.get(path);
    if (node === undefined || path === '') continue;
    dropTold(view, node, teller);
    teller.gone(path);
  }
}

async function lookAtHint(looking: Looking, hinted: Path, hint: Hint): Promise<void> {
  const { view, done } = looking;
  if (hinted === '') {
    const { root } = view.picture;
    const deep = root.stale || hint === 'look';
    return walk(walkOptions(looking, deep), { node: root, path: '', changed: false });
  }
  const place = locate(view, hinted);
  const unreal = firstUnreal(looking, place.parent);
  if (unreal !== undefined) return lookAtHint(looking, pathOf(unreal), 'look');
  if (done.has(place.path)) return;
  done.add(place.path);
  if (isRuleFile(place.path) && (await lookAtRuleFile(looking, place))) return;
  await lookAtPlace(looking, place, hint);
}

/** The hinted path, or the first part of it that is not known to be a directory. */
function locate(view: View, hinted: Path): Place {
  let parent = view.picture.root;
  let path = '';
  const names = hinted.split('/');
  for (const [index, name] of names.entries()) {
    path = joinPath(path, name);
    const child = parent.children.get(name);
    if (index === names.length - 1 || child?.kind !== 'directory') return { parent, path, name };
    parent = child;
  }
  throw new Error('a path without names');
}

/** The topmost directory on the way that is not on the disk what the picture has: never look through it. */
function firstUnreal(looking: Looking, directory: DirectoryNode): DirectoryNode | undefined {
  const { view, real } = looking;
  const { parent } = directory;
  if (parent === undefined) return undefined;
  const above = firstUnreal(looking, parent);
  if (above !== undefined) return above;
  let isReal = real.get(directory);
  if (isReal === undefined) {
    const stat = statOf(view, pathOf(directory));
    isReal = stat?.isDirectory() === true && stat.ino === directory.ino;
    real.set(directory, isReal);
  }
  // Once it has been looked at in this batch the picture is right again, or it is told as gone.
  if (isReal || looking.done.has(pathOf(directory))) return undefined;
  return directory;
}

function statOf(view: View, path: Path): Stats | undefined {
  try {
    return view.disk.fs.lstatSync(diskPath(view.disk, path), { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

async function lookAtPlace(looking: Looking, place: Place, hint: Hint): Promise<void> {
  const { view, teller, force } = looking;
  const { parent, path, name } = place;
  const lookedAt = Date.now();
  const { stat, blocked } = peek(view, path);
  const known = parent.children.get(name);
  const isDirectory = stat?.isDirectory() ?? known?.kind === 'directory';
  if ((stat !== undefined || blocked) && leftOut(view, place, isDirectory)) return;
  const seen = stat === undefined ? undefined : { stat, lookedAt };
  const found = await lookAt(looking, path, force ? undefined : known, seen);
  if (found === undefined) return;
  if (found.kind === 'absent') return noteAbsent(looking, place);
  const twin = found.kind === 'directory' ? view.picture.byInode(found.stat.ino) : undefined;
  const bytes = force && found.kind === 'file' ? found.bytes : bytesToTell(view, found, known);
  const { node, before, changed, fresh } = adopt(view, parent, name, found, teller);
  if (before === null) teller.noteCreated?.();
  if (found.kind === 'blocked') retry(view, path, found.why);
  if (node.kind === 'directory' && (fresh || hint === 'list' || view.watcher.recursive)) {
    const visit: Visit = { node, path, before, changed: changed || force };
    return walk(walkOptions(looking, fresh), twin === node ? visit : { ...visit, twin });
  }
  if (changed || force || teller.all) teller.tell(path, lookOf(node), bytes);
  if (node.kind === 'file' && found.kind === 'file') {
    await lookAtOtherNames(looking, node, found.stat.nlink);
  }
}

/** A write through one name of a file is told for that name only. */
async function lookAtOtherNames(looking: Looking, node: FileNode, count: number): Promise<void> {
  const { picture } = looking.view;
  for (const other of picture.otherNames(node, count, () => inodesOf(looking))) {
    const { parent, name } = other;
    const path = pathOf(other);
    if (other.ctime === node.ctime || parent === undefined || looking.following.has(path)) continue;
    looking.following.add(path);
    await lookAtPlace(looking, { parent, path, name }, 'look');
  }
}

/** Made at most once for a batch, and only when a file has names that are not known. */
function inodesOf(looking: Looking): InodeIndex {
  looking.inodes ??= indexByInode(looking.view.picture);
  return looking.inodes;
}

/** Undefined when the file is being written: a patient look goes on elsewhere. */
async function lookAt(
  { view, onLater }: Looking,
  path: Path,
  known: Node | undefined,
  seen: Seen | undefined,
): Promise<Found | undefined> {
  const task = { ...lookTask(view, path, known), seen };
  const found = lookNow(task);
  if (found.kind !== 'later') return found;
  const isBeingWritten = Date.now() - found.stat.mtimeMs < 1_000;
  if (!isBeingWritten) {
    const patient = await lookPatiently(task, 0);
    if (patient.kind !== 'blocked' || patient.why !== 'unstable') return patient;
  }
  onLater(path);
  return undefined;
}

function noteAbsent({ view, teller, force, absent }: Looking, { parent, path, name }: Place): void {
  if (parent.secrets?.delete(name)) view.onSecret(path, false);
  if (parent.children.has(name)) absent.add(path);
  else if (force) teller.tell(path, null);
}

/** Undefined when nothing stands there, or it cannot be looked at (`blocked`). */
function peek(view: View, path: Path): { readonly stat: Stats | undefined; blocked: boolean } {
  try {
    const at = diskPath(view.disk, path);
    return { stat: view.disk.fs.lstatSync(at, { throwIfNoEntry: false }), blocked: false };
  } catch (error) {
    return { stat: undefined, blocked: !isAbsence(error) };
  }
}

/** True when the path is none of ours; what the picture has of it goes silently (invariant 6). */
function leftOut(view: View, { parent, path, name }: Place, isDirectory: boolean): boolean {
  const verdict = view.rules.verdict(path, isDirectory);
  if (!verdict.excluded) return false;
  const known = parent.children.get(name);
  if (known !== undefined) view.picture.drop(known);
  if (verdict.by === 'secret' && !parent.secrets?.has(name)) {
    parent.secrets ??= new Set();
    parent.secrets.add(name);
    view.onSecret(path, true);
  }
  return true;
}

/** True when the rules changed, so that all of the directory was looked at. */
async function lookAtRuleFile(looking: Looking, place: Place): Promise<boolean> {
  const { view, teller, force } = looking;
  const { parent, path, name } = place;
  const { found, changed: rulesChanged } = await readRuleFile(view, parent, path);
  if (found.kind === 'absent') noteAbsent(looking, place);
  else if (!view.rules.verdict(path, found.kind === 'directory').excluded) {
    // Told first: the session must know the rules before what they let in.
    const { node, changed } = adopt(view, parent, name, found, teller);
    if (node.kind === 'directory') return false;
    const bytes = found.kind === 'file' ? found.bytes : undefined;
    if (changed || force || teller.all) teller.tell(path, lookOf(node), bytes);
  }
  if (!rulesChanged) return true;
  const directory = parent.parent === undefined ? '' : pathOf(parent);
  if (found.kind === 'absent' && parent.children.has(baseName(path))) {
    looking.absent.delete(path);
    tellAbsent(view, teller, new Set([path]));
  }
  await walk(walkOptions(looking, true), { node: parent, path: directory, changed: false });
  return true;
}

function walkOptions({ view, teller, slice, linked }: Looking, deep: boolean): Walk {
  const onLinked = (node: FileNode, names: number): void => {
    linked.set(node, names);
  };
  return { view, teller, slice, deep, patience: 0, contents: true, onLinked };
}
