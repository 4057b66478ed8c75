/**
 * What a session tells the world: events as they happen, problems until they are gone, totals.
 * Nothing is cut short and nothing hidden (invariant 10).
 */
import type {
  EventListener,
  HoldInfo,
  Problem,
  Progress,
  SessionEvent,
  SessionState,
  Transfer,
} from '../control/api.ts';
import type { Path, Side } from '../tree/path.ts';
import { addRecent, createTotals, type SideTotals } from './totals.ts';

const transfersShown = 20;
/** A cycle that brings over more than this is told as one event. */
const batchAbove = 50;

// A plain Omit would merge the members of the union into one.
export type NewEvent = SessionEvent extends infer E
  ? E extends SessionEvent
    ? Omit<E, 'time'>
    : never
  : never;

export interface Report {
  state: SessionState;
  since: number;
  ready: boolean;
  progress: Progress | undefined;
  readonly listeners: Set<EventListener>;
  readonly problems: Map<string, Problem>;
  readonly holds: Map<string, HoldInfo>;
  readonly transfers: Transfer[];
  readonly totals: { readonly toContainer: SideTotals; readonly toLocal: SideTotals };
}

export function createReport(): Report {
  return {
    state: 'connecting',
    since: Date.now(),
    ready: false,
    progress: undefined,
    listeners: new Set(),
    problems: new Map(),
    holds: new Map(),
    transfers: [],
    totals: { toContainer: createTotals(), toLocal: createTotals() },
  };
}

export function tell(report: Report, event: NewEvent, paths?: readonly Path[]): void {
  const timed = { ...event, time: Date.now() } as SessionEvent;
  for (const listener of report.listeners) listener(timed, paths);
}

export function setState(report: Report, state: SessionState, detail?: string): void {
  if (report.state === state && detail === undefined) return;
  report.state = state;
  report.since = Date.now();
  if (state !== 'scanning' && state !== 'syncing') report.progress = undefined;
  tell(report, { type: 'state', state, ...(detail === undefined ? {} : { detail }) });
}

export function showProgress(report: Report, progress: Progress): void {
  report.progress = progress;
  tell(report, { type: 'progress', progress });
}

function problemKey(side: Side | 'session', path: Path | undefined): string {
  return `${side}\0${path ?? ''}`;
}

/** Shows a problem, or the new message of one that is shown already. */
export function addProblem(report: Report, problem: Omit<Problem, 'since'>): void {
  const key = problemKey(problem.side, problem.path);
  const before = report.problems.get(key);
  if (before !== undefined && before.code === problem.code && before.message === problem.message)
    return;
  const shown: Problem = { ...problem, since: before?.since ?? Date.now() };
  report.problems.set(key, shown);
  tell(report, { type: 'problem', problem: shown });
}

export function solveProblem(report: Report, side: Side | 'session', path?: Path): void {
  if (report.problems.size === 0) return;
  const key = problemKey(side, path);
  const problem = report.problems.get(key);
  if (problem === undefined) return;
  report.problems.delete(key);
  tell(report, { type: 'solved', problem });
}

const damageKey = 'session\0\0damage';

/** The state was damaged: shown until everything is stored again. */
export function showDamage(
  report: Report,
  { movedTo, reason }: { readonly movedTo: string; readonly reason: string },
): void {
  const message = `The session's state was damaged (${reason}) and has begun anew; what was there is in ${movedTo}. The sides are merged, nothing is removed; the history up to now is lost to \`cai history\`.`;
  const problem: Problem = { side: 'session', code: 'STATE', message, since: Date.now() };
  tell(report, { type: 'notice', message });
  report.problems.set(damageKey, problem);
  tell(report, { type: 'problem', problem });
}

export function solveDamage(report: Report): void {
  const problem = report.problems.get(damageKey);
  if (problem === undefined) return;
  report.problems.delete(damageKey);
  tell(report, { type: 'solved', problem });
}

/** True when a problem is shown at the path, on either side. */
export function hasProblem(report: Report, path: Path): boolean {
  return (['local', 'container'] as const).some((side) =>
    report.problems.has(problemKey(side, path)),
  );
}

/** Counts what arrived in one cycle and tells it, one by one or as a batch. */
export function arrived(report: Report, to: Side, transfers: readonly Transfer[]): void {
  if (transfers.length === 0) return;
  const totals = to === 'container' ? report.totals.toContainer : report.totals.toLocal;
  let bytes = 0;
  for (const transfer of transfers) {
    totals.files += 1;
    bytes += transfer.size ?? 0;
  }
  totals.bytes += bytes;
  addRecent(totals, transfers.length, Date.now());
  for (const transfer of transfers.slice(-transfersShown)) report.transfers.unshift(transfer);
  report.transfers.length = Math.min(report.transfers.length, transfersShown);
  if (transfers.length <= batchAbove) {
    for (const transfer of transfers) tell(report, { type: 'transfer', transfer });
  } else {
    const ms = Math.max(...transfers.map((transfer) => transfer.ms));
    const paths = transfers.flatMap(({ path, from }) =>
      from === undefined ? [path] : [from, path],
    );
    tell(report, { type: 'batch', to, files: transfers.length, bytes, ms }, paths);
  }
}

export function addHold(report: Report, hold: HoldInfo): void {
  const known = report.holds.get(holdKey(hold));
  if (known !== undefined && known.files === hold.files) return;
  // One that grows is the same hold, with the same start, in the status and in events.
  const now = { ...hold, since: known?.since ?? hold.since };
  report.holds.set(holdKey(hold), now);
  tell(report, { type: 'hold', hold: now });
}

export function releaseHold(
  report: Report,
  hold: HoldInfo,
  how: 'approved' | 'rejected' | 'gone',
): void {
  if (report.holds.delete(holdKey(hold))) tell(report, { type: 'released', hold, how });
}

function holdKey(hold: HoldInfo): string {
  return `${hold.side}\0${hold.reason}`;
}
