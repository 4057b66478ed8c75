/**
 * Waits until what was written here stands on the other side, and tells how long that took. A wait is
 * registered before the write, so that no event is missed; it ends at a deadline in any case.
 */
import type { Mode, SessionEvent, SessionState, SessionStatus } from '../control/api.ts';
import type { Path } from '../tree/path.ts';
import { isWithin, otherSide } from '../tree/path.ts';
import type { SessionPort } from './port.ts';

export type Delivered =
  | { readonly state: 'arrived'; readonly ms: number }
  /** Not there yet when the wait was over, or the session cannot carry now. */
  | { readonly state: 'pending'; readonly reason: string }
  | { readonly state: 'conflict'; readonly reason: string }
  | { readonly state: 'problem'; readonly reason: string };

export interface Awaited {
  /** Counts from here: the write is done. */
  wait(options: { readonly timeoutMs: number; readonly signal: AbortSignal }): Promise<Delivered>;
  /** Stops looking out. */
  cancel(): void;
}

export interface Delivery {
  /** Why nothing is carried at the moment; undefined when it is. */
  whyIdle(): string | undefined;
  /** Why changes made here never go to the other side. */
  whyOneWay(): string | undefined;
  /** Looks out for a path from now on. */
  expect(path: Path): Awaited;
  close(): void;
}

interface Waiter {
  readonly path: Path;
  settle(delivered: Delivered | 'arrived'): void;
}

export function createDelivery(port: SessionPort): Delivery {
  const waiters = new Set<Waiter>();
  const to = otherSide(port.side);
  let state: SessionState | undefined;
  let mode: Mode | undefined;
  let localChanges: SessionStatus['localChanges'] = 'live';

  const settleAll = (matches: (path: Path) => boolean, how: Delivered | 'arrived'): void => {
    for (const waiter of waiters) if (matches(waiter.path)) waiter.settle(how);
  };
  const stop = port.follow({
    onUp(status: SessionStatus) {
      ({ state, mode, localChanges } = status);
    },
    onDown() {
      state = undefined;
      settleAll(() => true, { state: 'pending', reason: 'the session ended' });
    },
    onEvent(event: SessionEvent) {
      if (event.type === 'state') state = event.state;
      else if (event.type === 'transfer' && event.transfer.to === to)
        settleAll(
          (path) => path === event.transfer.path || path === event.transfer.from,
          'arrived',
        );
      else if (event.type === 'batch' && event.to === to) {
        const { paths } = event;
        if (paths === undefined) void confirmBatch();
        else settleAll((path) => paths.includes(path), 'arrived');
      } else if (event.type === 'conflict' && event.conflict.settled !== 'merged')
        settleAll((path) => path === event.conflict.path, {
          state: 'conflict',
          reason: event.conflict.summary,
        });
      else if (event.type === 'problem' && event.problem.path !== undefined) {
        const { path: at, message } = event.problem;
        settleAll((path) => isWithin(at, path), { state: 'problem', reason: message });
      }
    },
  });
  /** A batch whose paths are not told, by an older session: a flush says when all of it is over. */
  async function confirmBatch(): Promise<void> {
    const known = [...waiters];
    if (known.length === 0) return;
    try {
      const result = await port.call('flush', { timeoutMs: 10_000 }, { timeoutMs: 11_000 });
      if (result.holds.length > 0 || result.problems.length > 0) return;
      const open = result.conflicts.filter(({ settled }) => settled === 'open');
      for (const waiter of known)
        if (!open.some(({ path }) => path === waiter.path)) waiter.settle('arrived');
    } catch {
      // The waiters' own deadlines tell.
    }
  }

  return {
    whyIdle() {
      if (state === 'paused') return 'the session is paused';
      if (state === 'disconnected' || state === 'connecting') return 'the link is down';
      if (to === 'container' && localChanges === 'manual')
        return 'local changes wait until sync_from_local';
      return port.isUp() ? undefined : 'no session is running';
    },
    whyOneWay: () =>
      (mode === 'to-container' && to === 'local') || (mode === 'to-local' && to === 'container')
        ? `the session is one-way, ${mode}`
        : undefined,
    expect: (path) => awaitPath(waiters, path),
    close: stop,
  };
}

function awaitPath(waiters: Set<Waiter>, path: Path): Awaited {
  let done: Delivered | 'arrived' | undefined;
  let at = 0;
  let tell: (() => void) | undefined;
  const waiter: Waiter = {
    path,
    settle(delivered) {
      if (done !== undefined) return;
      done = delivered;
      at = performance.now();
      waiters.delete(waiter);
      tell?.();
    },
  };
  waiters.add(waiter);
  return {
    cancel: () => void waiters.delete(waiter),
    async wait({ timeoutMs, signal }) {
      const start = performance.now();
      await new Promise<void>((resolve) => {
        if (done !== undefined || signal.aborted) return resolve();
        const timer = setTimeout(resolve, timeoutMs);
        tell = () => {
          clearTimeout(timer);
          resolve();
        };
        signal.addEventListener('abort', tell, { once: true });
      });
      waiters.delete(waiter);
      if (done === undefined)
        return { state: 'pending', reason: `it was not there after ${timeoutMs} ms` };
      return done === 'arrived'
        ? { state: 'arrived', ms: Math.max(1, Math.round(at - start)) }
        : done;
    },
  };
}
