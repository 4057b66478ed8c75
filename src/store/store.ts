/**
 * What one session remembers, in its directory under the state directory: the base, the history with
 * its contents, the events. `openStore` (open.ts) makes one.
 */
import type { Digest, Entry } from '../tree/entry.ts';
import type { Path, Side } from '../tree/path.ts';

export interface HistoryLimits {
  /** Versions older than this are let go; milliseconds. Default 14 days. */
  readonly maxAge: number;
  /** Contents beyond this many bytes are let go, oldest first. Default 1 GiB. */
  readonly maxBytes: number;
}

/** Why a version is in the history. */
export type VersionReason =
  /** Sync put another version in its place. */
  | 'replaced'
  /** Sync removed it, because it was removed on the other side. */
  | 'removed'
  /** It gave way in a conflict, or somebody wrote it just while sync replaced it. */
  | 'conflict'
  /** `cai restore` or `cai undo` put another version in its place. */
  | 'restored'
  /** Found in a staging area that a crash left behind. */
  | 'recovered';

/** A row of the history: a version that sync replaced or removed. */
export interface Version {
  /** Stable, unique within the session; ascending with time. */
  readonly id: string;
  readonly path: Path;
  /** The side that held it. */
  readonly side: Side;
  /** When it was displaced, milliseconds since 1970. */
  readonly time: number;
  readonly reason: VersionReason;
  readonly entry: Entry;
  /** False when the content is not (or no longer) kept: larger than the limit, or pruned. */
  readonly kept: boolean;
  /** Who caused it, where that is known. */
  readonly by?: string;
}

export type NewVersion = Omit<Version, 'id' | 'kept'>;

/** What sync, or an undo, did at one path of one side: the way back. */
export interface Arrival {
  /** Ascending with time. */
  readonly id: number;
  readonly path: Path;
  /** The side on which it was done. */
  readonly side: Side;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The same for what came in one go. */
  readonly batch: number;
  /** What stood there before, and afterwards; null is nothing. Contents are found by digest. */
  readonly before: Entry | null;
  readonly after: Entry | null;
  /** Who caused it, where that is known: 'undo', 'restore', or a name. */
  readonly by?: string;
}

export type NewArrival = Omit<Arrival, 'id'>;

export interface ArrivalFilter {
  readonly side?: Side;
  readonly batch?: number;
  /** Only what was done later; milliseconds since 1970. */
  readonly since?: number;
}

/** A line of the session's log of events, as `cai logs` prints it. */
export interface StoredEvent {
  readonly time: number;
  /** As the `type` of a SessionEvent (control/api.ts). */
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A conflict that is listed until a person has seen to it. */
export interface StoredConflict {
  /** Stable, unique within the session; ascending with time. */
  readonly id: string;
  readonly time: number;
  /** A ConflictInfo (control/api.ts). */
  readonly data: Readonly<Record<string, unknown>>;
}

/** One change of the base; null removes the path. */
export type BaseChange = readonly [path: Path, entry: Entry | null];

export interface Commit {
  readonly base: readonly BaseChange[];
  readonly versions: readonly NewVersion[];
  readonly events: readonly StoredEvent[];
  readonly arrivals?: readonly NewArrival[];
}

/** What opening found, or what happened since. */
export type StoreCondition =
  | { readonly state: 'new' }
  | { readonly state: 'good' }
  /** It was damaged and has been moved aside; the store is new. */
  | { readonly state: 'damaged'; readonly movedTo: string; readonly reason: string };

export interface HistoryFilter {
  /** It and everything below it. */
  readonly path?: Path;
  /** Only the path itself. */
  readonly exact?: boolean;
  readonly limit?: number;
  /** Only what happened then or later; milliseconds since 1970. */
  readonly since?: number;
}

export type EventFilter = Omit<HistoryFilter, 'path' | 'exact'>;

export interface Store {
  readonly directory: string;
  /**
   * Becomes 'damaged' also while the store is open, when a read or a commit comes upon damage; they
   * go on with the new database. From then on no base is stored until `clearBase`: a session that
   * sees it calls `clearBase` and commits its whole tree (else the next start merges).
   */
  readonly condition: StoreCondition;

