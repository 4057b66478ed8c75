/**
 * What a session needs of one side. `DiskReplica` does it on a disk; `RemoteReplica` (the proxy)
 * asks an agent at the far end of a link to do it. Only this room touches synchronised files.
 */
import type { ErrorCode } from '../errors.ts';
import type { Digest, DirectoryEntry, Entry, FileEntry, LinkEntry, Look } from '../tree/entry.ts';
import type { Path } from '../tree/path.ts';
import type { RuleOptions } from '../tree/rules.ts';

/** Files up to this many bytes travel inside messages. */
export const inlineLimit = 64 * 1024;
/** Streams are cut into chunks of at most this many bytes. */
export const chunkBytes = 128 * 1024;

/** Tells one root from another that bears the same name (DESIGN 5.4). */
export interface ReplicaIdentity {
  /** Device and inode of the root directory. */
  readonly device: number;
  readonly inode: number;
  /** When the root was made, milliseconds since 1970; 0 where the file system does not tell. */
  readonly born: number;
}

export interface ReplicaInfo {
  readonly identity: ReplicaIdentity;
  /** The root as the replica knows it, links resolved. */
  readonly root: string;
  readonly platform: string;
  readonly nodeVersion: string;
  readonly caseSensitive: boolean;
  /** User id that the replica runs as. */
  readonly uid: number;
  /** The side's clock minus the host's, milliseconds; 0 on the host itself. */
  readonly clockSkew: number;
  /** Milliseconds of a round trip at connect; 0 in-process. */
  readonly roundTrip: number;
}

/** How a replica looks at its disk; sent once at the start and again when the configuration changes. */
export interface ReplicaOptions {
  readonly rules: RuleOptions;
  /** Milliseconds of quiet before a changed file is looked at. */
  readonly settle: number;
  /** Milliseconds after which it is looked at although it is not quiet. */
  readonly settleMax: number;
  /** Largest file in bytes that is synchronised; larger ones are blocked as 'too-large'. */
  readonly maxFileSize: number;
  readonly modes: 'portable' | 'full';
}

/** One observed path. */
export interface Observation {
  readonly path: Path;
  readonly look: Look;
  /** The content, when it was at hand and no larger than inlineLimit. */
  readonly bytes?: Uint8Array;
}

export interface ScanOptions {
  /** Only this directory and what is below it; the whole root when left out. */
  readonly path?: Path;
  /** Attach the contents of small files. Rule files (.gitignore, .caiignore) always have theirs. */
  readonly contents?: boolean;
  /**
   * Gets batches, a directory always before what is in it. The scan waits for the promise, which
   * bounds memory.
   */
  readonly onRows: (rows: readonly Observation[]) => Promise<void> | void;
  readonly onProgress?: (progress: { readonly files: number; readonly bytes: number }) => void;
  readonly signal?: AbortSignal;
}

export interface ScanSummary {
  readonly files: number;
  readonly directories: number;
  readonly bytes: number;
  /** Paths that were left out as secrets, complete. */
  readonly secrets: readonly Path[];
}

/** What a replica tells by itself. */
export type ReplicaEvent =
  /** Paths that are different from what the replica last said of them. */
  | { readonly type: 'changes'; readonly changes: readonly Observation[] }
  /** The root is gone, or is not a directory any more, or is another directory than before. */
  | {
      readonly type: 'root-lost';
      readonly reason: 'missing' | 'not-a-directory' | 'replaced' | 'unreadable';
    }
  /** Events may have been missed; the session should scan the whole tree. */
  | { readonly type: 'rescan-needed'; readonly reason: string }
  /** Directories that are polled because watches ran out (count of them), 0 when all are watched. */
  | { readonly type: 'polling'; readonly directories: number; readonly limit: number }
  /** A secret that is left out appeared or went (for status). */
  | { readonly type: 'secret'; readonly path: Path; readonly present: boolean };

/** Where the content of a file action comes from. */
export type Source =
  | { readonly from: 'bytes'; readonly bytes: Uint8Array }
  /** Staged before with stage(). */
  | { readonly from: 'staged'; readonly id: string }
  /** Another file of this replica that has the same digest. */
  | { readonly from: 'copy'; readonly path: Path }
  /** As copy, but that file goes away with this action: its inode moves here. */
  | { readonly from: 'move'; readonly path: Path };

/**
 * One step on a replica. `expect` is what must stand there now (content, and kind; modes and times
 * do not count); if something else does, nothing is done and the outcome is 'missed'.
 * `exact` sets the permissions as the entry has them, whatever the options say: what stood here comes
 * back. Only a replica on a disk knows it; it does not travel over a link.
 */
export type Action =
  | {
      readonly type: 'write';
      readonly path: Path;
      readonly expect: Entry | null;
      readonly entry: FileEntry;
      readonly source: Source;
      readonly exact?: true;
    }
  | {
      readonly type: 'link';
      readonly path: Path;
      readonly expect: Entry | null;
      readonly entry: LinkEntry;
    }
  | {
      readonly type: 'mkdir';
      readonly path: Path;
      readonly expect: Entry | null;
      readonly entry: DirectoryEntry;
      readonly exact?: true;
    }
  /** Files and links; directories only when they are empty. */
  | { readonly type: 'remove'; readonly path: Path; readonly expect: Entry }
  /** Executable bit (or mode) and modification time only. */
  | {
      readonly type: 'attributes';
      readonly path: Path;
      readonly expect: FileEntry | DirectoryEntry;
      readonly entry: FileEntry | DirectoryEntry;
    };

