/** For tests: a session without replicas, whose status and events a test decides on. */
import type { Session } from '../session/session.ts';
import type { ConflictInfo, SessionEvent, SessionRecord, SessionStatus } from './api.ts';
import { defaultOptions } from './defaults.ts';
import { emptyStatus } from './status.ts';

export interface FakeSession extends Session {
  emit(event: SessionEvent): void;
  set(change: Partial<SessionStatus>): void;
  fail(error: Error): void;
  /** Names of the orders it got. */
  readonly orders: readonly string[];
  readonly listenerCount: () => number;
}

export function fakeRecord(change: Partial<SessionRecord> = {}): SessionRecord {
  return {
    id: '0123456789ab',
    name: 'proj',
    local: '/home/me/proj',
    container: 'web:/app',
    created: 1000,
    options: defaultOptions,
    ...change,
  };
}

export function fakeStatus(change: Partial<SessionStatus> = {}): SessionStatus {
  return { ...emptyStatus(fakeRecord(), 'watching', 1000), ready: true, ...change };
}

export function fakeSession(record: SessionRecord): FakeSession {
  const listeners = new Set<(event: SessionEvent) => void>();
  const orders: string[] = [];
  let status: SessionStatus = {
    ...emptyStatus(record, 'watching', Date.now()),
    ready: true,
    pid: process.pid,
  };
  let end: (reason: Error | undefined) => void = () => {};
  const ended = new Promise<Error | undefined>((resolve) => {
    end = resolve;
  });
  const order = (name: string, change: Partial<SessionStatus>): Promise<void> => {
    orders.push(name);
    status = { ...status, ...change };
    return Promise.resolve();
  };
  return {
    orders,
    ended,
    listenerCount: () => listeners.size,
    emit: (event) => {
      for (const listener of listeners) listener(event);
    },
    set: (change) => {
      status = { ...status, ...change };
    },
    fail: (error) => end(error),
    status: () => status,
    onEvent: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    flush: ({ signal }) => flush(status, orders, signal),
    sync: async ({ to, paths, exclude, signal }) => {
      const flushed = await flush(status, orders, signal);
      orders.push(`sync ${to} ${JSON.stringify({ paths, exclude })}`);
      return { ...flushed, to, files: 0, bytes: 0, waiting: 0 };
    },
    pause: () => order('pause', { state: 'paused' }),
    resume: () => order('resume', { state: 'watching' }),
    approve: (author) => order(signed('approve', author), { holds: [] }),
    reject: (author) => order(signed('reject', author), { holds: [] }),
    resolve: async (request) => {
      orders.push(`resolve ${JSON.stringify(request)}`);
      return { resolved: [], failed: [] };
    },
    contents: async (path) => {
      const nothing = { entry: null };
      return { path, local: nothing, container: nothing, base: nothing };
    },
    undo: async ({ dryRun, since = 0, ...options }) => {
      orders.push(`undo ${JSON.stringify(options)}`);
      return { since, dryRun, done: [], refused: [] };
    },
    rewind: async ({ dryRun, time, path }) => {
      orders.push(`rewind ${path}`);
      return { since: time, dryRun, done: [], refused: [] };
    },
    attribute: (side, by, claims) => {
      orders.push(`attribute ${side} ${by} ${JSON.stringify(claims)}`);
    },
    stint: async ({ side, by, path = '', forMs }) => {
      orders.push(`stint ${side} ${by} ${path} ${forMs}`);
    },
    stop: async () => {
      orders.push('stop');
      end(undefined);
    },
  };
}

function signed(name: string, author = ''): string {
  return `${name} ${author}`.trim();
}

/** Never ends while changes are pending, until it is cancelled. */
function flush(status: SessionStatus, orders: string[], signal: AbortSignal | undefined) {
  const { problems, conflicts, holds } = status;
  if (status.pending === 0) return Promise.resolve({ ms: 1, problems, conflicts, holds });
  return new Promise<never>((_, reject) => {
    signal?.addEventListener('abort', () => {
      orders.push('flush cancelled');
      reject(new Error('cancelled'));
    });
  });
}

/** An open conflict, unless told otherwise; `local` and `container` are the versions that gave way. */
export function fakeConflict({
  local = [],
  container = [],
  ...change
}: Partial<Pick<ConflictInfo, 'path' | 'settled' | 'summary'>> & {
  readonly local?: readonly string[];
  readonly container?: readonly string[];
} = {}): ConflictInfo {
  return {
    id: '1',
    path: 'x',
    kind: 'edit-edit',
    time: 1,
    settled: 'open',
    local: { kind: 'nothing' },
    container: { kind: 'nothing' },
    newest: 'local',
    versions: { local, container },
    summary: 'both',
    ...change,
  };
}
