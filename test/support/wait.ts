/** Waiting for a condition, the only kind of waiting in tests. */

export interface WaitOptions {
  /** Milliseconds; default 10,000. */
  readonly deadline?: number;
  /** Milliseconds between two looks; default 10. */
  readonly every?: number;
  /** What is waited for, for the message of the failure. */
  readonly what?: string;
}

/**
 * Looks again and again until `condition` answers with something true, and returns that. Throwing
 * counts as "not yet". At the deadline it fails with the last error or answer, so that a failed
 * `expect` inside a condition shows its difference.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: WaitOptions = {},
): Promise<NonNullable<T>> {
  const { deadline = 10_000, every = 10, what = 'the condition' } = options;
  const end = performance.now() + deadline;
  for (;;) {
    let fault: unknown;
    let answer: T | undefined;
    try {
      answer = await condition();
      if (answer) return answer;
    } catch (error) {
      fault = error;
    }
    if (performance.now() >= end) throw timeout(what, deadline, fault, answer);
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}

function timeout(what: string, deadline: number, fault: unknown, answer: unknown): Error {
  const last = fault instanceof Error ? fault.message : `last answer: ${JSON.stringify(answer)}`;
  return new Error(`${what} did not come about in ${deadline} ms; ${last}`, { cause: fault });
}
