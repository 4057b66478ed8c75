/**
 * Brings displaced files into the history (invariant 1). A replica keeps what an action displaced;
 * here its content goes into the store, a row into the history, and only then the replica may let go.
 * Works in the background, off the latency path; what is not done when the link breaks is found again
 * in the replica's staging area.
 */
import { CaiError } from '../errors.ts';
import type { Kept, Replica } from '../replica/replica.ts';
import type { NewVersion, Store, Version, VersionReason } from '../store/store.ts';
import { type Digest, type FileEntry, type Look, sameContent } from '../tree/entry.ts';
import type { Path, Side } from '../tree/path.ts';
import { describeOverwritten } from './conflict-info.ts';
import type { ConflictList } from './conflict-list.ts';
import { Releases, watchFor } from './releases.ts';
import type { Report } from './report.ts';
import { addProblem, solveProblem, tell } from './report.ts';

const atOnce = 8;
/** Milliseconds without anything displaced after which saving begins: edits have more hurry. */
const startAfter = 150;
/** It begins all the same after so many milliseconds, or when so much waits. */
const startAtLast = 3_000;
const startAbove = 20_000;
/** Milliseconds of collecting before rows are committed; many share one transaction. */
const commitAfter = 300;
/** Contents up to this many bytes are written in one go. */
const wholeBytes = 256 * 1024;
/** Milliseconds until a version that could not be stored (a full disk) is tried again. */
const retryAfter = 5_000;
/** Milliseconds between two looks at what can be let go, at least. */
const releaseEvery = 100;
/** A crash is not longer ago than this (milliseconds) when what it left is found saved already. */
const savedWithin = 24 * 3600_000;

interface Displaced {
  readonly replica: Replica;
  readonly side: Side;
  readonly kept: Kept;
  readonly reason: VersionReason;
  readonly time: number;
  readonly conflict?: string;
  readonly by?: string;
  readonly placed: Look;
}

/** Why something was displaced. */
export interface Displacement {
  readonly reason: VersionReason;
  /** The conflict in which it gave way. */
  readonly conflict?: string | undefined;
  /** Who made the change that displaced it. */
  readonly by?: string;
  /** What stands in its place now. */
  readonly placed?: Look;
}

interface Row {
  readonly version: NewVersion;
  readonly from?: Displaced;
  readonly conflict?: string | undefined;
}

/** undefined: too large to keep. */
type Put = { readonly digest: Digest; readonly size: number } | undefined;

export class Keeper {
  /** A way for large files that need not travel as a whole; undefined when there is none at the moment. */
  fetchLarge: (replica: Replica, kept: Kept) => Promise<Put> = async () => undefined;
  readonly #store: Store;
  readonly #report: Report;
  readonly #conflicts: ConflictList;
  readonly #maxBytes: number;
  readonly #queue: Displaced[] = [];
  readonly #rows: Row[] = [];
  readonly #releases = new Releases<Displaced>();
  readonly #lost = new WeakSet<Replica>();
  #working = 0;
  #commitTimer: NodeJS.Timeout | undefined;
  #startTimer: NodeJS.Timeout | undefined;
  /** When the first and the last of what waits was displaced, milliseconds of performance.now(). */
  #waiting = { first: 0, last: 0 };
  #committing: Promise<void> | undefined;
  #commitFails = false;
  /** The disk is full: two that write at once take the room from each other. */
  #isFull = false;
  /** How many wait to be tried again. */
  #later = 0;
  #releaseTimer: NodeJS.Timeout | undefined;
  #idle: (() => void)[] = [];
  #isClosed = false;

  constructor(options: {
    readonly store: Store;
    readonly report: Report;
    readonly conflicts: ConflictList;
    readonly maxBytes: number;
  }) {
    this.#store = options.store;
    this.#report = options.report;
    this.#conflicts = options.conflicts;
    this.#maxBytes = options.maxBytes;
  }

