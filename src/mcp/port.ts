/**
 * The one way from the tools to the session. On the host it is the session's control socket, in a container
 * what answers there for it; tools and resources see no difference but the side they stand on.
 */
import type { CallName, Calls, SessionEvent, SessionStatus } from '../control/api.ts';
import type { CallOptions } from '../control/client.ts';
import type { Side } from '../tree/path.ts';

export interface SessionPort {
  /** The side on whose disk the tools work. */
  readonly side: Side;
  /** Fails with NO_SESSION, and how to start one, when there is none. */
  call<N extends CallName>(
    name: N,
    params: Calls[N]['params'],
    options?: CallOptions,
  ): Promise<Calls[N]['result']>;
  /** Tells what happens from now on, through every end and start of the session; returns the way to stop that. */
  follow(follower: Follower): () => void;
  /** Resolves when the first try to reach the session is over. */
  ready(): Promise<void>;
  /** True while events come in. */
  isUp(): boolean;
  /** Lets go of everything. */
  close(): void;
}

export interface Follower {
  onUp?(status: SessionStatus): void;
  onEvent?(event: SessionEvent): void;
  onDown?(): void;
}
