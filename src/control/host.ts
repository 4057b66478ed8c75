/** Runs a session in this process: store, session, log and control socket, and their orderly end. */
import type { CaiError } from '../errors.ts';
import { toCaiError } from '../errors.ts';
import type { Session } from '../session/session.ts';
import { startSession } from '../session/session.ts';
import type { Store } from '../store/store.ts';
import type { SessionRecord } from './api.ts';
import type { CallContext } from './calls.ts';
import type { Log } from './log.ts';
import { openLog } from './log.ts';
import { openingSession } from './opening.ts';
import { removeOutcome, removeProcess, writeOutcome, writeProcess } from './process-file.ts';
import type { ControlServer } from './server.ts';
import { serveSession } from './server.ts';
import { openSessionStore } from './session-store.ts';
import { tidyMemoryIn } from './tidy-memory.ts';
import { createUpcallHandler } from './upcalls.ts';

const stopDeadlineMs = 10_000;
/** Long enough for what goes on in the background after a first sync. */
const tidyAfterMs = 5_000;

export interface Hosted {
  readonly session: Session;
  /** Settles when all is closed, with the reason when it was a failure. Never rejects. */
  readonly ended: Promise<CaiError | undefined>;
  /** Ends the session; `ended` settles within a deadline. */
  stop(): void;
}

/**
 * Starts a session here. Throws when another process has it; later failures are told by `ended`. With
 * `adopt` the process takes in further sessions.
 */
export async function hostSession(
  record: SessionRecord,
  adopt?: CallContext['adopt'],
): Promise<Hosted> {
  // The store's lock makes this process the session's only one; all else comes after.
  const store = openSessionStore(record);
  const log = openLogBeside(store, record);
  const upcalls = createUpcallHandler(() => ({ record, session, store, stop }));
  const session = openingSession(record, (onOpening) =>
    startSession({ record, store, upcalls, onOpening }),
  );
  let stopping: NodeJS.Timeout | undefined;
  let giveUp: (reason: undefined) => void = () => {};
  const tooLate = new Promise<undefined>((resolve) => {
    giveUp = resolve;
  });
  function stop(): void {
    stopping ??= setTimeout(() => giveUp(undefined), stopDeadlineMs);
    // A session that cannot stop in good order is ended by the deadline.
    session.stop().then(
      () => giveUp(undefined),
      () => {},
    );
  }

  session.onEvent((event) => {
    log.add(event);
    if (event.type === 'ready') tidyMemoryIn(tidyAfterMs);
  });
  let server: ControlServer;
  try {
    server = await serveSession({ record, session, store, stop, adopt });
    await announce(record, server);
  } catch (error) {
    await session.stop();
    log.close();
    store.close();
    throw error;
  }
  const ended = Promise.race([session.ended, tooLate]).then(async (reason) => {
    clearTimeout(stopping);
    const error = reason === undefined ? undefined : toCaiError(reason);
    await close({ record, session, store, log, server, error });
    return error;
  });
  return { session, ended, stop };
}

function openLogBeside(store: Store, record: SessionRecord): Log {
  try {
    return openLog(record.id);
  } catch (error) {
    store.close();
    throw toCaiError(error);
  }
}

/** Without its note nobody would find the socket, and nobody could end what holds the store. */
async function announce(record: SessionRecord, server: ControlServer): Promise<void> {
  try {
    removeOutcome(record);
    writeProcess(record, { pid: process.pid, socket: server.path, started: Date.now() });
  } catch (error) {
    await server.close();
    throw toCaiError(error);
  }
}

interface Open {
  readonly record: SessionRecord;
  readonly session: Session;
  readonly store: Store;
  readonly log: Log;
  readonly server: ControlServer;
  readonly error: CaiError | undefined;
}

async function close({ record, session, store, log, server, error }: Open): Promise<void> {
  const status = session.status();
  const known =
    status.state === 'connecting' && !status.ready && status.files === 0 ? {} : { status };
  const time = Date.now();
  if (error !== undefined) {
    const problem = {
      side: 'session',
      code: error.code,
      message: error.message,
      since: time,
    } as const;
    log.add({
      time,
      type: 'problem',
      problem: error.next === undefined ? problem : { ...problem, next: error.next },
    });
  }
  log.add({ time, type: 'state', state: 'stopped' });
  log.close();
  try {
    writeOutcome(record, {
      time,
      pid: process.pid,
      ...known,
      ...(error === undefined ? {} : { error: error.toJSON() }),
    });
  } catch {
    // A full disk, most likely: how it ended is not known then, and it ends all the same.
  }
  // The socket goes last: who sees it gone may open the store.
  store.close();
  removeProcess(record);
  await server.close();
}
