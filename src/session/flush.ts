/**
 * The barrier: returns when every change made before the call is on both sides, or says by when that
 * was not so (invariant 9).
 */
import type { FlushResult, SessionStatus } from '../control/api.ts';
import { CaiError } from '../errors.ts';
import { hasChange } from './core.ts';
import type { Engine } from './engine.ts';
import { hasProblem } from './report.ts';

/** Milliseconds between two tries: at what met something that was changing, at a side that could not be asked. */
const betweenTries = 20;

export interface FlushLimits {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** The loop, as far as a flush waits for it. */
export interface FlushPort {
  readonly engine: Engine;
  /** Resolves when nothing is to be decided or under way, or the session has been stopped. */
  idle(): Promise<void>;
  schedule(): void;
  isStopped(): boolean;
  /** A root is gone: what waits for it is a hold. */
  lacksRoot(): boolean;
  isUp(): boolean;
  status(): SessionStatus;
}

export async function flush(limits: FlushLimits, port: FlushPort): Promise<FlushResult> {
  const start = performance.now();
  const limit = { over: false };
  await withDeadline(carryAll(port, limit), limits, () => late(port)).finally(() => {
    limit.over = true;
  });
  const { problems, conflicts, holds } = port.status();
  return { ms: Math.round(performance.now() - start), problems, conflicts, holds };
}

/** Everything that changed before the call is on both sides afterwards, or waits for a root that is lost; or nobody waits. */
async function carryAll(port: FlushPort, limit: { readonly over: boolean }): Promise<void> {
  for (;;) {
    await port.idle();
    if (port.isStopped()) throw new CaiError('CANCELLED', 'The session was stopped.');
    if (port.lacksRoot() || limit.over) return;
    if (await drain(port)) break;
    await pause();
  }
  await retryAll(port);
  while (!limit.over && !port.isStopped() && hasUnexplained(port)) {
    await pause();
    await retryAll(port);
  }
  await port.engine.keeper.settled();
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, betweenTries));
}

async function retryAll({ engine, schedule, idle }: FlushPort): Promise<void> {
  engine.retries.now();
  schedule();
  await idle();
}

/** Something waits to be tried again that is no problem: it only met what was changing just then. */
function hasUnexplained({ engine: { retries, report, core } }: FlushPort): boolean {
  return retries
    .waiting()
    .some((path) => !hasProblem(report, path) && !core.held.has(path) && hasChange(core, path));
}

/** False when a replica was lost in between: the scan after the reconnect finds what changed. */
async function drain({ engine }: FlushPort): Promise<boolean> {
  const { local, container } = engine.core.sides;
  try {
    await Promise.all([local.replica?.drain(), container.replica?.drain()]);
  } catch {
    return false;
  }
  return local.replica !== undefined && container.replica !== undefined;
}

function late(port: FlushPort): CaiError {
  const why = port.isUp()
    ? `${port.status().pending} changes are not on both sides yet`
    : 'the link to the container is down';
  return new CaiError('TIMEOUT', `Not everything is on both sides in time: ${why}.`, {
    next: 'See `cai status`, or allow more time with --timeout.',
  });
}

async function withDeadline<T>(
  work: Promise<T>,
  { timeoutMs, signal }: FlushLimits,
  whenLate: () => CaiError,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(whenLate()), timeoutMs);
    signal?.addEventListener('abort', () => reject(new CaiError('CANCELLED', 'Cancelled.')), {
      once: true,
    });
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
