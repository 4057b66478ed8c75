/** Compares two pictures of a tree completely: types, contents, executable bits, targets of links. Pure. */
import type { PictureRow } from './demo-puppet.ts';

export interface Comparison {
  readonly files: number;
  readonly directories: number;
  readonly links: number;
  /** Paths at which the sides differ. */
  readonly differences: readonly string[];
}

export function comparePictures(
  local: readonly PictureRow[],
  container: readonly PictureRow[],
): Comparison {
  const theirs = new Map(container.map((row) => [row.path, row]));
  const paths = new Set([...local, ...container].map(({ path }) => path));
  const ours = new Map(local.map((row) => [row.path, row]));
  const differences = [...paths].filter((path) => !isSame(ours.get(path), theirs.get(path))).sort();
  const counted = (type: PictureRow['type']) => local.filter((row) => row.type === type).length;
  return {
    files: counted('file'),
    directories: counted('directory'),
    links: counted('link'),
    differences,
  };
}

function isSame(a: PictureRow | undefined, b: PictureRow | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return a.type === b.type && a.content === b.content && a.executable === b.executable;
}
