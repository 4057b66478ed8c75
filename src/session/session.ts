/** A live session: two replicas, a base, a policy and the loop that runs cycles. */
import type {
  Claim,
  EventListener,
  FlushResult,
  ResolveRequest,
  ResolveResult,
  RewriteResult,
  SessionEvent,
  SessionRecord,
  SessionStatus,
  SideContents,
  Stint,
  SyncResult,
} from '../control/api.ts';
import type { UpcallHandler } from '../link/upcalls.ts';
import type { FsPort } from '../replica/fs-port.ts';
import type { Store } from '../store/store.ts';
import type { Path, Side } from '../tree/path.ts';
import { LiveSession } from './live.ts';
import type { SyncOptions } from './sync.ts';
import type { RewindOptions, UndoOptions } from './take-back.ts';

export interface Session {
  status(): SessionStatus;
  /** Calls back for every event from now on; returns the way to stop that. */
  onEvent(listener: EventListener): () => void;
  /** Returns when every change made before the call is on both sides, or fails with TIMEOUT. */
  flush(options: {
    readonly timeoutMs: number;
    readonly signal?: AbortSignal;
  }): Promise<FlushResult>;
  /** Brings everything to one side, manual local changes too. */
  sync(options: SyncOptions): Promise<SyncResult>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Lets the held deletions go ahead; the history names the author, where there is one. */
  approve(author?: string): Promise<void>;
  /** Brings the vanished files back; likewise. */
  reject(author?: string): Promise<void>;
  /** Settles conflicts. */
  resolve(request: ResolveRequest): Promise<ResolveResult>;
  /** What the two sides and the base hold at a path. */
  contents(path: Path): Promise<SideContents>;
  /** Takes back what sync brought over. */
  undo(options: UndoOptions): Promise<RewriteResult>;
  /** Brings a path and everything below it back to what it was at a time. */
  rewind(options: RewindOptions): Promise<RewriteResult>;
  /** Notes who is about to write what on a side. */
  attribute(side: Side, by: string, claims: readonly Claim[]): void;
  /** Begins, goes on with or ends a stint, once what was written before is noticed. */
  stint(stint: Stint): Promise<void>;
  /** Ends the loop; both sides stay as they are. */
  stop(): Promise<void>;
  /** Settles when the session has ended, with the reason when it was a failure (never rejects). */
  readonly ended: Promise<Error | undefined>;
}

export interface SessionInput {
  readonly record: SessionRecord;
  readonly store: Store;
  /** For tests: system calls that fail, by side. A side in a container has those of its agent. */
  readonly fs?: FileSystems;
  /** Answers what programs in the container ask; left out: they cannot ask. */
  readonly upcalls?: UpcallHandler;
  /** Gets the notices of the first connection, which may take long and comes before `onEvent` can be called. */
  readonly onOpening?: (event: SessionEvent) => void;
}

export type FileSystems = Readonly<Partial<Record<Side, FsPort>>>;

/**
 * Starts a session. Fails (ROOT, OVERLAP, NO_ENGINE, NO_CONTAINER, NO_NODE …) when the first
 * connection shows that it can never work; later losses are retried for ever.
 */
export async function startSession(input: SessionInput): Promise<Session> {
  const session = new LiveSession(input);
  const off = session.onEvent((event) => {
    if (event.type === 'notice') input.onOpening?.(event);
  });
  await session.start().finally(off);
  return session;
}
