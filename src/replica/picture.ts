/**
 * The picture of the disk: nested nodes, found by path, by digest (copies and moves need no transfer)
 * and, for directories, by inode (what moved need not be read again).
 */
import type { Stats } from 'node:fs';
import type { Digest } from '../tree/entry.ts';
import type { Path } from '../tree/path.ts';
import type { DirectoryNode, FileNode, Node } from './nodes.ts';

export interface Picture {
  readonly root: DirectoryNode;
  get(path: Path): Node | undefined;
  /** Puts a node in place of whatever the directory has under its name, which must be dropped before. */
  put(parent: DirectoryNode, node: Node): void;
  /** Takes a node out, with everything below it. */
  drop(node: Node): void;
  /** Another file with that digest. */
  findDigest(digest: Digest, except: Node | undefined): FileNode | undefined;
  /** Gives a file node what a look found. */
  update(node: FileNode, stat: Stats, found: { digest: Digest; racy: boolean }): void;
  /** Notes that a file's inode has so many names; more than one may be in the root. */
  noteNames(node: FileNode, count: number): void;
  /**
   * The other known names of a file's inode, which now has `count` of them: a change through one is
   * told for that one only. A name that was its inode's only one when it was last seen is searched
   * for in `all`.
   */
  otherNames(node: FileNode, count: number, all: () => InodeIndex): readonly FileNode[];
  files(): Iterable<FileNode>;
  /** The directory last seen with that inode. */
  byInode(ino: number): DirectoryNode | undefined;
  setInode(node: DirectoryNode, ino: number): void;
}

/** All files of a picture by inode, for once. */
export type InodeIndex = ReadonlyMap<number, readonly FileNode[]>;

export function indexByInode(picture: Pick<Picture, 'files'>): InodeIndex {
  const index = new Map<number, FileNode[]>();
  for (const file of picture.files()) {
    const same = index.get(file.ino);
    if (same === undefined) index.set(file.ino, [file]);
    else same.push(file);
  }
  return index;
}

interface Names {
  readonly files: readonly FileNode[];
  /** The number of names with which the picture was searched for others. */
  readonly searched: number;
}

export function newDirectory(name: string, stat: Stats): DirectoryNode {
  return {
    kind: 'directory',
    name,
    parent: undefined,
    ino: stat.ino,
    mode: stat.mode & 0o777,
    children: new Map(),
    watch: undefined,
    stale: true,
    ruled: false,
    secrets: undefined,
  };
}

export interface PictureHooks {
  readonly onDropped: (directory: DirectoryNode) => void;
  /** A name of this file went: the file may have been written through it just before, which no watch tells. */
  readonly onNameGone: (file: FileNode) => void;
}

export function createPicture(rootStat: Stats, hooks: PictureHooks): Picture {
  const root = newDirectory('', rootStat);
  const directories = new Map<number, DirectoryNode>([[root.ino, root]]);
  const linked = new Map<number, Names>();
  // Built when it is asked for first: a first scan does without.
  let digests: Map<number, FileNode> | undefined;

  const indexed = (): Map<number, FileNode> => {
    if (digests === undefined) {
      digests = new Map();
      for (const file of filesIn(root)) digests.set(digestKey(file.digest), file);
    }
    return digests;
  };
  const unindex = (file: FileNode): void => {
    if (digests === undefined) return;
    const key = digestKey(file.digest);
    if (digests.get(key) === file) digests.delete(key);
  };
  const unlinked = (file: FileNode): void => {
    const names = linked.get(file.ino);
    const others = names?.files.filter((other) => other !== file) ?? [];
    if (others.length === 0) linked.delete(file.ino);
    else linked.set(file.ino, { files: others, searched: names?.searched ?? 0 });
    for (const other of others) if (other.parent !== undefined) hooks.onNameGone(other);
  };
  const release = (node: Node): void => {
    if (node.kind === 'file') {
      unindex(node);
      unlinked(node);
      node.release();
    } else if (node.kind === 'directory') {
      hooks.onDropped(node);
      if (directories.get(node.ino) === node) directories.delete(node.ino);
      for (const child of node.children.values()) release(child);
      node.children.clear();
    }
    node.parent = undefined;
  };

  return {
    root,
    get: (path) => find(root, path),
    put: (parent, node) => {
      node.parent = parent;
      parent.children.set(node.name, node);
      if (node.kind === 'file') digests?.set(digestKey(node.digest), node);
      else if (node.kind === 'directory') directories.set(node.ino, node);
    },
    drop: (node) => {
      node.parent?.children.delete(node.name);
      release(node);
    },
    findDigest: (digest, except) => {
      const found = indexed().get(digestKey(digest));
      return found === except || found?.digest !== digest ? undefined : found;
    },
    update: (node, stat, found) => {
      unindex(node);
      if (node.ino !== stat.ino) unlinked(node);
      node.set(stat, found);
      digests?.set(digestKey(found.digest), node);
    },
    noteNames: (node, count) => {
      const names = linked.get(node.ino);
      if (names?.files.includes(node) === true || (count < 2 && names === undefined)) return;
      linked.set(node.ino, {
        files: [...(names?.files ?? []), node],
        searched: names?.searched ?? 0,
      });
    },
    otherNames: (node, count, all) => {
      const names = linked.get(node.ino);
      if (names === undefined) return [];
      let { files } = names;
      if (count > files.length && count !== names.searched) {
        const found = all().get(node.ino) ?? [];
        files = [...new Set([...files, ...found.filter((file) => file.ino === node.ino)])];
        linked.set(node.ino, { files, searched: count });
      }
      return files.filter((other) => other !== node);
    },
    files: () => filesIn(root),
    byInode: (ino) => directories.get(ino),
    setInode: (node, ino) => {
      if (directories.get(node.ino) === node) directories.delete(node.ino);
      node.ino = ino;
      directories.set(ino, node);
    },
  };
}

/** Small numbers as keys are cheap; two digests that share one are told apart by the file itself. */
function digestKey(digest: Digest): number {
  return Number.parseInt(digest.slice(0, 7), 16);
}

function find(root: DirectoryNode, path: Path): Node | undefined {
  if (path === '') return root;
  let at: Node | undefined = root;
  for (const name of path.split('/')) {
    if (at?.kind !== 'directory') return undefined;
    at = at.children.get(name);
  }
  return at;
}

function* filesIn(directory: DirectoryNode): Iterable<FileNode> {
  for (const child of directory.children.values()) {
    if (child.kind === 'file') yield child;
    else if (child.kind === 'directory') yield* filesIn(child);
  }
}
