/** One at a time, in the order of asking: scans, looks and applies all change the picture of the disk. */

export interface Lock {
  /** Resolves with the way to let go. */
  take(): Promise<() => void>;
  /** Runs the task while holding the lock. */
  run<T>(task: () => Promise<T>): Promise<T>;
}

export function createLock(): Lock {
  let last: Promise<void> = Promise.resolve();
  const take = async (): Promise<() => void> => {
    const before = last;
    let letGo: () => void = () => {};
    last = new Promise((resolve) => {
      letGo = resolve;
    });
    await before;
    return letGo;
  };
  const run = async <T>(task: () => Promise<T>): Promise<T> => {
    const letGo = await take();
    try {
      return await task();
    } finally {
      letGo();
    }
  };
  return { take, run };
}
