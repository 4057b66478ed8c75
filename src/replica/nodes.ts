/**
 * The nodes of the picture: what was last seen of the disk, with the signatures that tell whether to
 * look again. There is one for each synchronised path, so they hold no paths and few fields
 * (DESIGN: 100,000 files in an agent of well under 120 MB).
 */
import type { FSWatcher, Stats } from 'node:fs';
import type { BlockedReason, Digest, FileEntry, Look } from '../tree/entry.ts';
import { hasRawBytes, joinPath, type Path } from '../tree/path.ts';
import {
  fact,
  freeSlot,
  getBits,
  getDigest,
  getNumber,
  setBits,
  setDigest,
  setNumber,
  takeSlot,
} from './file-facts.ts';

interface NodeBase {
  readonly name: string;
  /** Undefined for the root, and for what has been dropped. */
  parent: DirectoryNode | undefined;
}

/** Owns a slot of facts until `release`. */
export class FileNode implements NodeBase {
  readonly name: string;
  parent: DirectoryNode | undefined = undefined;
  readonly #slot = takeSlot();

  constructor(name: string) {
    this.name = name;
  }

  get kind(): 'file' {
    return 'file';
  }
  get ino(): number {
    return getNumber(this.#slot, fact.ino);
  }
  get ctime(): number {
    return getNumber(this.#slot, fact.ctime);
  }
  get mtime(): number {
    return getNumber(this.#slot, fact.mtime);
  }
  get size(): number {
    return getNumber(this.#slot, fact.size);
  }
  get digest(): Digest {
    return getDigest(this.#slot);
  }
  get mode(): number {
    return getBits(this.#slot) & 0o777;
  }
  /** It was looked at so soon after its last change that another could bear the same times. */
  get racy(): boolean {
    return (getBits(this.#slot) & racyBit) !== 0;
  }

  set(stat: Stats, { digest, racy }: { readonly digest: Digest; readonly racy: boolean }): void {
    setNumber(this.#slot, fact.ino, stat.ino);
    setNumber(this.#slot, fact.ctime, stat.ctimeMs);
    setNumber(this.#slot, fact.mtime, stat.mtimeMs);
    setNumber(this.#slot, fact.size, stat.size);
    setDigest(this.#slot, digest);
    setBits(this.#slot, (stat.mode & 0o777) | (racy ? racyBit : 0));
  }

  release(): void {
    freeSlot(this.#slot);
  }
}

const racyBit = 0o1000;

export interface LinkNode extends NodeBase {
  readonly kind: 'link';
  readonly target: string;
}

export interface BlockedNode extends NodeBase {
  readonly kind: 'blocked';
  readonly why: BlockedReason;
  readonly message: string;
}

export interface DirectoryNode extends NodeBase {
  readonly kind: 'directory';
  ino: number;
  mode: number;
  readonly children: Map<string, Node>;
  watch: FSWatcher | undefined;
  /** Its own watch said that the inode went: another directory may stand here, with the same number. */
  stale: boolean;
  /** The rules hold text from a rule file in it. */
  ruled: boolean;
  /** Names in it that are left out as secrets. */
  secrets: Set<string> | undefined;
}

export type Node = FileNode | LinkNode | BlockedNode | DirectoryNode;

/** Window in milliseconds in which a second change could leave the same times behind. */
export function racyWindow(stat: Stats): number {
  const coarse = stat.ctimeMs % 1000 === 0 && stat.mtimeMs % 1000 === 0;
  return coarse ? 2_100 : 20;
}

/** A look at `stat` at the time `lookedAt` cannot rule out a later change with the same signature. */
export function isRacy(stat: Stats, lookedAt: number): boolean {
  return stat.ctimeMs >= lookedAt - racyWindow(stat);
}

/** Times, size and inode are as the node has them. */
export function sameSignature(node: FileNode, stat: Stats): boolean {
  return (
    node.ctime === stat.ctimeMs &&
    node.mtime === stat.mtimeMs &&
    node.size === stat.size &&
    node.ino === stat.ino
  );
}

export function isExecutable(mode: number): boolean {
  return (mode & 0o100) !== 0;
}

export function fileEntry(stat: Stats, digest: Digest): FileEntry {
  const mode = stat.mode & 0o777;
  const executable = isExecutable(mode);
  return { kind: 'file', digest, size: stat.size, executable, mode, mtime: stat.mtimeMs };
}

export function lookOf(node: Node | undefined): Look {
  if (node === undefined) return null;
  switch (node.kind) {
    case 'file': {
      const { digest, size, mode, mtime } = node;
      return { kind: 'file', digest, size, executable: isExecutable(mode), mode, mtime };
    }
    case 'directory':
      return { kind: 'directory', mode: node.mode };
    case 'link':
      return { kind: 'link', target: node.target };
    case 'blocked':
      return { kind: 'blocked', why: node.why, message: node.message };
  }
}

export function pathOf(node: Node): Path {
  let path = node.name;
  for (let at = node.parent; at !== undefined && at.parent !== undefined; at = at.parent) {
    path = `${at.name}/${path}`;
  }
  return path;
}

/** Paths of everything below a directory. */
export function* pathsBelow(directory: DirectoryNode, path: Path): Iterable<Path> {
  for (const child of directory.children.values()) {
    const at = joinPath(path, child.name);
    yield at;
    if (child.kind === 'directory') yield* pathsBelow(child, at);
  }
}

/** A name that does not keep alive the longer string it was cut from. */
export function ownName(name: string): string {
  return name.length < 13 || hasRawBytes(name) ? name : Buffer.from(name).toString();
}
