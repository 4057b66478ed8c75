/**
 * Whether somebody else wrote here lately. Where nobody does, a file is replaced by a rename over it and
 * its path is never empty. Where somebody does, a rename of theirs could fall between the two system calls
 * of that and be lost; there a file is taken away first (invariant 1 before 2). It counts for the whole
 * root: who edits one file is soon at another, and on a busy machine the instant between two system calls
 * is as long as a turn on the processor.
 */
import type { Stats } from 'node:fs';
import type { Path } from '../tree/path.ts';

/**
 * Milliseconds for which somebody's change says that they may write again. Looks lag behind by seconds on
 * a busy machine: much less than this would not do.
 */
const remembered = 10_000;
/** Beyond this, own writes pass for those of somebody else: that is safe. */
const manyFiles = 20_000;

export interface Activity {
  /** Somebody other than this replica changed something. */
  note(): void;
  /** This replica itself wrote what stands there now. */
  noteOwn(path: Path, stat: Stats): void;
  /** What stands there (`stat`) is as this replica wrote it lately. */
  isOwn(path: Path, stat: Stats): boolean;
  /** Somebody wrote lately, or made what stands at the path (`stat`). */
  isBusy(path: Path, stat: Stats | undefined): boolean;
}

/**
 * `last` is when somebody wrote last (milliseconds of performance.now()). Of the time before the replica nothing
 * is known: it begins as if somebody had written right then.
 */
export function createActivity(last = performance.now()): Activity {
  const own = createOwnTimes();
  // Looks lag behind when the machine is busy; the file itself tells at once.
  const isFresh = (path: Path, { ctimeMs }: Stats): boolean =>
    Date.now() - ctimeMs <= remembered && own.get(path) !== ctimeMs;
  return {
    note: () => {
      last = performance.now();
    },
    noteOwn: (path, { ctimeMs }) => own.set(path, ctimeMs),
    isOwn: (path, { ctimeMs }) => own.get(path) === ctimeMs,
    isBusy: (path, stat) =>
      performance.now() - last <= remembered || (stat !== undefined && isFresh(path, stat)),
  };
}

/** Times of change by path, for as long as they count as fresh, in two generations. */
function createOwnTimes(): {
  get(path: Path): number | undefined;
  set(path: Path, time: number): void;
} {
  let [young, old] = [new Map<Path, number>(), new Map<Path, number>()];
  let turned = performance.now();
  return {
    get: (path) => young.get(path) ?? old.get(path),
    set: (path, time) => {
      const now = performance.now();
      if (now - turned > remembered) {
        old = now - turned > 2 * remembered ? new Map() : young;
        young = new Map();
        turned = now;
      }
      if (young.size < manyFiles) young.set(path, time);
      else young.delete(path);
    },
  };
}
