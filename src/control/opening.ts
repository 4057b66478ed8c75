/**
 * Stands for a session while its first connection is being opened, so that the control socket
 * answers from the first moment and nothing that happens meanwhile is lost to its listeners.
 */
import { CaiError } from '../errors.ts';
import type { Session } from '../session/session.ts';
import type { EventListener, SessionRecord } from './api.ts';
import { emptyStatus } from './status.ts';

/** A session made of one that is being opened; calls that need the real one wait for it. */
export function openingSession(
  record: SessionRecord,
  open: (onOpening: EventListener) => Promise<Session>,
): Session {
  const since = Date.now();
  const listeners = new Set<EventListener>();
  let session: Session | undefined;
  let stopped = false;
  const hear: EventListener = (event, paths) => {
    for (const listener of listeners) listener(event, paths);
  };
  const opened = open(hear).then((found) => {
    session = found;
    found.onEvent(hear);
    if (stopped) return found.stop().then(() => found);
    return found;
  });
  // Failures are told by `ended`; a call that waits gets them too.
  opened.catch(() => {});

  return {
    status: () =>
      session?.status() ?? { ...emptyStatus(record, 'connecting', since), pid: process.pid },
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    flush: async (options) => (await within(opened, options.timeoutMs)).flush(options),
    sync: async (options) => (await within(opened, options.timeoutMs)).sync(options),
    pause: async () => (session ?? (await opened)).pause(),
    resume: async () => (session ?? (await opened)).resume(),
    approve: async (author) => (session ?? (await opened)).approve(author),
    reject: async (author) => (session ?? (await opened)).reject(author),
    resolve: async (request) => (session ?? (await opened)).resolve(request),
    contents: async (path) => (session ?? (await opened)).contents(path),
    undo: async (options) => (session ?? (await opened)).undo(options),
    rewind: async (options) => (session ?? (await opened)).rewind(options),
    // Before there is a session nothing is carried, and a label is no more than that.
    attribute: (side, by, claims) => session?.attribute(side, by, claims),
    stint: async (stint) => session?.stint(stint),
    async stop() {
      stopped = true;
      await session?.stop();
    },
    ended: opened.then(
      (found) => found.ended,
      (error: Error) => error,
    ),
  };
}

async function within<T>(promise: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new CaiError('TIMEOUT', `There is no connection after ${timeoutMs} ms.`, {
          next: 'See `cai status`.',
        }),
      );
    }, timeoutMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
