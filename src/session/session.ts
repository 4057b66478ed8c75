/** A live session: two replicas, a base, a policy and the loop that runs cycles. */
import type { FlushResult, SessionEvent, SessionRecord, SessionStatus } from '../control/api.ts';
import type { Store } from '../store/store.ts';
import { LiveSession } from './live.ts';

export interface Session {
  status(): SessionStatus;
  /** Calls back for every event from now on; returns the way to stop that. */
  onEvent(listener: (event: SessionEvent) => void): () => void;
  /** Returns when every change made before the call is on both sides, or fails with TIMEOUT. */
  flush(options: {
    readonly timeoutMs: number;
    readonly signal?: AbortSignal;
  }): Promise<FlushResult>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Lets the held deletions go ahead. */
  approve(): Promise<void>;
  /** Brings the vanished files back. */
  reject(): Promise<void>;
  /** Ends the loop; both sides stay as they are. */
  stop(): Promise<void>;
  /** Settles when the session has ended, with the reason when it was a failure (never rejects). */
  readonly ended: Promise<Error | undefined>;
}

export interface SessionInput {
  readonly record: SessionRecord;
  readonly store: Store;
}

/**
 * Starts a session. Fails (ROOT, OVERLAP, NO_ENGINE, NO_CONTAINER, NO_NODE …) when the first
 * connection shows that it can never work; later losses are retried for ever.
 */
export async function startSession(input: SessionInput): Promise<Session> {
  const session = new LiveSession(input);
  await session.start();
  return session;
}
