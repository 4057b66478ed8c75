/**
 * Gives back what a first sync needed and nothing needs any more. V8 collects when memory runs short,
 * which in a session that idles afterwards is never; so it is asked to, once.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Takes some 100 ms for 100,000 files. From then on the heap grows in small steps; before, that would cost a
 * first sync a tenth of its time.
 */
export function tidyMemory(): void {
  setFlagsFromString('--heap-growing-percent=20');
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  if (typeof collect !== 'function') return;
  setFlagsFromString('--compact-on-every-full-gc');
  collect();
  setFlagsFromString('--no-compact-on-every-full-gc');
}

let waiting: NodeJS.Timeout | undefined;

/** Once for all sessions of this process that ask within that time. */
export function tidyMemoryIn(ms: number): void {
  clearTimeout(waiting);
  waiting = setTimeout(tidyMemory, ms).unref();
}

/** Arguments for the node of a session in the background, which lives long and mostly idles. Node 20 to 26 know them. */
export const frugalFlags: readonly string[] = ['--max-semi-space-size=4'];

/** To the same end for glibc, which otherwise keeps freed buffers for ever. Others ignore it. */
export const frugalEnvironment: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: '131072',
  MALLOC_TRIM_THRESHOLD_: '131072',
};
