/** Long work in slices, so that nothing else in the process waits for more than a few milliseconds. */

const sliceMs = 8;

export interface Slice {
  /** True when it is time to let others have their turn. */
  over(): boolean;
  /** Lets others have their turn and starts the next slice. */
  next(): Promise<void>;
}

export function startSlice(): Slice {
  let started = performance.now();
  return {
    over: () => performance.now() - started > sliceMs,
    next: async () => {
      await new Promise<void>((resolve) => setImmediate(resolve));
      started = performance.now();
    },
  };
}

/** Resolves after so many milliseconds; keeps no process alive. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
