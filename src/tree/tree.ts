/** A tree: entries by path. The base is one; a replica's picture of its disk is another. No I/O. */
import type { Digest, Entry } from './entry.ts';
import type { Path } from './path.ts';

export class Tree {
  /** Entries, without the root. */
  get files(): number {
    throw new Error('not built yet');
  }
  get directories(): number {
    throw new Error('not built yet');
  }
  /** Sum of the file sizes. */
  get bytes(): number {
    throw new Error('not built yet');
  }
  get(_path: Path): Entry | null {
    throw new Error('not built yet');
  }
  /** null removes the path and everything below it. The parent must be a directory (or the root). */
  set(_path: Path, _entry: Entry | null): void {
    throw new Error('not built yet');
  }
  /** Names in a directory ('' for the root); empty when it is none. */
  names(_path: Path): Iterable<string> {
    throw new Error('not built yet');
  }
  /** Everything below `path` (not itself), a directory before what is in it. */
  entries(_path?: Path): Iterable<readonly [Path, Entry]> {
    throw new Error('not built yet');
  }
  /** Some path with a file of that digest. */
  findDigest(_digest: Digest): Path | undefined {
    throw new Error('not built yet');
  }
}