  /** All rows of the base, a directory before what is in it. */
  loadBase(): Iterable<readonly [Path, Entry]>;
  /**
   * One transaction. The versions' contents must be in `contents` before (or are marked not kept);
   * they are made durable first. Removing a path from the base, or making it something else than a
   * directory, removes what is below it. Returns the versions as they now stand in the history.
   */
  commit(commit: Commit): readonly Version[];
  /** Forgets the base (identity changed); history stays. */
  clearBase(): void;

  /** Small values beside the base (identity of the replicas and the like), each a JSON value; undefined is none. */
  getValue(key: string): unknown;
  setValue(key: string, value: unknown): void;

  readonly contents: Contents;
  readonly texts: BaseTexts;

  /** Newest first; all when `limit` is left out. A path names itself and everything below it. */
  history(filter?: HistoryFilter): readonly Version[];
  version(id: string): Version | undefined;
  /** The newest `limit` (all when left out), in the order in which they happened. */
  events(filter?: EventFilter): readonly StoredEvent[];
  /** In the order in which they happened. */
  arrivals(filter?: ArrivalFilter): readonly Arrival[];
  /** The newest batch that was done on a side. */
  lastBatch(side: Side): number | undefined;
  /** Arrivals from before this time have been let go; undefined when all are there. */
  arrivalsSince(): number | undefined;

  /** In the order in which they happened. */
  conflicts(): readonly StoredConflict[];
  /** Writes a conflict down, anew or in the place of the one with that id; returns the id. */
  putConflict(conflict: Omit<StoredConflict, 'id'> & { readonly id?: string }): string;
  removeConflict(id: string): void;

  /**
   * Lets go what is over the limits, or would be with `room` bytes more; returns what it freed. Cheap when
   * nothing is. (What is over the limit of size goes with the commit that made it so, too.)
   */
  prune(now: number, room?: number): { readonly versions: number; readonly bytes: number };
  close(): void;
}

/** Contents of texts on which both sides agree, as far as they are known. */
export interface BaseTexts {
  /** Tells which contents the base still names; set by the session. */
  isPinned: (digest: Digest) => boolean;
  /** Bytes that may be added without letting go of others; below 0 when there is no room. */
  readonly room: number;
  /** Resolves when `has` can answer. */
  ready(): Promise<unknown>;
  /** True when the content is known, or known to be no text up to 1 MiB. */
  has(digest: Digest): boolean;
  /** Takes a content; it is written in the background. Of what is no text only that is kept. */
  add(digest: Digest, bytes: Uint8Array): void;
  read(digest: Digest): Promise<Uint8Array | undefined>;
  /** Resolves when everything added so far is written. */
  flush(): Promise<void>;
}

/** Contents by digest. A content is there completely or not at all. */
export interface Contents {
  has(digest: Digest): boolean;
  /** Takes bytes; returns their digest. */
  putBytes(bytes: Uint8Array): Digest;
  /**
   * Takes a stream in constant memory; the digest is what the bytes really have. Resolves undefined
   * and keeps nothing when it is over `maxBytes`; fails with NO_SPACE when the disk is full.
   */
  putStream(
    chunks: AsyncIterable<Uint8Array>,
    maxBytes: number,
  ): Promise<{ readonly digest: Digest; readonly size: number } | undefined>;
  /** Takes a regular file (a link is not followed), otherwise as `putStream`. */
  putFile(
    file: string | Buffer,
    options: { readonly maxBytes: number },
  ): Promise<{ readonly digest: Digest; readonly size: number } | undefined>;
  /**
   * Takes a file that `make` leaves in a new private directory, without copying it; `make` answers with its
   * path. Otherwise as `putFile`.
   */
  putMade(
    make: (directory: string) => Promise<string | Buffer>,
    options: { readonly maxBytes: number },
  ): Promise<{ readonly digest: Digest; readonly size: number } | undefined>;
  /**
   * Makes contents durable, off the event loop. A commit does that for those it names too, but stands
   * still meanwhile.
   */
  makeDurable(digests: Iterable<Digest>): Promise<void>;
  /** The file that holds the content, for reading only; undefined when it is not there. */
  file(digest: Digest): string | undefined;
  /** Whole content; undefined when it is not there or does not have its digest any more. */
  read(digest: Digest): Uint8Array | undefined;
}
