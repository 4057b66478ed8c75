/**
 * A session's API as plain data: what status shows, what events tell, which calls there are. The CLI
 * prints these objects with --json as they are; the shapes are documented in docs/json.md.
 */
import type { ErrorJson } from '../errors.ts';
import type { Version } from '../store/store.ts';
import type { Entry } from '../tree/entry.ts';
import type { Path, Side } from '../tree/path.ts';
import type { ConflictRule } from '../tree/policies.ts';
import type { ConflictPolicy, SyncMode } from '../tree/reconcile.ts';

export type Mode = SyncMode;

export type SessionState =
  /** Opening the link. */
  | 'connecting'
  /** The link is down; trying again. */
  | 'disconnected'
  /** Looking at whole trees. */
  | 'scanning'
  /** Carrying changes over. */
  | 'syncing'
  /** Both sides are the same, or wait for a person (see holds, conflicts, problems). */
  | 'watching'
  | 'paused'
  /** Not running. */
  | 'stopped';

/** Something that keeps a path (or the session) from being synchronised; retried until it is gone. */
export interface Problem {
  readonly side: Side | 'session';
  /** Absent when the problem is not about one path. */
  readonly path?: Path;
  readonly code: string;
  readonly message: string;
  /** What to do. */
  readonly next?: string;
  /** Since when, milliseconds since 1970. */
  readonly since: number;
}

/** What a side held at the path of a conflict. */
export interface ConflictSide {
  readonly kind: 'file' | 'directory' | 'link' | 'nothing' | 'blocked';
  /** Who made it so, where somebody said so. */
  readonly by?: string;
  /** Files. */
  readonly size?: number;
  readonly digest?: string;
  readonly mtime?: number;
  /** Links. */
  readonly target?: string;
}

/** A path that both sides changed, not in the same way. Stays listed until a person has seen to it. */
export interface ConflictInfo {
  /** Stable, unique within the session. */
  readonly id: string;
  readonly path: Path;
  /**
   * Both changed it, both made it, it became different kinds of things, one removed it where the other
   * may not bring it back, or it was written to just while sync replaced it.
   */
  readonly kind: 'edit-edit' | 'create-create' | 'type' | 'edit-remove' | 'overwritten';
  /** When it was found. */
  readonly time: number;
  /** How it was settled; 'open' when the policy is manual and nobody has decided. */
  readonly settled: 'open' | 'local' | 'container' | 'merged';
  readonly local: ConflictSide;
  readonly container: ConflictSide;
  /** What both had before, where that is known. */
  readonly base?: ConflictSide;
  /** The side that wrote last, by the host's clock. */
  readonly newest: Side;
  /** By side: the versions that gave way, in the history. */
  readonly versions: Readonly<Record<Side, readonly string[]>>;
  /** The version that gave way (the first of them), in the history. */
  readonly version?: string;
  /** One line for people: what the two sides held. */
  readonly summary: string;
}

/**
 * What a person wants of a conflict: one side's version, that of the side that wrote last, both (the
 * one that gives way beside the other), or what stands there now ('kept': it only goes from the list).
 */
export type Take = 'local' | 'container' | 'newest' | 'both' | 'kept';

export interface ResolveRequest {
  /** Ids of conflicts. */
  readonly conflicts: readonly string[];
  /** Either this or `file`. */
  readonly take?: Take;
  /** Absolute path of a file on the host whose content settles it. */
  readonly file?: string;
  /** Who asks for it, for the history; left out: `resolve`. */
  readonly author?: string;
}

/** What became of each of the conflicts, in the order of the request. */
export interface ResolveResult {
  readonly resolved: readonly Resolved[];
  readonly failed: readonly {
    readonly id: string;
    readonly path: Path;
    readonly error: ErrorJson;
  }[];
}

export interface Resolved {
  readonly id: string;
  readonly path: Path;
  readonly how: Take | 'file';
  /** Versions of what stood there before, in the history. */
  readonly displaced: readonly string[];
  /** What was written beside it. */
  readonly beside: readonly Path[];
}

/** What stands at a path on a side, for a comparison. */
export interface SideContent {
  readonly entry: Entry | null;
  /** Base64 of the content of a text file up to 1 MiB. */
  readonly content?: string;
  /** Why there is no content of a file. */
  readonly without?: 'binary' | 'large' | 'unknown';
}

export interface SideContents {
  readonly path: Path;
  readonly local: SideContent;
  readonly container: SideContent;
  readonly base: SideContent;
}

/** A stop that asks a person. Only these deletions wait. */
export interface HoldInfo {
  readonly reason:
    | 'mass-deletion'
    | 'root-missing'
    | 'root-emptied'
    | 'root-type'
    | 'root-replaced'
    /** A side went back in time. */
    | 'restored-snapshot';
  /** The side on which things vanished. */
  readonly side: Side;
  /** How many files would be removed from the other side. */
  readonly files: number;
  readonly since: number;
  readonly message: string;
  readonly next: string;
}

