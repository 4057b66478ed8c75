/**
 * A few pieces of work at once. A failure is thrown to whoever adds the next piece or asks at the end,
 * never into the void: a rejection that nobody awaits at that moment would end the process.
 */
export interface Bounded {
  /** Waits until there is room for more. Throws when a piece has failed. */
  add(work: Promise<void>): Promise<void>;
  /** Waits until nothing runs any more; does not throw. */
  settled(): Promise<void>;
  /** Throws when a piece has failed. */
  check(): void;
}

export function createBounded(limit: number): Bounded {
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const check = (): void => {
    if (failures.length > 0) throw failures[0];
  };
  return {
    check,
    async add(work) {
      const piece: Promise<void> = work
        .catch((error: unknown) => void failures.push(error))
        .finally(() => running.delete(piece));
      running.add(piece);
      if (running.size >= limit) await Promise.race(running);
      check();
    },
    async settled() {
      await Promise.all(running);
    },
  };
}
