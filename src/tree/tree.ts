/**
 * A tree: entries by path. The base is one; a replica's picture of its disk is another. No I/O.
 * Every operation costs O(depth), so that one edit never costs O(tree) (invariant 8); only finding a
 * digest looks through the names of one directory too.
 */
import { CaiError } from '../errors.ts';
import { DigestIndex } from './digest-index.ts';
import type { Digest, DirectoryEntry, Entry, FileEntry, LinkEntry } from './entry.ts';
import { displayPath, joinPath, type Path } from './path.ts';

/** Only directories have nodes: a hundred thousand files are many, and memory counts. */
class Directory {
  readonly name: string;
  /** undefined: the root. */
  readonly parent: Directory | undefined;
  entry: DirectoryEntry;
  readonly children = new Map<string, Node>();

  constructor(name: string, parent: Directory | undefined, entry: DirectoryEntry) {
    this.name = name;
    this.parent = parent;
    this.entry = entry;
  }
}

type Node = Directory | FileEntry | LinkEntry;

export class Tree {
  readonly #root = new Directory('', undefined, { kind: 'directory', mode: 0o755 });
  /** By the directory that holds the file. */
  readonly #digests = new DigestIndex<Directory>(() => digestsBelow(this.#root));
  /** The directory that was looked into last: a scan and its outcomes ask for all names of one in a row. */
  #near: { readonly path: Path; readonly directory: Directory } = {
    path: '',
    directory: this.#root,
  };
  #files = 0;
  #directories = 0;
  #bytes = 0;

  /** A tree of rows that tell a directory before what is in it. */
  static from(rows: Iterable<readonly [Path, Entry]>): Tree {
    const tree = new Tree();
    for (const [path, entry] of rows) tree.set(path, entry);
    return tree;
  }

  /** Count of files and links. */
  get files(): number {
    return this.#files;
  }

  /** Count of directories, without the root. */
  get directories(): number {
    return this.#directories;
  }

  /** Sum of the file sizes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What stands at the path; null when nothing does, and for the root, which is no entry. */
  get(path: Path): Entry | null {
    if (path === '') return null;
    const parent = this.#parentOf(path);
    return entryOf(parent?.children.get(path.slice(path.lastIndexOf('/') + 1)));
  }

  /**
   * Puts an entry at a path whose parent is a directory. A directory keeps what is in it when it is
   * set again; anything else in its place drops that. null removes the path and everything below it,
   * and does nothing where nothing stands.
   */
  set(path: Path, entry: Entry | null): void {
    const parent = this.#parentOf(path);
    if (parent === undefined || path === '') {
      if (entry === null && path !== '') return;
      throw new CaiError('INTERNAL', 'A tree takes entries in directories only.', {
        path: displayPath(path),
        next: 'Please report this as a defect.',
      });
    }
    this.#setChild(parent, path.slice(path.lastIndexOf('/') + 1), entry);
  }

  /** Names in a directory ('' for the root); empty when it is none. */
  names(path: Path): Iterable<string> {
    const node = this.#find(path);
    return node instanceof Directory ? node.children.keys() : [];
  }

  /** Everything below `path` (not itself), a directory before what is in it. */
  *entries(path: Path = ''): Generator<readonly [Path, Entry]> {
    const start = this.#find(path);
    if (!(start instanceof Directory)) return;
    const open: (readonly [Path, Directory])[] = [[path, start]];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      for (const [name, node] of next[1].children) {
        const at = joinPath(next[0], name);
        if (node instanceof Directory) {
          yield [at, node.entry];
          open.push([at, node]);
        } else yield [at, node];
      }
    }
  }

  /** Some path with a file of that digest. */
  findDigest(digest: Digest): Path | undefined {
    const directory = this.#digests.find(digest);
    if (directory === undefined) return undefined;
    for (const [name, node] of directory.children) {
      if (!(node instanceof Directory) && node.kind === 'file' && node.digest === digest) {
        return joinPath(pathOf(directory), name);
      }
    }
    return undefined;
  }

  /** The directory that holds the path. */
  #parentOf(path: Path): Directory | undefined {
    const slash = Math.max(path.lastIndexOf('/'), 0);
    const near = this.#near;
    if (near.path.length === slash && path.startsWith(near.path)) return near.directory;
    const above = path.slice(0, slash);
    const directory = this.#find(above);
    if (!(directory instanceof Directory)) return undefined;
    this.#near = { path: above, directory };
    return directory;
  }

  #find(path: Path): Node | undefined {
    let node: Node | undefined = this.#root;
    if (path === '') return node;
    for (let start = 0; start <= path.length; ) {
      if (!(node instanceof Directory)) return undefined;
      const slash = path.indexOf('/', start);
      const end = slash < 0 ? path.length : slash;
      node = node.children.get(path.slice(start, end));
      start = end + 1;
    }
    return node;
  }

  #setChild(parent: Directory, name: string, entry: Entry | null): void {
    const old = parent.children.get(name);
    if (old instanceof Directory && entry?.kind === 'directory') {
      old.entry = entry;
      return;
    }
    const isKey = old === undefined || entry?.kind === 'directory';
    const key = isKey ? ownString(name) : name;
    const node = entry?.kind === 'directory' ? new Directory(key, parent, entry) : entry;
    if (node === null) parent.children.delete(name);
    else parent.children.set(key, node);
    if (old instanceof Directory) this.#near = { path: '', directory: this.#root };
    // Only now, since the index may walk the tree when a digest goes; and before the new node is
    // counted, lest a file that was only touched look like two of that digest.
    if (old !== undefined) this.#forget(parent, old);
    if (node !== null) this.#count(parent, node, 1);
  }

  /** Takes a node that is off the tree, and what is below it, out of the counters and the index. */
  #forget(parent: Directory, top: Node): void {
    this.#count(parent, top, -1);
    const open = top instanceof Directory ? [top] : [];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      for (const node of next.children.values()) {
        this.#count(next, node, -1);
        if (node instanceof Directory) open.push(node);
      }
    }
  }

  #count(parent: Directory, node: Node, by: 1 | -1): void {
    if (node instanceof Directory) {
      this.#directories += by;
      return;
    }
    this.#files += by;
    if (node.kind !== 'file') return;
    this.#bytes += by * node.size;
    if (by === 1) this.#digests.add(node.digest, parent);
    else this.#digests.remove(node.digest, parent);
  }
}

function entryOf(node: Node | undefined): Entry | null {
  return node instanceof Directory ? node.entry : (node ?? null);
}

function pathOf(directory: Directory): Path {
  const names: string[] = [];
  for (let at = directory; at.parent !== undefined; at = at.parent) names.push(at.name);
  return names.reverse().join('/');
}

function* digestsBelow(root: Directory): Generator<readonly [Digest, Directory]> {
  const open: Directory[] = [root];
  for (let directory = open.pop(); directory !== undefined; directory = open.pop()) {
    for (const node of directory.children.values()) {
      if (node instanceof Directory) open.push(node);
      else if (node.kind === 'file') yield [node.digest, directory];
    }
  }
}

/** A part of a string can keep the whole string in memory; this copy stands on its own. */
function ownString(part: string): string {
  const encoding = /^[\0-\x7f]*$/.test(part) ? 'latin1' : 'utf16le';
  return Buffer.from(part, encoding).toString(encoding);
}
