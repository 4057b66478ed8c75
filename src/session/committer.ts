/**
 * Writes the base down, off the latency path: first both disks are made durable, then one transaction
 * records what they hold (invariant 3). A crash before that only means that equal files are found equal.
 */
import type { Replica } from '../replica/replica.ts';
import type { NewArrival } from '../store/store.ts';
import type { Entry } from '../tree/entry.ts';
import type { Path } from '../tree/path.ts';
import type { Engine } from './engine.ts';
import { endMerge, isMergeOver, storeAnew, storeLeftovers, storeUnanswered } from './memory.ts';
import { addProblem, solveDamage, solveProblem } from './report.ts';

/** Milliseconds of collecting before a commit; many edits share one. */
const collectFor = 300;
/** While more than so many come in that time it is put off, at most for so long: a disk that syncs all the time is slow. */
const burst = { rows: 200, longest: 10_000 } as const;
/** Milliseconds until a commit that failed is tried again. */
const retryAfter = 5_000;
/** Milliseconds between two looks at what the history must let go. */
const pruneEvery = 60_000;

export class Committer {
  #timer: NodeJS.Timeout | undefined;
  #delay = collectFor;
  #running: Promise<void> | undefined;
  #pruned = 0;
  /** Part of the last one: what it had to write may be all that there is to do. */
  #hasFailed = false;
  readonly #flushed = new WeakSet<Replica>();
  readonly #engine: () => Engine;

  constructor(engine: () => Engine) {
    this.#engine = engine;
  }

  soon(): void {
    if (this.#timer !== undefined || this.#running !== undefined) return;
    this.#wait(performance.now() + burst.longest);
  }

  #wait(until: number): void {
    const { uncommitted } = this.#engine().core;
    const before = uncommitted.size;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const isBurst = uncommitted.size - before > burst.rows;
      if (isBurst && performance.now() < until) this.#wait(until);
      else void this.now();
    }, this.#delay);
  }

  /** Commits what there is; resolves when it is durable, or has failed and will be tried again. */
  async now(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#running;
    this.#running = this.#commit().finally(() => {
      this.#running = undefined;
      if (this.#isOwed() && this.#canCommit()) this.soon();
    });
    await this.#running;
  }

  /** At the end of the session: what cannot be committed without a link is written down for the next run. */
  async last(): Promise<void> {
    await this.now();
    const engine = this.#engine();
    const { local } = engine.core.sides;
    if (this.#canCommit() || local.replica === undefined) return;
    try {
      await this.#makeDurable(local.replica);
      storeUnanswered(engine);
    } catch {
      // Without it the next run takes for changes of the far side what is not in the base.
    }
  }

  /** What an earlier replica of a side wrote and never flushed is made durable by the first flush of the next. */
  async #makeDurable(replica: Replica): Promise<void> {
    const first = !this.#flushed.has(replica);
    await replica.flush(first ? { everything: true } : {});
    this.#flushed.add(replica);
  }

  #prune(): void {
    const now = Date.now();
    if (now - this.#pruned < pruneEvery) return;
    this.#engine().store.prune(now);
    this.#pruned = now;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #isOwed(): boolean {
    const engine = this.#engine();
    const { core, arrivals } = engine;
    const isAnew = core.uncommitted.size > 0 || arrivals.size > 0;
    return isAnew || this.#hasFailed || isMergeOver(engine);
  }

  /** Without a link the far disk cannot be made durable; the changes wait for the next connect. */
  #canCommit(): boolean {
    const { local, container } = this.#engine().core.sides;
    return local.replica !== undefined && container.replica !== undefined;
  }

  async #commit(): Promise<void> {
    const engine = this.#engine();
    const { core, store, report, arrivals } = engine;
    const { local, container } = core.sides;
    if (!this.#isOwed() || local.replica === undefined || container.replica === undefined) return;
    const batch = [...core.uncommitted];
    let rows: readonly NewArrival[] = [];
    try {
      await Promise.all([this.#makeDurable(local.replica), this.#makeDurable(container.replica)]);
      storeLeftovers(engine);
      // Not before this moment: whoever asks for them meanwhile must find them.
      rows = arrivals.take();
      store.commit({ base: parentsFirst(batch), versions: [], events: [], arrivals: rows });
      rows = [];
      for (const [path, entry] of batch)
        if (core.uncommitted.get(path) === entry) core.uncommitted.delete(path);
      this.#delay = collectFor;
      if (!storeAnew(engine) && core.uncommitted.size === 0 && report.ready) solveDamage(report);
      endMerge(engine);
      this.#prune();
      this.#hasFailed = false;
      solveProblem(report, 'session');
    } catch (error) {
      arrivals.putBack(rows);
      if (container.replica === undefined) return;
      this.#hasFailed = true;
      this.#delay = retryAfter;
      const message = error instanceof Error ? error.message : String(error);
      addProblem(report, {
        side: 'session',
        code: 'STATE',
        message: `The state cannot be written: ${message}`,
      });
    }
  }
}

/** Removals first, children before parents; then the rest, parents before children. */
function parentsFirst(
  batch: readonly (readonly [Path, Entry | null])[],
): (readonly [Path, Entry | null])[] {
  const gone = batch.filter(([, entry]) => entry === null).sort(([a], [b]) => (a < b ? 1 : -1));
  const there = batch.filter(([, entry]) => entry !== null).sort(([a], [b]) => (a < b ? -1 : 1));
  return [...gone, ...there];
}
