/**
 * What looking at the disk needs: the disk, the picture of it, the rules, the watches. Here a found
 * state is brought into the picture; walk.ts and batch.ts decide where to look.
 */
import type { Look } from '../tree/entry.ts';
import { joinPath, type Path } from '../tree/path.ts';
import type { Rules } from '../tree/rules.ts';
import type { Activity } from './activity.ts';
import { type Disk, diskPath } from './disk-path.ts';
import type { Found, LookTask } from './look.ts';
import { toLook } from './look.ts';
import type { DirectoryNode, Node } from './nodes.ts';
import { FileNode, lookOf, ownName, pathOf, pathsBelow } from './nodes.ts';
import { newDirectory, type Picture } from './picture.ts';
import { inlineLimit, type ReplicaOptions } from './replica.ts';
import type { Watcher } from './watch.ts';

export interface View {
  readonly disk: Disk;
  options: ReplicaOptions;
  rules: Rules;
  readonly picture: Picture;
  readonly watcher: Watcher;
  readonly activity: Activity;
  /** Paths of which an outcome told something else than the picture had then, with what it had (owed.ts). */
  readonly owed: Map<Path, Look>;
  /** A secret appeared or went, outside of a whole scan. */
  readonly onSecret: (path: Path, present: boolean) => void;
  /** A look at this path wants patience (unstable), or another try some time later (unreadable). */
  readonly onRetry: (path: Path, why: 'unstable' | 'unreadable') => void;
}

/** Takes what looks find out. */
export interface Teller {
  /** Everything that stands there is told, not only what is different. */
  readonly all: boolean;
  tell(path: Path, look: Look, bytes?: Uint8Array): void;
  gone(path: Path): void;
}

export interface Adopted {
  readonly node: Node;
  readonly before: Look;
  /** Different from what was in the picture. */
  readonly changed: boolean;
  /** A directory that was not known, or may be another than the known one. */
  readonly fresh: boolean;
}

export function lookTask(
  view: View,
  path: Path,
  known: Node | undefined,
  keepUpTo = inlineLimit,
): LookTask {
  const { disk, options } = view;
  return {
    fs: disk.fs,
    at: diskPath(disk, path),
    path,
    maxFileSize: options.maxFileSize,
    known: known?.kind === 'file' ? known : undefined,
    keepUpTo,
  };
}

/** Brings what was found under a name into the picture. */
export function adopt(
  view: View,
  parent: DirectoryNode,
  name: string,
  found: Exclude<Found, { kind: 'absent' }>,
  teller: Teller,
): Adopted {
  const old = parent.children.get(name);
  const before = lookOf(old);
  if (old?.kind === 'file' && found.kind === 'file') {
    const changed =
      old.digest !== found.digest ||
      old.mtime !== found.stat.mtimeMs ||
      old.mode !== (found.stat.mode & 0o777);
    view.picture.update(old, found.stat, found);
    view.picture.noteNames(old, found.stat.nlink);
    return { node: old, before, changed, fresh: false };
  }
  if (old?.kind === 'directory' && found.kind === 'directory') {
    const changed = old.mode !== (found.stat.mode & 0o777);
    const fresh = old.stale || old.ino !== found.stat.ino;
    if (old.ino !== found.stat.ino) view.watcher.disarm(old);
    view.picture.setInode(old, found.stat.ino);
    old.mode = found.stat.mode & 0o777;
    return { node: old, before, changed, fresh };
  }
  if (old !== undefined && !differs(before, found))
    return { node: old, before, changed: false, fresh: false };
  if (old !== undefined) dropTold(view, old, teller, found.kind === 'blocked');
  const node = newNode(ownName(name), found);
  view.picture.put(parent, node);
  if (node.kind === 'file' && found.kind === 'file') view.picture.noteNames(node, found.stat.nlink);
  return { node, before, changed: true, fresh: node.kind === 'directory' };
}

/** Drops a node; what was below it is told to be gone, unless it only cannot be seen any more. */
export function dropTold(view: View, node: Node, teller: Teller, silently = false): void {
  if (!silently && node.kind === 'directory') {
    for (const path of pathsBelow(node, pathOf(node))) teller.gone(path);
  }
  view.picture.drop(node);
}

/** A directory left the picture: its watch, its rules and its secrets go with it. */
export function forgetDirectory(
  view: Pick<View, 'watcher' | 'rules' | 'onSecret'>,
  directory: DirectoryNode,
): void {
  view.watcher.disarm(directory);
  if (!directory.ruled && directory.secrets === undefined) return;
  const path = pathOf(directory);
  for (const name of directory.secrets ?? []) view.onSecret(joinPath(path, name), false);
  if (!directory.ruled) return;
  view.rules.setRuleFile(joinPath(path, '.gitignore'), null);
  view.rules.setRuleFile(joinPath(path, '.caiignore'), null);
}

/** A content goes along unless the other side has it already, under this path or another. */
export function bytesToTell(
  view: View,
  found: Found,
  node: Node | undefined,
): Uint8Array | undefined {
  if (found.kind !== 'file' || found.bytes === undefined) return undefined;
  if (node?.kind === 'file' && node.digest === found.digest) return undefined;
  return view.picture.findDigest(found.digest, node) === undefined ? found.bytes : undefined;
}

function differs(before: Look, found: Found): boolean {
  const look = toLook(found);
  if (before?.kind === 'link' && look?.kind === 'link') return before.target !== look.target;
  if (before?.kind === 'blocked' && look?.kind === 'blocked') return before.why !== look.why;
  return true;
}

function newNode(name: string, found: Exclude<Found, { kind: 'absent' }>): Node {
  const parent = undefined;
  switch (found.kind) {
    case 'directory':
      return newDirectory(name, found.stat);
    case 'link':
      return { kind: 'link', name, parent, target: found.target };
    case 'blocked':
      return { kind: 'blocked', name, parent, why: found.why, message: found.message };
    case 'file': {
      const node = new FileNode(name);
      node.set(found.stat, found);
      return node;
    }
  }
}
