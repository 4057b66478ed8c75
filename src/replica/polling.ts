/**
 * What stands in for watches where there are none left: the directories without one are listed every
 * now and then, seldom enough to cost little, and watches are tried again (invariant 10: it is told).
 */
import type { Hints } from './hints.ts';
import { type DirectoryNode, pathOf } from './nodes.ts';
import type { Watcher } from './watch.ts';

const shortest = 1_000;
const armAgainEvery = 60_000;

export interface Polling {
  /** The set of unwatched directories may be another. */
  changed(): void;
  /** Hints at all of them now. */
  hintAll(): void;
  close(): void;
}

export interface PollingOptions {
  readonly watcher: Watcher;
  readonly hints: Hints;
  /** Resolves when what was hinted at has been looked at. */
  readonly finish: () => Promise<void>;
  readonly onCount: (directories: number) => void;
}

export function createPolling({ watcher, hints, finish, onCount }: PollingOptions): Polling {
  let told = 0;
  let telling: NodeJS.Immediate | undefined;
  let timer: NodeJS.Timeout | undefined;
  let armed = performance.now();
  let closed = false;

  const hintAll = (): void => {
    for (const directory of watcher.unwatched) hints.add(pathFrom(directory), 'list');
  };
  const poll = async (): Promise<void> => {
    if (closed || watcher.unwatched.size === 0) return;
    const started = performance.now();
    if (started - armed > armAgainEvery) {
      armed = started;
      armAgain(watcher);
    }
    hintAll();
    // A look that failed has asked for a scan; what has no watch wants the next look all the more.
    await finish().catch(() => undefined);
    // At most a twentieth of one processor.
    const next = Math.max(shortest, (performance.now() - started) * 20);
    schedule(next);
  };
  const schedule = (ms: number): void => {
    clearTimeout(timer);
    if (closed) return;
    timer = setTimeout(() => void poll(), ms);
    timer.unref();
  };
  return {
    hintAll,
    changed: () => {
      // While a tree is walked the count changes all the time.
      telling ??= setImmediate(() => {
        telling = undefined;
        const count = watcher.unwatched.size;
        if (closed || count === told) return;
        if (told === 0) schedule(shortest);
        told = count;
        onCount(count);
      });
    },
    close: () => {
      closed = true;
      clearTimeout(timer);
      if (telling !== undefined) clearImmediate(telling);
    },
  };
}

/** Tries the directories in turn, until one still finds no watch left. */
function armAgain(watcher: Watcher): void {
  for (const directory of [...watcher.unwatched]) {
    watcher.arm(directory, pathFrom(directory));
    if (watcher.unwatched.has(directory)) return;
  }
}

function pathFrom(directory: DirectoryNode): string {
  return directory.parent === undefined ? '' : pathOf(directory);
}
