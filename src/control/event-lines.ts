/** A session's events as lines, for a reader that takes its time: bounded, and over when it is too slow. */
import type { Session } from '../session/session.ts';
import type { Path } from '../tree/path.ts';
import type { SessionEvent } from './api.ts';

const maxWaiting = 4 * 1024 * 1024;

export interface EventLines extends AsyncIterable<string> {
  close(): void;
}

export interface EventLinesInput {
  readonly session: Pick<Session, 'onEvent'>;
  /** Batches name what is in them. */
  readonly named: boolean;
  readonly signal: AbortSignal;
}

/** For a subscriber that asked for it. */
export function withPaths(event: SessionEvent, paths: readonly Path[] | undefined): SessionEvent {
  return event.type === 'batch' && paths !== undefined ? { ...event, paths } : event;
}

/** Listens from this call on, until the signal, `close`, or until too much waits. */
export function eventLines({ session, named, signal }: EventLinesInput): EventLines {
  const waiting: string[] = [];
  let bytes = 0;
  let over = false;
  let wake = (): void => {};
  const finish = (): void => {
    over = true;
    stop();
    wake();
  };
  const stop = session.onEvent((event, paths) => {
    const line = JSON.stringify({ event: named ? withPaths(event, paths) : event });
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