  /** A file or link that an action on this side displaced. */
  displaced(replica: Replica, side: Side, kept: Kept, why: Displacement): void {
    const placed = why.placed ?? null;
    const time = Date.now();
    if (why.reason === 'recovered' && this.#isSavedAlready(side, kept)) {
      this.#holdFor({ replica, side, kept, reason: why.reason, time, placed });
      return;
    }
    const late = !kept.expected && why.reason !== 'recovered';
    const conflict = late ? this.#overwritten(side, kept, placed, why) : why.conflict;
    const reason = kept.expected ? why.reason : 'conflict';
    if (conflict !== undefined) this.#conflicts.awaitVersion(conflict);
    const author = why.by === undefined ? {} : { by: why.by };
    const what = { replica, side, kept, reason, time, placed, ...author };
    this.#queue.push(conflict === undefined ? what : { ...what, conflict });
    this.#startSoon();
  }

  /** The run that displaced it saved it too, and only did not live to let it go. */
  #isSavedAlready(side: Side, { path, entry }: Kept): boolean {
    const since = Date.now() - savedWithin;
    const versions = this.#store.history({ path, exact: true, since });
    return versions.some(
      (version) => version.kept && version.side === side && sameContent(version.entry, entry),
    );
  }

  /** A directory went, or a version whose content is in the store already. */
  went(version: Omit<NewVersion, 'time'>, conflict?: string): void {
    if (conflict !== undefined) this.#conflicts.awaitVersion(conflict);
    this.#rows.push({ version: { ...version, time: Date.now() }, conflict });
    this.#commitSoon();
  }

  /** Somebody wrote to it when sync had decided already; a writer that goes on makes no second conflict. */
  #overwritten(side: Side, kept: Kept, placed: Look, why: Displacement): string {
    if (why.conflict !== undefined && this.#conflicts.get(why.conflict)?.kind === 'overwritten')
      return why.conflict;
    const { path, entry: written } = kept;
    const now = Date.now();
    return this.#conflicts.list(describeOverwritten({ path, side, written, placed, now }));
  }

  /** Resolves when everything displaced so far is in the history, was tried in vain, which is a problem then, or is left. */
  settled(): Promise<void> {
    if (this.#isClosed || this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle.push(resolve);
      this.#work();
    });
  }

  #isIdle(): boolean {
    return this.#isSaved() && this.#rows.length === 0 && this.#committing === undefined;
  }

  #isSaved(): boolean {
    return this.#queue.length === 0 && this.#working === 0;
  }

  /** Edits go before; but not for ever. */
  #startSoon(): void {
    if (this.#idle.length > 0 || this.#queue.length > startAbove) {
      this.#work();
      return;
    }
    const last = performance.now();
    const first = this.#startTimer === undefined ? last : this.#waiting.first;
    this.#waiting = { first, last };
    this.#startTimer ??= setTimeout(() => this.#startIfQuiet(), startAfter);
  }

  #startIfQuiet(): void {
    const { first, last } = this.#waiting;
    const wait = Math.min(last + startAfter, first + startAtLast) - performance.now();
    if (wait > 1) this.#startTimer = setTimeout(() => this.#startIfQuiet(), wait);
    else this.#work();
  }

  /** Lets every kept file go now, where its content is in the history. */
  async releaseAll(): Promise<void> {
    await this.settled();
    // What was written to since it was displaced comes back once more, and is saved before it goes.
    for (let round = 0; round < 3 && !this.#releases.isEmpty; round += 1) {
      await this.#release(this.#releases.takeAll());
      await this.settled();
    }
    clearTimeout(this.#releaseTimer);
    this.#releaseTimer = undefined;
  }

  /** Nothing is saved any more: what is not saved yet stays with its replica, for the next run. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#startTimer);
    clearTimeout(this.#commitTimer);
    clearTimeout(this.#releaseTimer);
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #work(): void {
    if (this.#isClosed) return;
    clearTimeout(this.#startTimer);
    this.#startTimer = undefined;
    while (this.#working < (this.#isFull ? 1 : atOnce) && this.#queue.length > 0) {
      const next = this.#queue.shift() as Displaced;
      this.#working += 1;
      this.#save(next)
        .catch((error: unknown) => this.#failed(next, error))
        .finally(() => {
          this.#working -= 1;
          this.#work();
        });
    }
    if (this.#isSaved() && this.#later === 0) this.#isFull = false;
    // Whoever waits for the history waits for one commit, of everything.
    if (this.#isSaved() && this.#idle.length > 0 && this.#rows.length > 0) void this.#commitNow();
    this.#checkIdle();
  }

  async #save(displaced: Displaced): Promise<void> {
    const { kept, side, reason, time, replica } = displaced;
    let entry = kept.entry;
    if (entry.kind === 'file' && !this.#store.contents.has(entry.digest)) {
      const put = await this.#put(replica, kept, entry);
      if (put === undefined) this.#tooLarge(kept.path, entry.size);
      else entry = { ...entry, digest: put.digest, size: put.size };
    }
    solveProblem(this.#report, 'session', kept.path);
    const author = displaced.by === undefined ? {} : { by: displaced.by };
    const version = { path: kept.path, side, time, reason, entry, ...author };
    this.#rows.push({ version, from: displaced, conflict: displaced.conflict });
    this.#commitSoon();
  }

  /** The content as it really is, which need not be what its side says. */
  async #put(replica: Replica, kept: Kept, { digest, size }: FileEntry): Promise<Put> {
    const { id } = kept;
    const { contents, texts } = this.#store;
    if (size > wholeBytes && size <= this.#maxBytes) {
      const fetched = await this.fetchLarge(replica, kept);
      if (fetched !== undefined) return fetched;
    }
    if (size > wholeBytes || size > this.#maxBytes)
      return contents.putStream(replica.readKept(id), this.#maxBytes);
    // What was agreed on once need not come through the link again.
    const known = await texts.read(digest);
    if (known !== undefined && contents.putBytes(known) === digest) return { digest, size };
    const chunks: Uint8Array[] = [];
    for await (const chunk of replica.readKept(id)) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    return { digest: contents.putBytes(bytes), size: bytes.length };
  }

  #tooLarge(path: Path, size: number): void {
    tell(this.#report, {
      type: 'notice',
      message: `A replaced version of ${path} (${size} bytes) is larger than the history may be and is not kept.`,
    });
  }

  /** With the link gone the replica tells again what it still keeps, at the next connect. */
  lost(replica: Replica): void {
    this.#lost.add(replica);
    this.#releases.drop(replica);
  }

  async #failed(displaced: Displaced, error: unknown): Promise<void> {
    if (this.#lost.has(displaced.replica)) return;
    if (error instanceof CaiError && error.code === 'NO_SPACE') {
      this.#isFull = true;
      // The others may have taken the room from it.
      if (this.#working > 1 || (await this.#makeRoom(displaced.kept))) {
        this.#queue.unshift(displaced);
        return;
      }
    }
    const message = error instanceof Error ? error.message : String(error);
    const path = displaced.kept.path;
    addProblem(this.#report, {
      side: 'session',
      path,
      code: 'STATE',
      message: `A replaced version cannot be kept yet: ${message}`,
    });
    this.#later += 1;
    const timer = setTimeout(() => {
      this.#later -= 1;
      this.#queue.push(displaced);
      this.#work();
    }, retryAfter);
    timer.unref();
  }

  /** Lets older versions go now that would go when this one is in the history. False when there are none. */
  async #makeRoom({ entry }: Kept): Promise<boolean> {
    if (entry.kind !== 'file') return false;
    // What is stored and in no row yet cannot go.
    if (this.#rows.length > 0) await this.#commitNow();
    try {
      return this.#store.prune(Date.now(), entry.size).bytes > 0;
    } catch {
      return false;
    }
  }

  #commitSoon(): void {
    if (this.#isClosed) return;
    if (this.#idle.length > 0 && this.#isSaved()) void this.#commitNow();
    else this.#commitTimer ??= setTimeout(() => this.#commitDue(), commitAfter);
  }

  /** May find a commit under way, which does not take the rows that came after its begin: its end sees to those. */
  #commitDue(): void {
    this.#commitTimer = undefined;
    void this.#commitNow();
  }

  #commitNow(): Promise<void> {
    this.#committing ??= this.#commitRows().finally(() => {
      this.#committing = undefined;
      if (this.#rows.length > 0 && !this.#commitFails) this.#commitSoon();
      this.#checkIdle();
    });
    return this.#committing;
  }

  async #commitRows(): Promise<void> {
    clearTimeout(this.#commitTimer);
    this.#commitTimer = undefined;
    if (this.#isClosed) return;
    const rows = this.#rows.splice(0);
    if (rows.length === 0) return;
    const versions = await this.#commit(rows);
    if (versions === undefined) return;
    this.#nameVersions(rows, versions);
    if (this.#commitFails) solveProblem(this.#report, 'session');
    this.#commitFails = false;
    for (const { from } of rows) if (from !== undefined) this.#holdFor(from);
  }

  async #commit(rows: readonly Row[]): Promise<readonly Version[] | undefined> {
    try {
      const versions = rows.map((row) => row.version);
      const digests = versions.flatMap(({ entry }) =>
        entry.kind === 'file' ? [entry.digest] : [],
      );
      await this.#store.contents.makeDurable(digests);
      return this.#store.commit({ base: [], versions, events: [] });
    } catch (error) {
      this.#commitFailed(rows, error);
      return undefined;
    }
  }

  /** What is displaced stays with its replica until its row is written: nothing is lost meanwhile. */
  #commitFailed(rows: readonly Row[], error: unknown): void {
    this.#rows.unshift(...rows);
    this.#commitFails = true;
    const message = error instanceof Error ? error.message : String(error);
    addProblem(this.#report, {
      side: 'session',
      code: 'STATE',
      message: `The history cannot be written: ${message}`,
    });
    setTimeout(() => void this.#commitNow(), retryAfter).unref();
  }

  /** Tells the conflicts which versions of the history gave way in them. */
  #nameVersions(rows: readonly Row[], versions: readonly Version[]): void {
    for (const [index, { conflict }] of rows.entries()) {
      const version = versions[index];
      if (conflict !== undefined && version !== undefined)
        this.#conflicts.nameVersion(conflict, version);
    }
  }

  #holdFor(displaced: Displaced): void {
    const { replica, kept } = displaced;
    const bytes = kept.entry.kind === 'file' ? kept.entry.size : 0;
    this.#releases.add(replica, displaced, bytes, performance.now());
    this.#releaseSoon();
  }

  #releaseSoon(): void {
    const wait = this.#releases.next(performance.now());
    if (this.#releaseTimer !== undefined || wait === undefined) return;
    // Looked at every now and then: when much comes, some of it goes sooner.
    this.#releaseTimer = setTimeout(
      () => {
        this.#releaseTimer = undefined;
        void this.#release(this.#releases.takeDue(performance.now())).then(() =>
          this.#releaseSoon(),
        );
      },
      Math.min(Math.max(wait, releaseEvery), watchFor.atLeast),
    );
    this.#releaseTimer.unref();
  }

  async #release(releases: ReadonlyMap<Replica, readonly Displaced[]>): Promise<void> {
    for (const [replica, list] of releases) {
      const byId = new Map(list.map((displaced) => [displaced.kept.id, displaced]));
      try {
        const changed = await replica.release([...byId.keys()]);
        for (const kept of changed) {
          const before = byId.get(kept.id);
          if (before !== undefined)
            this.displaced(replica, before.side, { ...kept, expected: false }, before);
        }
      } catch {
        // The link went: the replica tells what it still keeps when it is back.
      }
    }
  }

  #checkIdle(): void {
    if (!this.#isSaved() || this.#committing !== undefined) return;
    if (this.#rows.length > 0 && !this.#commitFails) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
