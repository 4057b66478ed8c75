/**
 * A tree: entries by path. The base is one; a replica's picture of its disk is another. No I/O.
 * Every operation costs O(depth), so that one edit never costs O(tree) (invariant 8).
 */
import { CaiError } from '../errors.ts';
import { DigestIndex } from './digest-index.ts';
import type { Digest, Entry } from './entry.ts';
import { displayPath, joinPath, type Path } from './path.ts';

/** Two shapes, since a tree has a hundred files to a directory and memory counts. */
interface Leaf {
  readonly name: string;
  readonly parent: Directory;
  entry: Entry;
}

interface Directory {
  readonly name: string;
  /** undefined: the root. */
  readonly parent: Directory | undefined;
  entry: Entry;
  readonly children: Map<string, Node>;
}

type Node = Leaf | Directory;

export class Tree {
  readonly #root: Directory = {
    name: '',
    parent: undefined,
    entry: { kind: 'directory', mode: 0o755 },
    children: new Map(),
  };
  readonly #digests = new DigestIndex<Node>(() => digestsBelow(this.#root));
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
    return path === '' ? null : (this.#find(path)?.entry ?? null);
  }

  /**
   * Puts an entry at a path whose parent is a directory. A directory keeps what is in it when it is
   * set again; anything else in its place drops that. null removes the path and everything below it,
   * and does nothing where nothing stands.
   */
  set(path: Path, entry: Entry | null): void {
    const slash = path.lastIndexOf('/');
    const parent = slash < 0 ? this.#root : this.#find(path.slice(0, slash));
    if (parent === undefined || !isDirectory(parent) || path === '') {
      if (entry === null && path !== '') return;
      throw new CaiError('INTERNAL', 'A tree takes entries in directories only.', {
        path: displayPath(path),
        next: 'Please report this as a defect.',
      });
    }
    this.#setChild(parent, path.slice(slash + 1), entry);
  }

  /** Names in a directory ('' for the root); empty when it is none. */
  names(path: Path): Iterable<string> {
    const node = this.#find(path);
    return node !== undefined && isDirectory(node) ? node.children.keys() : [];
  }

  /** Everything below `path` (not itself), a directory before what is in it. */
  *entries(path: Path = ''): Generator<readonly [Path, Entry]> {
    const start = this.#find(path);
    if (start === undefined || !isDirectory(start)) return;
    const open: (readonly [Path, Directory])[] = [[path, start]];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      for (const node of next[1].children.values()) {
        const at = joinPath(next[0], node.name);
        yield [at, node.entry];
        if (isDirectory(node)) open.push([at, node]);
      }
    }
  }

  /** Some path with a file of that digest. */
  findDigest(digest: Digest): Path | undefined {
    const node = this.#digests.find(digest);
    return node === undefined ? undefined : pathOf(node);
  }

  #find(path: Path): Node | undefined {
    let node: Node | undefined = this.#root;
    if (path === '') return node;
    for (let start = 0; start <= path.length; ) {
      if (node === undefined || !isDirectory(node)) return undefined;
      const slash = path.indexOf('/', start);
      const end = slash < 0 ? path.length : slash;
      node = node.children.get(path.slice(start, end));
      start = end + 1;
    }
    return node;
  }

  #setChild(parent: Directory, name: string, entry: Entry | null): void {
    const old = parent.children.get(name);
    if (old !== undefined && entry !== null && this.#replace(old, entry)) return;
    if (old !== undefined) {
      parent.children.delete(name);
      this.#forget(old);
    }
    if (entry === null) return;
    const node = makeNode(parent, old?.name ?? ownString(name), entry);
    parent.children.set(node.name, node);
    this.#count(node, entry, 1);
  }

  /** Puts the entry into the node, when it is one of the same shape. */
  #replace(node: Node, entry: Entry): boolean {
    if (isDirectory(node) !== (entry.kind === 'directory')) return false;
    const old = node.entry;
    node.entry = entry;
    // Only now, since the index may walk the tree when a digest goes.
    this.#count(node, old, -1);
    this.#count(node, entry, 1);
    return true;
  }

  /** Takes a node that is off the tree, and what is below it, out of the counters and the index. */
  #forget(top: Node): void {
    const open: Node[] = [top];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      this.#count(node, node.entry, -1);
      if (isDirectory(node)) for (const child of node.children.values()) open.push(child);
    }
  }

  #count(node: Node, entry: Entry, by: 1 | -1): void {
    if (entry.kind === 'directory') {
      this.#directories += by;
      return;
    }
    this.#files += by;
    if (entry.kind !== 'file') return;
    this.#bytes += by * entry.size;
    if (by === 1) this.#digests.add(entry.digest, node);
    else this.#digests.remove(entry.digest, node);
  }
}

function isDirectory(node: Node): node is Directory {
  return 'children' in node;
}

function makeNode(parent: Directory, name: string, entry: Entry): Node {
  return entry.kind === 'directory'
    ? { name, parent, entry, children: new Map() }
    : { name, parent, entry };
}

function pathOf(node: Node): Path {
  const names: string[] = [];
  for (let at: Node = node; at.parent !== undefined; at = at.parent) names.push(at.name);
  return names.reverse().join('/');
}

function* digestsBelow(root: Directory): Generator<readonly [Digest, Node]> {
  const open: Directory[] = [root];
  for (let directory = open.pop(); directory !== undefined; directory = open.pop()) {
    for (const node of directory.children.values()) {
      if (isDirectory(node)) open.push(node);
      else if (node.entry.kind === 'file') yield [node.entry.digest, node];
    }
  }
}

/** A part of a string can keep the whole string in memory; this copy stands on its own. */
function ownString(part: string): string {
  const encoding = /^[\0-\x7f]*$/.test(part) ? 'latin1' : 'utf16le';
  return Buffer.from(part, encoding).toString(encoding);
}
