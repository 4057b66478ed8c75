/**
 * The loop: connect, look at both sides whole, then run cycles whenever something changed; start over
 * when the link breaks (invariant 9). Everything that can happen at any time ends in `schedule`.
 */
import type {
  Claim,
  EventListener,
  FlushResult,
  ResolveRequest,
  ResolveResult,
  RewriteResult,
  SessionStatus,
  SideContents,
  Stint,
  SyncResult,
} from '../control/api.ts';
import { CaiError, toCaiError } from '../errors.ts';
import type { ReplicaEvent } from '../replica/replica.ts';
import type { Path, Side } from '../tree/path.ts';
import { workStint } from './authors.ts';
import { fillTexts } from './base-texts.ts';
import { Committer } from './committer.ts';
import { runCycle } from './cycle.ts';
import type { Engine } from './engine.ts';
import { createEngine } from './engine.ts';
import { type FlushLimits, flush } from './flush.ts';
import { rootHold } from './holds.ts';
import { takeIn } from './intake.ts';
import { Links } from './links.ts';
import { hasRegained } from './regained.ts';
import { addHold, addProblem, releaseHold, setState, solveProblem, tell } from './report.ts';
import { resolveConflicts } from './resolve.ts';
import { resync } from './resync.ts';
import type { Session, SessionInput } from './session.ts';
import { approveHolds, rejectHolds, reviewHolds } from './settle-holds.ts';
import { sideContents } from './side-contents.ts';
import { sessionStatus } from './status.ts';
import { type SyncOptions, sync } from './sync.ts';
import { type RewindOptions, rewind, type UndoOptions, undo } from './take-back.ts';

/** A cycle over more paths than this is shown as the state 'syncing'. */
const busyAbove = 50;
/** While this many bytes of contents wait to be carried over, the scan waits. */
const drainedBelow = 2 * 1024 * 1024;

export class LiveSession implements Session {
  readonly ended: Promise<Error | undefined>;
  readonly #engine: Engine;
  readonly #committer: Committer;
  readonly #links: Links;
  #end: (reason: Error | undefined) => void = () => undefined;
  #paused = false;
  #stopped = false;
  #stopping: Promise<void> | undefined;
  #pumping = false;
  /** True while too little is known of the two sides to decide on anything. */
  #blind = true;
  #resyncing = false;
  #resyncAgain = false;
  #lostRoots = new Set<Side>();
  #takingBack: Promise<unknown> = Promise.resolve();
  #idleWaiters: (() => void)[] = [];
  #drainWaiters: (() => void)[] = [];

