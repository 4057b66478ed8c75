/**
 * Files that are being written, or are long: they are read aside, so that no other path waits for
 * them, and brought into the picture when they have held still.
 */
import type { Path } from '../tree/path.ts';
import { type Found, lookPatiently } from './look.ts';
import { lookTask, type View } from './view.ts';

/** A file that changes for longer than this while it is read is told as 'unstable'. */
const patience = 1_000;
const atOnce = 8;

export interface SlowLooks {
  add(path: Path): void;
  /** A look at it is still to come. */
  has(path: Path): boolean;
  /** Resolves when nothing is being looked at. */
  idle(): Promise<void>;
}

export function createSlowLooks(
  view: View,
  onFound: (path: Path, found: Found) => Promise<void>,
): SlowLooks {
  const waiting = new Set<Path>();
  const underWay = new Map<Path, Promise<void>>();

  const look = async (path: Path): Promise<void> => {
    const found = await lookPatiently(lookTask(view, path, view.picture.get(path)), patience);
    await onFound(path, found);
  };
  const start = (): void => {
    for (const path of waiting) {
      if (underWay.size >= atOnce) return;
      if (underWay.has(path)) continue;
      waiting.delete(path);
      const task = look(path).finally(() => {
        underWay.delete(path);
        start();
      });
      underWay.set(
        path,
        task.catch(() => {}),
      );
    }
  };
  return {
    add: (path) => {
      waiting.add(path);
      start();
    },
    has: (path) => waiting.has(path) || underWay.has(path),
    idle: async () => {
      while (underWay.size > 0 || waiting.size > 0) {
        await Promise.race(underWay.values());
        await Promise.resolve();
      }
    },
  };
}
