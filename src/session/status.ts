/** The status of a session, complete, as plain data (invariant 10). */
import type { SessionStatus } from '../control/api.ts';
import type { Side } from '../tree/path.ts';
import { pendingCount } from './core.ts';
import type { Engine } from './engine.ts';
import { heldBackCount, isHeldBack } from './held-back.ts';
import { lastHour, shownTotals } from './totals.ts';

const sides = ['local', 'container'] as const;

export function sessionStatus(engine: Engine, transport: string): SessionStatus {
  const { record, core, report } = engine;
  const { id, name, local, container } = record;
  const replica = core.sides.container.replica;
  const waiting = heldBackCount(core);
  const now = Date.now();
  const transferEngine = engine.rsync.status();
  return {
    name,
    id,
    local,
    container,
    mode: core.options.mode,
    state: report.state,
    since: report.since,
    pid: process.pid,
    ready: report.ready,
    files: core.base.files,
    directories: core.base.directories,
    bytes: core.base.bytes,
    ...(replica === undefined
      ? {}
      : {
          link: {
            transport,
            roundTripMs: replica.info.roundTrip,
            clockSkewMs: replica.info.clockSkew,
          },
        }),
    ...(replica === undefined || transferEngine === undefined ? {} : { transferEngine }),
    ...(report.progress === undefined ? {} : { progress: report.progress }),
    transfers: report.transfers,
    totals: shownTotals(report.totals),
    problems: [...report.problems.values()],
    conflicts: engine.conflicts.all(),
    holds: [...report.holds.values()],
    secrets: sides.flatMap((side) => [...core.sides[side].secrets].map((path) => ({ side, path }))),
    leftovers: sides.flatMap((side) => leftoversOf(engine, side)),
    diverged: [...engine.diverged],
    // What diverged is a change of the receiving side, and on its way to nowhere.
    pending: pendingCount(core) - waiting - divergedCount(engine),
    unsaved: core.uncommitted.size,
    localChanges: core.options.localChanges,
    waiting,
    lastHour: {
      toContainer: lastHour(report.totals.toContainer, now),
      toLocal: lastHour(report.totals.toLocal, now),
    },
  };
}

function divergedCount({ core, diverged }: Engine): number {
  const { changes } = core.sides[core.options.mode === 'to-local' ? 'local' : 'container'];
  return [...diverged].filter((path) => changes.has(path) && !isHeldBack(core, path)).length;
}

function leftoversOf(engine: Engine, side: Side): SessionStatus['leftovers'] {
  return [...engine.core.sides[side].leftovers].map(([path, names]) => ({ side, path, names }));
}
