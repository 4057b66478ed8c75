/**
 * Displaced files that are in the history and stay with their replica for a while, so that a writer that
 * still holds one open is noticed (invariant 1). Where very many or large ones wait, for a shorter while.
 * (Unlinking late is also cheap: ext4 is slow to make files for minutes after many were removed.) Pure.
 */
import type { Replica } from '../replica/replica.ts';

/** Milliseconds that a file stays, and how long at least. */
export const watchFor = { usually: 30_000, atLeast: 2_000 } as const;
/** More than this is let go sooner. */
const many = { files: 20_000, bytes: 256 * 1024 ** 2 } as const;

interface Held<T> {
  readonly item: T;
  readonly bytes: number;
  /** Milliseconds of performance.now(). */
  readonly since: number;
}

export class Releases<T> {
  readonly #held = new Map<Replica, Held<T>[]>();
  #files = 0;
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#held.size === 0;
  }

  add(replica: Replica, item: T, bytes: number, now: number): void {
    const held = { item, bytes, since: now };
    const list = this.#held.get(replica);
    if (list === undefined) this.#held.set(replica, [held]);
    else list.push(held);
    this.#files += 1;
    this.#bytes += bytes;
  }

  drop(replica: Replica): void {
    this.#forget(this.#held.get(replica) ?? []);
    this.#held.delete(replica);
  }

  /** Milliseconds until something is due; undefined when nothing waits. */
  next(now: number): number | undefined {
    const first = Math.min(...[...this.#held.values()].map((list) => list[0]?.since ?? now));
    return Number.isFinite(first) ? Math.max(0, first + this.#wait() - now) : undefined;
  }

  /** Takes what has stayed long enough. */
  takeDue(now: number): ReadonlyMap<Replica, readonly T[]> {
    const before = now - this.#wait();
    return this.#take((held) => held.since <= before);
  }

  takeAll(): ReadonlyMap<Replica, readonly T[]> {
    return this.#take(() => true);
  }

  #wait(): number {
    const isMuch = this.#files > many.files || this.#bytes > many.bytes;
    return isMuch ? watchFor.atLeast : watchFor.usually;
  }

  #take(isDue: (held: Held<T>) => boolean): ReadonlyMap<Replica, readonly T[]> {
    const taken = new Map<Replica, readonly T[]>();
    for (const [replica, list] of this.#held) {
      const due = list.filter(isDue);
      if (due.length === 0) continue;
      this.#forget(due);
      const rest = list.filter((held) => !isDue(held));
      if (rest.length === 0) this.#held.delete(replica);
      else this.#held.set(replica, rest);
      taken.set(
        replica,
        due.map(({ item }) => item),
      );
    }
    return taken;
  }

  #forget(list: readonly Held<T>[]): void {
    this.#files -= list.length;
    for (const { bytes } of list) this.#bytes -= bytes;
  }
}
