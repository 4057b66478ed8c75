/**
 * The conflicts that are listed, until a person has seen to them (invariant 10). Each is written down at
 * every change, so that a restart forgets none, and told once it is known which versions gave way.
 *
 * What a cycle is about to settle is a draft first: only when the side that gives way really did is it
 * a conflict, since an action that misses means that there is something new to decide.
 */
import type { ConflictInfo, SessionEvent } from '../control/api.ts';
import type { Store, Version, VersionReason } from '../store/store.ts';
import type { Path, Side } from '../tree/path.ts';
import { parentPath } from '../tree/path.ts';
import type { NewConflict } from './conflict-info.ts';
import { type Report, tell } from './report.ts';

/** Milliseconds after which a conflict is told although its versions are not in the history yet. */
const tellAfter = 1_000;

export interface Draft {
  /** Sides at which something gives way. */
  readonly sides: ReadonlySet<Side>;
  readonly reason: VersionReason;
  /** Absent when nothing is to be listed. */
  readonly conflict?: NewConflict;
  /** Id on the list, once it is there; an open conflict is there from the start. */
  id?: string;
}

type How = (SessionEvent & { type: 'resolved' })['how'];

export class ConflictList {
  readonly #store: Store;
  readonly #report: Report;
  readonly #maxAge: number;
  readonly #listed = new Map<string, ConflictInfo>();
  readonly #openAt = new Map<Path, string>();
  readonly #drafts = new Map<Path, Draft>();
  /** Conflicts that were not told yet, with how many versions are on their way into the history. */
  readonly #untold = new Map<string, number>();
  #unsaved = 0;

  constructor(options: {
    readonly store: Store;
    readonly report: Report;
    readonly maxAge: number;
  }) {
    this.#store = options.store;
    this.#report = options.report;
    this.#maxAge = options.maxAge;
    for (const { id, data } of this.#store.conflicts())
      this.#set({ ...(data as unknown as ConflictInfo), id });
    this.forgetOld();
  }

  /** In the order in which they were found. */
  all(): ConflictInfo[] {
    return [...this.#listed.values()];
  }

  get(id: string): ConflictInfo | undefined {
    return this.#listed.get(id);
  }

  openAt(path: Path): ConflictInfo | undefined {
    const id = this.#openAt.get(path);
    return id === undefined ? undefined : this.#listed.get(id);
  }

  openPaths(): Iterable<Path> {
    return this.#openAt.keys();
  }

  /** Lists a conflict; `id` names one on the list that it takes the place of. Returns its id. */
  list(conflict: NewConflict, id?: string): string {
    const known = id === undefined ? undefined : this.#listed.get(id);
    const info = { ...conflict, time: known?.time ?? conflict.time };
    const given = this.#write(info, known?.id);
    if (info.settled === 'open') this.#tell({ ...info, id: given });
    else this.#tellSoon(given);
    this.forgetOld();
    return given;
  }

  /** Takes a conflict off the list. */
  resolve(id: string, how: How): void {
    const conflict = this.#listed.get(id);
    if (conflict === undefined) return;
    this.#remove(conflict);
    tell(this.#report, { type: 'resolved', conflict, how });
  }

  /** What is about to give way at a path and below it. */
  expect(path: Path, draft: Draft): void {
    this.#drafts.set(path, draft);
  }

  /** A path is decided anew, or nothing is under way there any more: what was expected counts no longer. */
  unexpect(path: Path): void {
    if (this.#drafts.size === 0) return;
    for (let at = path; at !== ''; at = parentPath(at)) this.#drafts.delete(at);
  }

  expected(): Iterable<Path> {
    return this.#drafts.keys();
  }

  /** The draft that covers a path at which something gave way on a side. */
  draftAt(path: Path, side: Side): Draft | undefined {
    if (this.#drafts.size === 0) return undefined;
    for (let at = path; at !== ''; at = parentPath(at)) {
      const draft = this.#drafts.get(at);
      if (draft?.sides.has(side)) return draft;
    }
    return undefined;
  }

  /** Something gave way as expected: the conflict is a real one. Returns its id on the list. */
  confirm(draft: Draft): string | undefined {
    if (draft.conflict === undefined) return draft.id;
    const isListed = draft.id !== undefined && this.#listed.get(draft.id)?.settled !== 'open';
    if (!isListed) draft.id = this.list(draft.conflict, draft.id);
    return draft.id;
  }

  /** A version is on its way into the history. */
  awaitVersion(id: string): void {
    const waiting = this.#untold.get(id);
    if (waiting !== undefined) this.#untold.set(id, waiting + 1);
  }

  /** A version that gave way is in the history. */
  nameVersion(id: string, version: Version): void {
    tell(this.#report, { type: 'version', version });
    const before = this.#listed.get(id);
    if (before === undefined) return;
    const { side } = version;
    const versions = { ...before.versions, [side]: [...before.versions[side], version.id] };
    const conflict = { ...before, versions, version: before.version ?? version.id };
    this.#write(conflict, id);
    const waiting = this.#untold.get(id);
    if (waiting === undefined) return;
    this.#untold.set(id, waiting - 1);
    if (waiting <= 1) this.#tellNow(id);
  }

  /** Settled conflicts stay no longer than the versions in the history do. */
  forgetOld(): void {
    const oldest = Date.now() - this.#maxAge;
    for (const conflict of this.#listed.values()) {
      if (conflict.time >= oldest) return;
      if (conflict.settled !== 'open') this.#remove(conflict);
    }
  }

  #write(conflict: NewConflict, id: string | undefined): string {
    const { id: _, ...data } = { id, ...conflict };
    const given = this.#save(data, id) ?? id ?? `unsaved-${++this.#unsaved}`;
    this.#set({ id: given, ...data });
    return given;
  }

  /** Where the store cannot be written, which is shown elsewhere, the list lasts as long as the process. */
  #save(data: NewConflict, id: string | undefined): string | undefined {
    if (id?.startsWith('unsaved-') === true) return undefined;
    const json = data as unknown as Record<string, unknown>;
    const own = id === undefined ? {} : { id };
    try {
      return this.#store.putConflict({ time: data.time, data: json, ...own });
    } catch {
      return undefined;
    }
  }

  #set(conflict: ConflictInfo): void {
    this.#listed.set(conflict.id, conflict);
    if (conflict.settled === 'open') this.#openAt.set(conflict.path, conflict.id);
    else if (this.#openAt.get(conflict.path) === conflict.id) this.#openAt.delete(conflict.path);
  }

  #remove(conflict: ConflictInfo): void {
    this.#listed.delete(conflict.id);
    this.#untold.delete(conflict.id);
    if (this.#openAt.get(conflict.path) === conflict.id) this.#openAt.delete(conflict.path);
    try {
      this.#store.removeConflict(conflict.id);
    } catch {
      // It is back after a restart, and can be resolved then.
    }
  }

  #tellSoon(id: string): void {
    this.#untold.set(id, 0);
    setTimeout(() => this.#tellNow(id), tellAfter).unref();
  }

  #tellNow(id: string): void {
    const conflict = this.#listed.get(id);
    if (this.#untold.delete(id) && conflict !== undefined) this.#tell(conflict);
  }

  #tell(conflict: ConflictInfo): void {
    tell(this.#report, { type: 'conflict', conflict });
  }
}
