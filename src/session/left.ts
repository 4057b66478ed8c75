/**
 * What runs that have ended left in the staging areas of both sides: it may be the only copy of what
 * somebody wrote, so it goes into the history (invariant 1). Asked for at connect, and again later: the
 * run before may still be dying then, as an agent does whose link broke. What a replica itself took from its
 * path in a race and could not give back comes in the same way.
 */
import type { Replica } from '../replica/replica.ts';
import type { Side } from '../tree/path.ts';
import type { Keeper } from './keeper.ts';

/** Milliseconds after the connect, and then for as long as it lasts. */
const askAgainAfter = [2_000, 10_000];
const askAgainEvery = 60_000;

export class Left {
  readonly #keeper: Keeper;

  constructor(keeper: Keeper) {
    this.#keeper = keeper;
  }

  attach(replica: Replica, side: Side): void {
    const ask = (): void => void this.ask(replica, side);
    const timers = askAgainAfter.map((ms) => setTimeout(ask, ms).unref());
    const timer = setInterval(ask, askAgainEvery).unref();
    void replica.closed.then(() => {
      clearInterval(timer);
      for (const timer of timers) clearTimeout(timer);
    });
    ask();
  }

  /** Resolves when what is there by now waits for the history. */
  async ask(replica: Replica, side: Side): Promise<void> {
    try {
      for (const kept of await replica.takeLeft())
        this.#keeper.displaced(replica, side, kept, { reason: 'recovered' });
    } catch {
      // The replica went: whoever opens the root next finds the same.
    }
  }
}