/** What a person says to what is held. */
export interface HoldAnswer {
  /** What they were shown: fails with STALE when something else is held by now. Left out: whatever is held. */
  readonly holds?: readonly Pick<HoldInfo, 'side' | 'reason' | 'files' | 'since'>[];
  /** Who says it, for the history. */
  readonly author?: string;
}

export interface Progress {
  readonly phase: 'scan' | 'sync';
  readonly side?: Side;
  readonly files: number;
  /** Absent when it is not known yet. */
  readonly filesTotal?: number;
  readonly bytes: number;
  readonly bytesTotal?: number;
  /** Bytes a second. */
  readonly rate?: number;
}

/** One change that arrived on the other side. */
export interface Transfer {
  readonly path: Path;
  readonly to: Side;
  readonly action: 'create' | 'update' | 'remove' | 'move' | 'attributes';
  /** Of a move: where it was. */
  readonly from?: Path;
  readonly kind: 'file' | 'directory' | 'link';
  readonly size?: number;
  /** Milliseconds from the first notice of the change to its place on the other side. */
  readonly ms: number;
  readonly time: number;
}

/** What carries deltas of large files, and many large contents. */
export type TransferEngine = {
  /** By rsync since the start: files, their bytes, and those that travelled for them both ways. */
  readonly carried: { readonly files: number; readonly bytes: number; readonly linkBytes: number };
} & (
  | /** Versions of the two sides. */
  { readonly engine: 'rsync'; readonly local: string; readonly container: string }
  /** Streams of whole contents, and why not rsync. */
  | { readonly engine: 'plain'; readonly why: string }
);

export interface SessionStatus {
  readonly name: string;
  readonly id: string;
  readonly local: string;
  /** Address of the other side, as it was given. */
  readonly container: string;
  readonly mode: Mode;
  readonly state: SessionState;
  /** Since when in this state. */
  readonly since: number;
  readonly pid?: number;
  /** True once both sides were the same for the first time since the start. */
  readonly ready: boolean;
  /** Entries on which both sides agree. */
  readonly files: number;
  readonly directories: number;
  readonly bytes: number;
  readonly link?: {
    readonly transport: string;
    readonly roundTripMs: number;
    readonly clockSkewMs: number;
  };
  /** Absent before it is known. */
  readonly transferEngine?: TransferEngine;
  readonly progress?: Progress;
  /** Last changes that arrived, newest first, at most 20. */
  readonly transfers: readonly Transfer[];
  /** Totals since the start. */
  readonly totals: Readonly<
    Record<
      'toContainer' | 'toLocal',
      { readonly files: number; readonly bytes: number; readonly last?: number }
    >
  >;
  readonly problems: readonly Problem[];
  readonly conflicts: readonly ConflictInfo[];
  readonly holds: readonly HoldInfo[];
  /** Paths left out as secrets. */
  readonly secrets: readonly { readonly side: Side; readonly path: Path }[];
  /** Directories that stay on one side because ignored content is in them. */
  readonly leftovers: readonly {
    readonly side: Side;
    readonly path: Path;
    readonly names: readonly string[];
  }[];
  /** In a one-way mode: paths that the receiving side changed, which are left alone. */
  readonly diverged: readonly Path[];
  /** Changes not yet on both sides, without those that wait to be asked for. */
  readonly pending: number;
  /** Paths that both sides agree on and that are not written down yet: a crash would forget that they do. */
  readonly unsaved: number;
  /** When local changes go over: as they come, or when a sync is asked for. */
  readonly localChanges: 'live' | 'manual';
  /** Manual local changes that wait to be asked for. */
  readonly waiting: number;
  /** Files and the like that arrived within the last hour; of a first sync only what this process carried. */
  readonly lastHour: { readonly toContainer: number; readonly toLocal: number };
}

