/** What the parts of a running demonstration share, and how they wait: never longer than the session lives. */
import { CaiError } from '../errors.ts';
import type { Session } from '../session/session.ts';
import type { Store } from '../store/store.ts';
import type { Side } from '../tree/path.ts';
import type { Puppet } from './demo-puppet.ts';

/** What became of a step. */
export interface StepResult {
  /** Where it was to arrive. */
  readonly to: Side | 'both';
  readonly title: string;
  /** From the start of the deed until it was seen on the other side; null when it did not arrive in time. */
  readonly ms: number | null;
  readonly note?: string;
}

export interface Stage {
  readonly session: Session;
  readonly store: Store;
  readonly puppets: Readonly<Record<Side, Puppet>>;
  readonly signal: AbortSignal;
  /** Rejects when the user cancels or the session ends. */
  readonly end: Promise<never>;
}

export const stepDeadlineMs = 10_000;

/** A promise that rejects when the user cancels or the session ends, whichever comes first. */
export function endOf(session: Session, signal: AbortSignal): Promise<never> {
  const end = Promise.race([
    new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    }),
    session.ended.then((reason): never => {
      throw reason ?? new CaiError('LINK', 'The session ended by itself.');
    }),
  ]);
  end.catch(() => {});
  return end;
}

/** The work's result, unless the demonstration ends before. */
export function cancellable<T>({ end, signal }: Stage, work: Promise<T>): Promise<T> {
  work.catch(() => {});
  signal.throwIfAborted();
  return Promise.race([work, end]);
}