  constructor(input: SessionInput) {
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#committer = new Committer(() => this.#engine);
    this.#engine = createEngine(input, {
      schedule: () => this.#schedule(),
      commitSoon: () => this.#committer.soon(),
    });
    this.#links = new Links(this.#engine, {
      onEvent: (side, event) => this.#onReplicaEvent(side, event),
      onLost: (reason) => this.#onLost(reason),
      onOpened: (side) => this.#rootIsThere(side),
      onConnected: () => void this.#resync(),
    });
  }

  /** Opens both replicas; the first scan goes on in the background. */
  async start(): Promise<void> {
    setState(this.#engine.report, 'connecting');
    await this.#links.open();
    void this.#resync();
  }

  status(): SessionStatus {
    return sessionStatus(this.#engine, this.#links.transport);
  }

  onEvent(listener: EventListener): () => void {
    this.#engine.report.listeners.add(listener);
    return () => this.#engine.report.listeners.delete(listener);
  }

  async flush(options: FlushLimits): Promise<FlushResult> {
    if (this.#paused) {
      throw new CaiError('BUSY', 'The session is paused.', { next: 'Run `cai resume` first.' });
    }
    return flush(options, {
      engine: this.#engine,
      idle: () => this.#idle(),
      schedule: () => this.#schedule(),
      isStopped: () => this.#stopped,
      lacksRoot: () => this.#lostRoots.size > 0,
      isUp: () => this.#links.isUp,
      status: () => this.status(),
    });
  }

  async sync(options: SyncOptions): Promise<SyncResult> {
    return sync(this.#engine, options, (limits) => this.flush(limits));
  }

  async pause(): Promise<void> {
    if (this.#paused) return;
    this.#paused = true;
    setState(this.#engine.report, 'paused');
  }

  async resume(): Promise<void> {
    if (!this.#paused) return;
    this.#paused = false;
    const scanning = this.#resyncing ? 'scanning' : 'watching';
    setState(this.#engine.report, this.#links.isUp ? scanning : 'disconnected');
    this.#schedule();
  }

  async approve(author?: string): Promise<void> {
    approveHolds(this.#engine, author);
    this.#schedule();
  }

  async reject(author?: string): Promise<void> {
    rejectHolds(this.#engine, author);
    this.#schedule();
  }

  resolve(request: ResolveRequest): Promise<ResolveResult> {
    const hooks = { idle: () => this.#idle() };
    return this.#oneByOne(async () => {
      this.#needRunning();
      return resolveConflicts(this.#engine, request, hooks);
    });
  }

  async contents(path: Path): Promise<SideContents> {
    return sideContents(this.#engine, path);
  }

  undo(options: UndoOptions): Promise<RewriteResult> {
    return this.#oneByOne(() => undo(this.#engine, options));
  }

  rewind(options: RewindOptions): Promise<RewriteResult> {
    return this.#oneByOne(() => rewind(this.#engine, options));
  }

  attribute(side: Side, by: string, claims: readonly Claim[]): void {
    this.#engine.claims.note(side, by, claims);
  }

  stint(stint: Stint): Promise<void> {
    return workStint(this.#engine, stint);
  }

  #needRunning(): void {
    if (this.#paused) {
      throw new CaiError('BUSY', 'The session is paused.', { next: 'Run `cai resume` first.' });
    }
    if (!this.#links.isUp || this.#stopped) {
      throw new CaiError('LINK', 'The link to the container is down.', {
        next: 'It comes back by itself; see `cai status`.',
      });
    }
  }

  #oneByOne<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#takingBack.then(work, work);
    this.#takingBack = run.catch(() => undefined);
    return run;
  }

  /** Whoever asks waits for its end: the store is closed then. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#stopped = true;
    for (const abort of this.#engine.transfers.values()) abort.abort();
    this.#wake();
    await this.#pumpEnded();
    this.#engine.retries.close();
    await this.#links.takeLeft();
    await this.#engine.keeper.releaseAll();
    this.#engine.keeper.close();
    await this.#engine.store.texts.flush();
    await this.#committer.last();
    this.#committer.close();
    await this.#links.close();
    setState(this.#engine.report, 'stopped');
    this.#end(undefined);
  }

  #canRun(): boolean {
    return (
      !this.#paused &&
      !this.#stopped &&
      !this.#blind &&
      this.#links.isUp &&
      this.#lostRoots.size === 0
    );
  }

  #schedule(): void {
    if (this.#pumping || !this.#canRun()) this.#wake();
    else void this.#pump();
  }

  async #pump(): Promise<void> {
    this.#pumping = true;
    const { core, report } = this.#engine;
    try {
      while (this.#canRun()) {
        if (!this.#resyncing && core.dirty.size > busyAbove) setState(report, 'syncing');
        if (!(await runCycle(this.#engine))) break;
        if (core.buffered < drainedBelow) this.#drained();
      }
    } catch (error) {
      this.#cycleFailed(error);
    } finally {
      this.#pumping = false;
      this.#drained();
      this.#wake();
    }
  }

  /** A cycle fails as a whole when the link broke in it, or a side cannot be read; the next scan finds the rest. */
  #cycleFailed(thrown: unknown): void {
    if (this.#stopped || !this.#links.isUp) return;
    const error = toCaiError(thrown);
    tell(this.#engine.report, {
      type: 'notice',
      message: `A cycle failed (${error.message}); looking at both sides anew.`,
    });
    this.#links.retry(error);
  }

  #drained(): void {
    for (const resolve of this.#drainWaiters.splice(0)) resolve();
  }

  /** Lets those who wait for quiet go, when it is quiet. */
  #wake(): void {
    if (this.#stopped) {
      for (const resolve of this.#idleWaiters.splice(0)) resolve();
      return;
    }
    if (!this.#isIdle()) return;
    this.#engine.window.approved.clear();
    if (reviewHolds(this.#engine) && this.#canRun()) {
      void this.#pump();
      return;
    }
    if (this.#links.isUp && !this.#paused) setState(this.#engine.report, 'watching');
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  #isIdle(): boolean {
    const { core, rescan } = this.#engine;
    if (!this.#links.isUp || this.#blind || this.#resyncing || this.#pumping) return false;
    if (rescan.size > 0 || hasRegained(core)) return false;
    return core.dirty.size === 0 && core.inFlight.size === 0;
  }

  #idle(): Promise<void> {
    if (this.#stopped || this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  async #pumpEnded(): Promise<void> {
    while (this.#pumping) await new Promise((resolve) => setImmediate(resolve));
  }

  async #resync(): Promise<void> {
    if (this.#resyncing) {
      this.#resyncAgain = true;
      return;
    }
    this.#resyncing = true;
    const start = performance.now();
    try {
      do {
        this.#resyncAgain = false;
        this.#blind = true;
        await resync(this.#engine, {
          onBothKnown: () => {
            this.#blind = false;
          },
          whenDrained: () => this.#whenDrained(),
        });
      } while (this.#resyncAgain && !this.#stopped);
      this.#resyncing = false;
      // Lost while the other side was looked at: the next connect begins anew.
      if (!this.#links.isUp) return;
      setState(this.#engine.report, this.#paused ? 'paused' : 'syncing');
      this.#schedule();
      await this.#idle();
      if (this.#links.isUp && !this.#stopped) this.#becameReady(performance.now() - start);
    } catch (error) {
      this.#resyncing = false;
      this.#cycleFailed(error);
    }
  }

  #becameReady(ms: number): void {
    const { core, report } = this.#engine;
    core.hostLeads = false;
    // Both sides were the same: whatever was carried out is known.
    for (const side of ['local', 'container'] as const) core.sides[side].unanswered.clear();
    this.#links.worked();
    this.#committer.soon();
    // What waits for a person may have been settled while nobody looked.
    for (const path of this.#engine.conflicts.openPaths()) core.dirty.add(path);
    this.#schedule();
    void this.#engine.rsync.usable();
    void fillTexts(this.#engine, () => this.#stopped).catch(() => undefined);
    const first = !report.ready;
    report.ready = true;
    if (first)
      tell(report, {
        type: 'ready',
        files: core.base.files,
        bytes: core.base.bytes,
        ms: Math.round(ms),
      });
  }

  #whenDrained(): Promise<void> {
    if (!this.#pumping) return Promise.resolve();
    return new Promise((resolve) => this.#drainWaiters.push(resolve));
  }

  #onReplicaEvent(side: Side, event: ReplicaEvent): void {
    const { core, report, rescan } = this.#engine;
    switch (event.type) {
      case 'changes':
        for (const directory of takeIn(core, report, side, event.changes).ruleChanges) {
          rescan.add(directory);
        }
        this.#schedule();
        break;
      case 'root-lost':
        this.#lostRoots.add(side);
        // Another directory under the same name: opened anew, it is merged with the other side.
        if (event.reason === 'replaced') this.#rootIsBack();
        else addHold(report, rootHold(side, event.reason));
        break;
      case 'rescan-needed':
        if (this.#lostRoots.has(side)) this.#rootIsBack();
        else void this.#resync();
        break;
      case 'polling':
        this.#showPolling(side, event.directories, event.limit);
        break;
      case 'secret':
        if (event.present) core.sides[side].secrets.add(event.path);
        else core.sides[side].secrets.delete(event.path);
    }
  }

  #rootIsBack(): void {
    this.#links.reopen(new CaiError('ROOT', 'the directory is back'));
  }

  /** Whatever became of the one before: a replica is only opened where its root is. */
  #rootIsThere(side: Side): void {
    this.#lostRoots.delete(side);
    for (const hold of [...this.#engine.report.holds.values()]) {
      if (hold.side === side && hold.reason.startsWith('root-') && hold.reason !== 'root-emptied') {
        releaseHold(this.#engine.report, hold, 'gone');
      }
    }
  }

  #showPolling(side: Side, directories: number, limit: number): void {
    if (directories === 0) {
      solveProblem(this.#engine.report, side);
      return;
    }
    addProblem(this.#engine.report, {
      side,
      code: 'WATCHES',
      message: `Too few inotify watches (limit ${limit}): ${directories} directories are polled instead.`,
      next: `Raise the limit on the machine that runs them: sudo sysctl fs.inotify.max_user_watches=${Math.max(limit * 2, 524_288)}`,
    });
  }

  #onLost(reason: string): void {
    this.#blind = true;
    if (!this.#stopped) setState(this.#engine.report, 'disconnected', reason);
    this.#drained();
  }
}
