/**
 * Cookies: a file made in a watched directory, whose event shows that all earlier events have been
 * delivered, because all watches of a process share one queue.
 */
import type { Path } from '../tree/path.ts';
import type { Area } from './area.ts';
import type { Disk } from './disk-path.ts';
import type { Watcher } from './watch.ts';

export interface Cookies {
  /** True when the path is that of a cookie. */
  hear(path: Path): boolean;
  /** Resolves with false when the event does not come. */
  wait(deadlineMs: number, signal?: AbortSignal): Promise<boolean>;
  close(): void;
}

const directoryName = 'cookies';

export function createCookies(disk: Disk, area: Area, watcher: Watcher): Cookies {
  const waiting = new Map<string, () => void>();
  let stop: (() => void) | undefined;
  let generation = -1;

  const directory = (): string => {
    const at = `${area.open()}/${directoryName}`;
    if (generation === area.generation) return at;
    stop?.();
    disk.fs.mkdirSync(at, { recursive: true, mode: 0o700 });
    stop = watcher.watchExtra(`${area.name}/${directoryName}`);
    generation = area.generation;
    return at;
  };

  return {
    hear: (path) => {
      if (!path.startsWith(`${area.name}/${directoryName}/`)) return false;
      const name = path.slice(path.lastIndexOf('/') + 1);
      waiting.get(name)?.();
      return true;
    },
    wait: async (deadlineMs, signal) => {
      const name = area.next('cookie');
      const file = `${directory()}/${name}`;
      return new Promise((resolve) => {
        const finish = (heard: boolean): void => {
          waiting.delete(name);
          clearTimeout(timer);
          signal?.removeEventListener('abort', onAbort);
          resolve(heard);
        };
        const onAbort = (): void => finish(false);
        const timer = setTimeout(() => finish(false), deadlineMs);
        signal?.addEventListener('abort', onAbort);
        waiting.set(name, () => finish(true));
        try {
          disk.fs.writeFileSync(file, '');
          disk.fs.unlinkSync(file);
        } catch {
          finish(false);
        }
      });
    },
    close: () => {
      stop?.();
      for (const heard of [...waiting.values()]) heard();
    },
  };
}
