/**
 * Paths that want a look, and when they get it: after a short quiet, or at the latest some time after
 * the first of them while writes go on (DESIGN 6.2).
 */
import type { Path } from '../tree/path.ts';

/** Milliseconds after the first hint for which the loop goes round rather than sleep. */
const roundFor = 2;

/** Milliseconds that idle looks wait for company. */
const idleFor = 500;

/** 'list': what is in the directory has to be compared too. */
export type Hint = 'look' | 'list';

export interface Hints {
  readonly size: number;
  add(path: Path, hint?: Hint): void;
  /** Wants a look at the path after so many milliseconds. */
  addLater(path: Path, ms: number): void;
  /** Wants a look at the path some time: nothing is expected there, and nobody waits for it. */
  addIdle(path: Path): void;
  /** The idle looks are wanted with the next ones that are taken. */
  hurry(): void;
  /** All of them but the idle ones, which are no hints any more then. */
  take(): Map<Path, Hint>;
  /** Milliseconds since the last one came. */
  quietFor(): number;
  setTimes(times: { readonly settle: number; readonly settleMax: number }): void;
  close(): void;
}

export function createHints(
  times: { readonly settle: number; readonly settleMax: number },
  onDue: () => void,
): Hints {
  let { settle, settleMax } = times;
  let hints = new Map<Path, Hint>();
  let first = 0;
  let last = 0;
  let timer: NodeJS.Timeout | undefined;
  let soon: NodeJS.Immediate | undefined;
  const later = new Map<Path, NodeJS.Timeout>();
  const idle = new Set<Path>();
  let idleTimer: NodeJS.Timeout | undefined;
  let closed = false;

  // A timer is late by up to a millisecond: at the begin, when most writes are over already, the loop goes round instead.
  const checkIn = (wait: number): void => {
    if (wait < 1 && performance.now() - first < roundFor) soon = setImmediate(check);
    else timer = setTimeout(check, wait);
  };
  const check = (): void => {
    timer = undefined;
    soon = undefined;
    if (hints.size === 0) return;
    const wait = Math.min(last + settle, first + settleMax) - performance.now();
    if (wait > 0) checkIn(wait);
    else onDue();
  };
  const cancel = (): void => {
    clearTimeout(timer);
    clearImmediate(soon);
    timer = undefined;
    soon = undefined;
  };
  const add = (path: Path, hint: Hint = 'look'): void => {
    if (closed) return;
    last = performance.now();
    if (hints.size === 0) first = last;
    if (hint === 'list' || !hints.has(path)) hints.set(path, hint);
    if (timer === undefined && soon === undefined) checkIn(settle);
  };
  const hurry = (): void => {
    clearTimeout(idleTimer);
    idleTimer = undefined;
    if (hints.size === 0) first = performance.now();
    for (const path of idle) if (!hints.has(path)) hints.set(path, 'look');
    idle.clear();
  };
  const idleDue = (): void => {
    const others = hints.size;
    hurry();
    // They have waited long enough; with company they go when that goes.
    if (others === 0) onDue();
  };
  return {
    get size() {
      return hints.size;
    },
    add,
    addIdle: (path) => {
      if (closed) return;
      idle.add(path);
      idleTimer ??= setTimeout(idleDue, idleFor);
    },
    hurry,
    addLater: (path, ms) => {
      if (closed || later.has(path)) return;
      const waiting = setTimeout(() => {
        later.delete(path);
        add(path);
      }, ms);
      waiting.unref();
      later.set(path, waiting);
    },
    take: () => {
      const taken = hints;
      hints = new Map();
      cancel();
      return taken;
    },
    quietFor: () => performance.now() - last,
    setTimes: (next) => {
      ({ settle, settleMax } = next);
    },
    close: () => {
      closed = true;
      cancel();
      clearTimeout(idleTimer);
      idle.clear();
      for (const waiting of later.values()) clearTimeout(waiting);
    },
  };
}