/** What became of an action, and what stands at its path afterwards. */
export interface Outcome {
  readonly path: Path;
  readonly result: 'done' | 'missed' | 'failed';
  readonly now: Look;
  /** With 'failed'. */
  readonly error?: OutcomeError;
  /** What the action displaced and the replica keeps until it is released. */
  readonly kept?: Kept;
  /** A directory that stays because of these (ignored or blocked) names in it. */
  readonly leftover?: readonly string[];
}

export interface OutcomeError {
  readonly code: ErrorCode;
  readonly message: string;
}

/** A displaced file or link, kept in the staging area until the session releases it. */
export interface Kept {
  readonly id: string;
  readonly path: Path;
  /** What was displaced, as it was found after the rename. */
  readonly entry: FileEntry | LinkEntry;
  /** False when it was not what the action expected: someone wrote in between. */
  readonly expected: boolean;
}

export interface FlushOptions {
  /** Also whatever else stands in the root: an earlier replica may have written it and gone before a flush. */
  readonly everything?: boolean;
}

/** Answer to one read. */
export type ReadResult =
  | { readonly ok: true; readonly bytes: Uint8Array }
  /** It is not there any more, or has other content; the watcher will tell. */
  | { readonly ok: false; readonly error: OutcomeError };

/** What is known of the rsync program of a side. */
export type RsyncFound =
  | { readonly ok: true; readonly version: string; readonly protocol: number }
  | { readonly ok: false; readonly why: string };

/** A content that is on its way. */
export interface Content {
  readonly id: string;
  readonly digest: Digest;
  readonly size: number;
  readonly path: Path;
}

/** rsync's server, as a replica runs it. */
export interface RsyncCall {
  /** As rsync's client made them. */
  readonly args: readonly string[];
  /** The intake to receive into, or the kept file to send under its path; neither: it sends from the root. */
  readonly intake?: string;
  readonly kept?: string;
}

/** What a replica on a disk needs to have rsync at its service; the rsync room knows how. */
export interface RsyncPort {
  find(): Promise<RsyncFound>;
  serve(
    call: {
      readonly args: readonly string[];
      readonly directory: string;
      readonly root: string;
      readonly signal?: AbortSignal | undefined;
    },
    input: AsyncIterable<Uint8Array>,
  ): AsyncIterable<Uint8Array>;
}

export interface Replica {
  readonly info: ReplicaInfo;
  /** Set by the session before the first scan. */
  onEvent: (event: ReplicaEvent) => void;
  /** Settles when the replica can no longer be used, with the reason (never rejects). */
  readonly closed: Promise<Error | undefined>;

  /** Changes how the replica looks; a scan must follow. */
  configure(options: ReplicaOptions): Promise<void>;
  /**
   * Walks the tree, arming watches on the way, and tells every entry that is not ignored. Entries
   * that are told here are not told again as changes.
   */
  scan(options: ScanOptions): Promise<ScanSummary>;
  /** Looks at everything that changed before the call, and has told it (onEvent) when it resolves. */
  drain(signal?: AbortSignal): Promise<void>;
  /** Looks at these paths now and tells them as changes whether or not they changed. */
  look(paths: readonly Path[]): Promise<void>;
  /** Whole contents of files up to inlineLimit, in the order of the request. */
  readSmall(
    files: readonly { readonly path: Path; readonly digest: Digest }[],
  ): Promise<readonly ReadResult[]>;
  /** A file's content from now on; the stream fails when the file turns out to be another. */
  read(
    file: { readonly path: Path; readonly digest: Digest; readonly size: number },
    signal?: AbortSignal,
  ): AsyncIterable<Uint8Array>;
  /** Receives a large content ahead of the action that places it. Fails when digest or size differ. */
  stage(content: Content, chunks: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<void>;
  unstage(id: string): Promise<void>;
  /** The rsync of this side; looked for once. */
  rsync(): Promise<RsyncFound>;
  /** Runs rsync's server; `input` goes to it, what it says comes back. */
  serveRsync(
    call: RsyncCall,
    input: AsyncIterable<Uint8Array>,
    signal?: AbortSignal,
  ): AsyncIterable<Uint8Array>;
  /**
   * Makes a private place into which rsync brings these contents under their paths; answers with where that
   * is on its disk. `onTooMuch` (on a disk of this machine only): a file became larger than announced.
   */
  openIntake(id: string, contents: readonly Content[], onTooMuch: () => void): Promise<string>;
  /** Stages what came complete and right (its ids), and removes the rest; all of it unless `take`. */
  closeIntake(id: string, take: boolean): Promise<readonly string[]>;
  /** Carries out the actions in order; one outcome each, in the same order. */
  apply(actions: readonly Action[]): Promise<readonly Outcome[]>;
  /**
   * Kept files that runs left which have ended: this replica's now, to be read with readKept and then
   * released. A run that is just dying is found by a later call.
   */
  takeLeft(): Promise<readonly Kept[]>;
  /** Content of a kept file, as it is now. */
  readKept(id: string): AsyncIterable<Uint8Array>;
  /**
   * Lets kept files go. One that was written to after it was displaced (a writer still had it open)
   * is not let go but returned with its present entry; read and release it again.
   */
  release(ids: readonly string[]): Promise<readonly Kept[]>;
  /** Resolves when everything that apply did is durable on disk. */
  flush(options?: FlushOptions): Promise<void>;
  /** Ends watching; removes the staging area. */
  close(): Promise<void>;
}
