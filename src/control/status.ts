/** The status of any session, running or not. */
import { statSync } from 'node:fs';
import { CaiError, toCaiError } from '../errors.ts';
import type { SessionRecord, SessionState, SessionStatus } from './api.ts';
import { callSession } from './client.ts';
import { logFiles } from './log.ts';
import { type Outcome, readOutcome, readProcess } from './process-file.ts';

/** Asks the session's process; where there is none, tells what is known of a stopped session. */
export async function statusOf(
  record: SessionRecord,
  signal?: AbortSignal,
): Promise<SessionStatus> {
  try {
    return await callSession(record, 'status', {}, signal === undefined ? {} : { signal });
  } catch (thrown) {
    const error = toCaiError(thrown);
    if (error.code === 'CANCELLED') throw error;
    if (error.code === 'NO_SESSION') return stoppedStatus(record);
    // A process that is there but does not answer must not hide the other sessions.
    const { code, message, next } = error;
    const problem = { side: 'session', code, message, since: Date.now() } as const;
    return {
      ...emptyStatus(record, 'disconnected', Date.now()),
      problems: [next === undefined ? problem : { ...problem, next }],
    };
  }
}

/** What was last known of a session that no process has, and why it ended if nobody asked for that. */
export function stoppedStatus(record: SessionRecord): SessionStatus {
  const outcome = readOutcome(record) ?? killedOutcome(record);
  const since = outcome?.time ?? record.created;
  const {
    progress: _,
    link: __,
    pid: ___,
    ...last
  } = outcome?.status ?? emptyStatus(record, 'stopped', since);
  const { error } = outcome ?? {};
  const failure = error && {
    side: 'session' as const,
    code: error.code,
    message: error.message,
    since,
    ...(error.next === undefined ? {} : { next: error.next }),
  };
  return {
    ...last,
    name: record.name,
    mode: record.options.mode,
    state: 'stopped',
    ready: false,
    since,
    problems: failure === undefined ? last.problems : [failure, ...last.problems],
  };
}

/** A process that was killed leaves its note of where it is behind, and none of how it ended. */
function killedOutcome(record: SessionRecord): Outcome | undefined {
  const info = readProcess(record);
  if (info === undefined) return undefined;
  const [, log] = logFiles(record.id);
  const lastTold = statSync(log, { throwIfNoEntry: false })?.mtimeMs ?? info.started;
  const error = new CaiError(
    'CANCELLED',
    `Its process ${info.pid} was killed, or the machine went down.`,
    { next: `Start it again with \`cai watch ${record.local} ${record.container}\`.` },
  );
  return { time: Math.max(info.started, lastTold), pid: info.pid, error: error.toJSON() };
}

/** A status of a session of which nothing is known yet. */
export function emptyStatus(
  record: SessionRecord,
  state: SessionState,
  since: number,
): SessionStatus {
  return {
    name: record.name,
    id: record.id,
    local: record.local,
    container: record.container,
    mode: record.options.mode,
    state,
    since,
    ready: false,
    files: 0,
    directories: 0,
    bytes: 0,
    transfers: [],
    totals: { toContainer: { files: 0, bytes: 0 }, toLocal: { files: 0, bytes: 0 } },
    problems: [],
    conflicts: [],
    holds: [],
    secrets: [],
    leftovers: [],
    diverged: [],
    pending: 0,
    localChanges: record.options.localChanges,
    unsaved: 0,
    waiting: 0,
    lastHour: { toContainer: 0, toLocal: 0 },
  };
}

/** True when nothing waits for a person and the session is at work (or paused on purpose). */
export function isSettled(status: SessionStatus): boolean {
  if (status.state === 'stopped' || status.state === 'disconnected') return false;
  return status.problems.length === 0 && status.holds.length === 0 && openConflicts(status) === 0;
}

/** Conflicts that nobody has decided yet; the others are settled already. */
export function openConflicts(status: Pick<SessionStatus, 'conflicts'>): number {
  return status.conflicts.filter((conflict) => conflict.settled === 'open').length;
}
