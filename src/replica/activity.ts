/**
 * In which directories somebody else wrote lately. Where nobody does, a file is replaced by a rename
 * over it and its path is never empty. Where somebody does, a rename of theirs could fall between the
 * two system calls of that and be lost; there a file is taken away first (invariant 1 before 2).
 */
import { type Path, parentPath } from '../tree/path.ts';

const remembered = 10_000;
const manyDirectories = 1_000;

export interface Activity {
  /** Somebody other than this replica changed something at the path. */
  note(path: Path): void;
  /** Somebody wrote in the path's directory lately. */
  isBusy(path: Path): boolean;
}

export function createActivity(): Activity {
  const last = new Map<Path, number>();
  const forgetOld = (now: number): void => {
    for (const [directory, time] of last) if (now - time > remembered) last.delete(directory);
  };
  return {
    note: (path) => {
      const now = performance.now();
      last.set(parentPath(path), now);
      if (last.size > manyDirectories) forgetOld(now);
    },
    isBusy: (path) => {
      const time = last.get(parentPath(path));
      return time !== undefined && performance.now() - time <= remembered;
    },
  };
}
