/** A session's events as lines, for a reader that takes its time: bounded, and over when it is too slow. */
import type { Session } from '../session/session.ts';

const maxWaiting = 4 * 1024 * 1024;

export interface EventLines extends AsyncIterable<string> {
  close(): void;
}

/** Listens from this call on, until the signal, `close`, or until too much waits. */
export function eventLines(session: Pick<Session, 'onEvent'>, signal: AbortSignal): EventLines {
  const waiting: string[] = [];
  let bytes = 0;
  let over = false;
  let wake = (): void => {};
  const finish = (): void => {
    over = true;
    stop();
    wake();
  };
  const stop = session.onEvent((event) => {
    const line = JSON.stringify({ event });
    bytes += line.length;
    if (bytes > maxWaiting) return finish();
    waiting.push(line);
    wake();
  });
  signal.addEventListener('abort', finish, { once: true });
  if (signal.aborted) finish();

  async function* read(): AsyncGenerator<string> {
    try {
      for (;;) {
        const line = waiting.shift();
        if (line !== undefined) {
          bytes -= line.length;
          yield line;
        } else if (over) return;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    } finally {
      finish();
    }
  }
  return { [Symbol.asyncIterator]: read, close: finish };
}
