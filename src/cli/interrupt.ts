/** Ctrl-C and its like as a signal: what runs is cancelled and tidies up, then the command ends. */

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs a task that takes long. A second Ctrl-C ends the process at once. */
export async function interruptible<T>(task: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const cancel = new AbortController();
  const onSignal = (): void => cancel.abort();
  for (const name of signals) process.once(name, onSignal);
  try {
    return await task(cancel.signal);
  } finally {
    for (const name of signals) process.off(name, onSignal);
  }
}
