/** What one session has of a shared root: a replica, as if nobody else were there. */
import { CaiError } from '../errors.ts';
import type { Path } from '../tree/path.ts';
import type {
  Action,
  Content,
  FlushOptions,
  Kept,
  Observation,
  Outcome,
  Replica,
  ReplicaEvent,
  ReplicaInfo,
  ScanOptions,
  ScanSummary,
} from './replica.ts';
import { type Hearer, type SharedRoot, tell, tellDone } from './shared-root.ts';

/** Milliseconds after which a scan from what is known compares that with the disk first. */
const freshFor = 60_000;

export class SharedHandle implements Replica, Hearer {
  readonly info: ReplicaInfo;
  onEvent: (event: ReplicaEvent) => void = () => {};
  readonly closed: Promise<Error | undefined>;
  readonly #root: SharedRoot;
  readonly #kept = new Map<string, Kept>();
  #settle: (reason: Error | undefined) => void = () => {};
  #isClosed = false;
  /** A scan has begun: changes are news from then on. */
  #listens = false;

  constructor(root: SharedRoot) {
    this.#root = root;
    root.handles.add(this);
    this.info = root.disk.info;
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  hear(event: ReplicaEvent): void {
    if (this.#isClosed || (event.type === 'changes' && !this.#listens)) return;
    this.onEvent(event);
  }

  /** The session cannot use it any more. */
  end(reason: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#root.handles.delete(this);
    for (const [id, kept] of this.#kept) this.#root.orphans.set(id, kept);
    this.#settle(reason);
  }

  async close(): Promise<void> {
    const root = this.#root;
    this.end(undefined);
    if (root.handles.size > 0 || root.closed) return;
    root.closed = true;
    root.leave();
    await root.disk.close();
  }

  async configure(): Promise<void> {
    throw new CaiError('BUSY', 'Other sessions look at the directory in the same way.');
  }

  async scan(options: ScanOptions): Promise<ScanSummary> {
    const root = this.#root;
    this.#check();
    while (root.walking !== undefined) {
      root.walking.release();
      await root.walking.done;
    }
    if (!root.disk.isKnown || root.handles.size === 1) return this.#walk(options);
    await this.#compare(options.path ?? '');
    this.#check();
    if (root.walking !== undefined || !root.disk.isKnown) return this.scan(options);
    return this.#scanKnown(options);
  }

  /** Over the disk. Its rows are told as they come, until somebody else waits for its end. */
  async #walk(options: ScanOptions): Promise<ScanSummary> {
    const root = this.#root;
    const released = createGate();
    const done = createGate();
    root.walking = { done: done.passed, release: released.open };
    this.#listens = true;
    const onRows: ScanOptions['onRows'] = (rows) => {
      this.#tellGone(rows, released.isOpen());
      if (released.isOpen()) return undefined;
      const taken = Promise.resolve(options.onRows(rows));
      taken.catch(() => {});
      return Promise.race([taken, released.passed]);
    };
    try {
      const summary = await root.disk.scan({ ...options, onRows });
      if ((options.path ?? '') === '') root.walked = performance.now();
      if (!released.isOpen()) return summary;
    } finally {
      root.walking = undefined;
      done.open();
    }
    // Rows that were not told, or not in time: what is known now is newer than they are.
    return this.#scanKnown(options);
  }

  /**
   * What the walk finds gone may have been told by an event before, and what is known now does not name it:
   * those who only take over what is known hear of it as of any change.
   */
  #tellGone(rows: readonly Observation[], toAll: boolean): void {
    const changes = rows.filter(({ look }) => look === null);
    if (changes.length === 0) return;
    tell(this.#root, { type: 'changes', changes }, toAll ? undefined : this);
  }

  #scanKnown(options: ScanOptions): Promise<ScanSummary> {
    const { disk, polling } = this.#root;
    return disk.scanKnown(options, () => {
      if (!this.#listens && polling !== undefined) this.onEvent(polling);
      this.#listens = true;
    });
  }

  /** Others hear of what is found, so what was missed by the watch is not lost to them. */
  async #compare(path: Path): Promise<void> {
    const root = this.#root;
    const now = performance.now();
    if (path === '' && now - root.walked < freshFor) return;
    if (path === '') root.walked = now;
    await root.disk.compare(path);
  }

  async apply(actions: readonly Action[]): Promise<readonly Outcome[]> {
    this.#check();
    const root = this.#root;
    const tellOthers = (done: readonly Outcome[]) => tellDone(root, this, actions, done);
    const outcomes = await root.disk.applyAnd(actions, tellOthers);
    for (const { kept } of outcomes) if (kept !== undefined) this.#keep(kept);
    return outcomes;
  }

  /** Kept for a session that went meanwhile, it waits for the next one. */
  #keep(kept: Kept): void {
    if (this.#isClosed) this.#root.orphans.set(kept.id, kept);
    else this.#kept.set(kept.id, kept);
  }

  /** What other sessions of this process left, too. */
  async takeLeft(): Promise<readonly Kept[]> {
    const found = await this.#checked().takeLeft();
    const left = [...this.#root.orphans.values(), ...found];
    this.#root.orphans.clear();
    for (const kept of left) this.#keep(kept);
    return left;
  }

  async release(ids: readonly string[]): Promise<readonly Kept[]> {
    const still = await this.#root.disk.release(ids);
    for (const id of ids) {
      this.#kept.delete(id);
      this.#root.orphans.delete(id);
    }
    for (const kept of still) this.#keep(kept);
    return still;
  }

  async drain(signal?: AbortSignal): Promise<void> {
    return this.#checked().drain(signal);
  }

  async look(paths: readonly Path[]): Promise<void> {
    return this.#checked().look(paths);
  }

  readSmall(files: Parameters<Replica['readSmall']>[0]): ReturnType<Replica['readSmall']> {
    return this.#root.disk.readSmall(files);
  }

  read(file: Parameters<Replica['read']>[0], signal?: AbortSignal): AsyncIterable<Uint8Array> {
    return this.#root.disk.read(file, signal);
  }

  async stage(
    content: Content,
    chunks: AsyncIterable<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<void> {
    return this.#checked().stage(content, chunks, signal);
  }

  unstage(id: string): Promise<void> {
    return this.#root.disk.unstage(id);
  }

  rsync(): ReturnType<Replica['rsync']> {
    return this.#root.disk.rsync();
  }

  serveRsync(...call: Parameters<Replica['serveRsync']>): AsyncIterable<Uint8Array> {
    return this.#root.disk.serveRsync(...call);
  }

  async openIntake(...call: Parameters<Replica['openIntake']>): Promise<string> {
    return this.#checked().openIntake(...call);
  }

  closeIntake(id: string, take: boolean): Promise<readonly string[]> {
    return this.#root.disk.closeIntake(id, take);
  }

  readKept(id: string): AsyncIterable<Uint8Array> {
    return this.#root.disk.readKept(id);
  }

  flush(options?: FlushOptions): Promise<void> {
    return this.#root.disk.flush(options);
  }

  #checked(): SharedRoot['disk'] {
    this.#check();
    return this.#root.disk;
  }

  #check(): void {
    if (this.#isClosed) throw new CaiError('LINK', 'The replica is closed.');
  }
}

interface Gate {
  readonly passed: Promise<void>;
  readonly open: () => void;
  isOpen(): boolean;
}

function createGate(): Gate {
  let isOpen = false;
  let pass: () => void = () => {};
  const passed = new Promise<void>((resolve) => {
    pass = resolve;
  });
  return {
    passed,
    open: () => {
      isOpen = true;
      pass();
    },
    isOpen: () => isOpen,
  };
}
