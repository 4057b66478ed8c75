/**
 * Paths at which an action failed: left alone for a while, tried again with growing distance until it
 * works (invariant 9). Nothing else waits for them.
 */
import type { Path } from '../tree/path.ts';

const firstDelay = 250;
const longestDelay = 30_000;

interface Waiting {
  readonly at: number;
  readonly delay: number;
}

export class Retries {
  readonly #waiting = new Map<Path, Waiting>();
  readonly #again: (paths: readonly Path[]) => void;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer goes off; milliseconds since 1970. */
  #rings = Number.POSITIVE_INFINITY;

  constructor(again: (paths: readonly Path[]) => void) {
    this.#again = again;
  }

  /** Leaves the path alone for a while, each time longer. */
  later(path: Path): void {
    const before = this.#waiting.get(path);
    const delay = before === undefined ? firstDelay : Math.min(before.delay * 2, longestDelay);
    const at = Date.now() + delay;
    this.#waiting.set(path, { at, delay });
    this.#arm(at);
  }

  isWaiting(path: Path): boolean {
    const waiting = this.#waiting.get(path);
    return waiting !== undefined && waiting.at > Date.now();
  }

  /** Paths that failed and were not tried again since. */
  waiting(): Path[] {
    return [...this.#waiting].flatMap(([path, { at }]) => (at > 0 ? [path] : []));
  }

  done(path: Path): void {
    this.#waiting.delete(path);
  }

  /** Tries everything again now. */
  now(): void {
    const paths = [...this.#waiting.keys()];
    for (const [path, { delay }] of this.#waiting) this.#waiting.set(path, { at: 0, delay });
    if (paths.length > 0) this.#again(paths);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#waiting.clear();
  }

  #arm(at: number): void {
    if (at >= this.#rings) return;
    clearTimeout(this.#timer);
    this.#rings = at;
    this.#timer = setTimeout(() => this.#ring(), Math.max(1, at - Date.now()));
    this.#timer.unref();
  }

  #ring(): void {
    this.#rings = Number.POSITIVE_INFINITY;
    const now = Date.now();
    const due: Path[] = [];
    let next = Number.POSITIVE_INFINITY;
    for (const [path, waiting] of this.#waiting) {
      if (waiting.at > now) next = Math.min(next, waiting.at);
      if (waiting.at === 0 || waiting.at > now) continue;
      due.push(path);
      // The delay stays known: a path that fails again waits longer.
      this.#waiting.set(path, { at: 0, delay: waiting.delay });
    }
    if (due.length > 0) this.#again(due);
    if (next !== Number.POSITIVE_INFINITY) this.#arm(next);
  }
}