/** What happens, as it happens; `cai logs` and `cai watch` print these. */
export type SessionEvent = { readonly time: number } & (
  | { readonly type: 'state'; readonly state: SessionState; readonly detail?: string }
  | { readonly type: 'ready'; readonly files: number; readonly bytes: number; readonly ms: number }
  | { readonly type: 'transfer'; readonly transfer: Transfer }
  /** Many transfers of one cycle, told as one. */
  | {
      readonly type: 'batch';
      readonly to: Side;
      readonly files: number;
      readonly bytes: number;
      readonly ms: number;
      /** What changed; only for subscribers that asked for it, and a few hundred at most. */
      readonly paths?: readonly Path[];
    }
  | { readonly type: 'conflict'; readonly conflict: ConflictInfo }
  /** A conflict that is listed no more; 'gone': the two sides became the same by themselves. */
  | {
      readonly type: 'resolved';
      readonly conflict: ConflictInfo;
      readonly how: Take | 'file' | 'gone';
    }
  /** A side removed these, but the other had changed them: they came back. */
  | { readonly type: 'restored'; readonly side: Side; readonly paths: readonly Path[] }
  | { readonly type: 'problem'; readonly problem: Problem }
  | { readonly type: 'solved'; readonly problem: Problem }
  | { readonly type: 'hold'; readonly hold: HoldInfo }
  | {
      readonly type: 'released';
      readonly hold: HoldInfo;
      readonly how: 'approved' | 'rejected' | 'gone';
    }
  | { readonly type: 'version'; readonly version: Version }
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'notice'; readonly message: string }
);

/** Gets every event, and of a batch the paths that are in it. */
export type EventListener = (event: SessionEvent, paths?: readonly Path[]) => void;

export interface FlushResult {
  /** Milliseconds it took. */
  readonly ms: number;
  readonly problems: readonly Problem[];
  readonly conflicts: readonly ConflictInfo[];
  readonly holds: readonly HoldInfo[];
}

export interface SyncRequest {
  /** The side that is to have everything afterwards. */
  readonly to: Side;
  /** They and everything below them; all when left out. */
  readonly paths?: readonly Path[];
  /** Of manual local changes: patterns in .gitignore syntax of what goes on waiting. */
  readonly exclude?: readonly string[];
  readonly timeoutMs: number;
}

export interface SyncResult extends FlushResult {
  readonly to: Side;
  /** What arrived on that side meanwhile. */
  readonly files: number;
  readonly bytes: number;
  /** Local changes that still wait to be asked for. */
  readonly waiting: number;
}

/** A version that was put back. */
export interface RestoreResult {
  readonly id: string;
  /** Where it was written, inside the local root. */
  readonly path: Path;
  readonly kind: 'file' | 'directory' | 'link';
  /** The history's version of what stood there before; absent when nothing did. */
  readonly displaced?: string;
}

/** A path that an undo or a restore put back, or would. */
export interface RewrittenPath {
  readonly path: Path;
  readonly action: 'create' | 'update' | 'remove' | 'attributes';
  readonly kind: 'file' | 'directory' | 'link';
}

/** A path that an undo or a restore left as it is. */
export interface RefusedPath {
  readonly path: Path;
  readonly reason: /** Somebody edited it later, and that would be lost. */
    | 'edited'
    /** A directory that something else is in by now. */
    | 'not-empty'
    /** Its content is not, or no longer, in the history. */
    | 'no-content'
    /** It is not synchronised any more. */
    | 'ignored'
    | 'failed';
  readonly message: string;
}

export interface RewriteResult {
  /** From when on changes were taken back, milliseconds since 1970. */
  readonly since: number;
  /** Nothing was done: `done` is what would be. */
  readonly dryRun: boolean;
  readonly done: readonly RewrittenPath[];
  readonly refused: readonly RefusedPath[];
  /** Changes from before this time are not remembered, and were not taken back. */
  readonly knownSince?: number;
}

/** What somebody is about to write, for the history to say who it was. */
export interface Claim {
  readonly path: Path;
  /** Of the file's content; null: the path is removed; absent: a directory or a link. */
  readonly digest?: string | null;
}

/** A while in which one author works on a side, and what will be written is not known beforehand. */
export interface Stint {
  readonly side: Side;
  readonly by: string;
  /** Chosen by the caller; says which one goes on, or ends. */
  readonly id: string;
  /** It and what is below it; the whole side when left out. */
  readonly path?: Path;
  /** So long from now on, at most a minute; again with the same id to go on. 0: it has ended. */
  readonly forMs: number;
}

