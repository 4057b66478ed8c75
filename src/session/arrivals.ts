/**
 * Notes what is done at each path, with what stood there before: the way back for an undo. Rows wait
 * in memory and are written with the base that they led to, off the latency path.
 */
import type { NewArrival } from '../store/store.ts';
import type { Look } from '../tree/entry.ts';
import { sameEntry } from '../tree/entry.ts';
import type { Side } from '../tree/path.ts';

/** What comes to a side with less than this many milliseconds between is one batch. */
const batchGap = 2_000;

export interface ArrivalNote extends Pick<NewArrival, 'path' | 'side'> {
  readonly before: Look;
  readonly after: Look;
  readonly by?: string;
}

export class Arrivals {
  #rows: NewArrival[] = [];
  readonly #batches: Record<Side, { batch: number; last: number }> = {
    local: { batch: 0, last: Number.NEGATIVE_INFINITY },
    container: { batch: 0, last: Number.NEGATIVE_INFINITY },
  };

  get size(): number {
    return this.#rows.length;
  }

  note({ path, side, before, after, by }: ArrivalNote): void {
    if (before?.kind === 'blocked' || after?.kind === 'blocked') return;
    if (sameEntry(before, after, 'full')) return;
    const time = Date.now();
    const batch = this.#batchOf(side, time);
    this.#rows.push({
      path,
      side,
      time,
      batch,
      before,
      after,
      ...(by === undefined ? {} : { by }),
    });
  }

  /** What comes to the side from now on is a batch of its own. */
  startBatch(side: Side): void {
    this.#batches[side].last = Number.NEGATIVE_INFINITY;
  }

  /** The rows that are not stored yet; they are the caller's now. */
  take(): readonly NewArrival[] {
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }

  /** Rows that could not be stored. */
  putBack(rows: readonly NewArrival[]): void {
    this.#rows = [...rows, ...this.#rows];
  }

  #batchOf(side: Side, time: number): number {
    const current = this.#batches[side];
    // A batch is named by its start; two never bear one name, whatever the clock does.
    if (time - current.last > batchGap || time < current.last)
      current.batch = Math.max(time, current.batch + 1);
    current.last = time;
    return current.batch;
  }
}