/** The calls of a control socket: name, parameters, result. One JSON document a line, both ways. */
export interface Calls {
  status: { params: Record<never, never>; result: SessionStatus };
  /** Returns when every change made before the call is on both sides. */
  flush: { params: { readonly timeoutMs: number }; result: FlushResult };
  /** As flush, for one side; brings over manual local changes. */
  sync: { params: SyncRequest; result: SyncResult };
  pause: { params: Record<never, never>; result: SessionStatus };
  resume: { params: Record<never, never>; result: SessionStatus };
  /** Ends the session's process; both sides stay as they are. */
  stop: { params: Record<never, never>; result: { readonly stopped: true } };
  approve: { params: HoldAnswer; result: { readonly holds: readonly HoldInfo[] } };
  reject: { params: HoldAnswer; result: { readonly holds: readonly HoldInfo[] } };
  history: {
    params: { readonly path?: Path; readonly limit?: number };
    result: readonly Version[];
  };
  /** Settles conflicts, open ones and those that the policy settled. */
  resolve: { params: ResolveRequest; result: ResolveResult };
  /** What the two sides and the base hold at a path. */
  contents: { params: { readonly path: Path }; result: SideContents };
  /** What a version of the history holds. */
  version: {
    params: { readonly version: string };
    result: { readonly version: Version; readonly content: SideContent };
  };
  /** Writes a version into the local root, at its own path or at `to`; sync carries it on. */
  restore: {
    params: { readonly version: string; readonly to?: Path; readonly author?: string };
    result: RestoreResult;
  };
  /** Takes back what sync brought over from a side: since a time, else its last batch. */
  undo: {
    params: {
      /** Where the changes came from; default the container, with `by` either. */
      readonly side?: Side;
      readonly since?: number;
      /** Patterns in .gitignore syntax. */
      readonly paths?: readonly string[];
      readonly by?: string;
      /** Who asks for it, for the history; likewise below. */
      readonly author?: string;
      readonly dryRun?: boolean;
    };
    result: RewriteResult;
  };
  /** Brings a path and everything below it (all when left out) back to what it was at a time. */
  rewind: {
    params: {
      readonly path?: Path;
      readonly time: number;
      readonly author?: string;
      readonly dryRun?: boolean;
    };
    result: RewriteResult;
  };
  /** Announces writes to a side, so that the history can name who made them. Labels, nothing more. */
  attribute: {
    params: { readonly side: Side; readonly by: string; readonly claims: readonly Claim[] };
    result: { readonly noted: number };
  };
  /**
   * Signs what changes there for a while and nobody claims. Answers when what was written before the call has
   * been noticed. Labels, as with `attribute`.
   */
  stint: { params: Stint; result: { readonly noted: boolean } };
  /**
   * Runs a further session of the same local directory in this process. `mark` is that of the caller's
   * surroundings, which must be the same.
   */
  adopt: {
    params: { readonly id: string; readonly mark: string };
    result: { readonly adopted: true };
  };
  /**
   * Answers once, then sends events on the same connection until it is closed. `paths`: batches name what is
   * in them.
   */
  subscribe: { params: { readonly paths?: boolean }; result: SessionStatus };
}

export type CallName = keyof Calls;

export type Request = {
  [N in CallName]: { readonly id: number; readonly call: N; readonly params: Calls[N]['params'] };
}[CallName];
export type Response =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: ErrorJson };
export type ServerLine = Response | { readonly event: SessionEvent };

/** What is written down of a session in its directory (session.json). */
export interface SessionRecord {
  readonly id: string;
  readonly name: string;
  readonly local: string;
  readonly container: string;
  readonly created: number;
  /** When `cai unwatch` ended it, milliseconds since 1970; its history stays readable. */
  readonly ended?: number;
  readonly options: SessionOptions;
  /** Those of them that a person chose on a command line: they hold until they are chosen otherwise. */
  readonly chosen?: Partial<SessionOptions>;
}

/** Everything about a session that its user can choose. */
export interface SessionOptions {
  readonly mode: Mode;
  /** 'manual': what the local side changed goes to the container only when a sync is asked for. */
  readonly localChanges: 'live' | 'manual';
  /** Extra patterns in .gitignore syntax. */
  readonly ignore: readonly string[];
  /** Secrets to synchronise all the same. */
  readonly allow: readonly string[];
  readonly gitignore: boolean;
  readonly git: boolean;
  readonly modes: 'portable' | 'full';
  readonly conflicts: ConflictPolicy;
  /** Other policies for some paths; the last that names a path decides. */
  readonly conflictRules: readonly ConflictRule[];
  /** Bytes of agreed texts that are kept for three-way merges. */
  readonly mergeBudget: number;
  readonly settleMs: number;
  readonly settleMaxMs: number;
  readonly maxFileSize: number;
  /** Large contents under way at once; default 4. */
  readonly transfersAtOnce?: number;
  /** Bytes of contents a second; 0, the default: no limit. */
  readonly bandwidth?: number;
  /** Whether rsync may carry large contents; default auto: where both sides have one that may be used. */
  readonly rsync?: 'auto' | 'off';
  readonly history: { readonly maxAgeMs: number; readonly maxBytes: number };
  readonly holds: { readonly files: number; readonly share: number };
  /** The docker command with its own arguments, e.g. ["docker", "--context", "x"]. */
  readonly docker?: readonly string[];
  /** The ssh command with its own arguments, e.g. ["ssh", "-F", "config"]. */
  readonly ssh?: readonly string[];
  /** The kubectl command with its own arguments. */
  readonly kubectl?: readonly string[];
  /** The node command of the far side, when `node` is not it. */
  readonly node?: string;
}
