/** Settles the conflicts of a cycle by policy, and says so (DESIGN 7). */
import type { ConflictInfo } from '../control/api.ts';
import type { Look } from '../tree/entry.ts';
import type { Path, Side } from '../tree/path.ts';
import { otherSide } from '../tree/path.ts';
import type { PlannedAction, PlannedConflict } from '../tree/reconcile.ts';
import type { Engine } from './engine.ts';
import { addConflict } from './report.ts';

export interface Settled {
  readonly actions: Readonly<Record<Side, readonly PlannedAction[]>>;
  /** By side: the paths at which it gives way. */
  readonly losing: Readonly<Record<Side, ReadonlySet<Path>>>;
}

export function settleConflicts(engine: Engine, conflicts: readonly PlannedConflict[]): Settled {
  const actions = { local: [] as PlannedAction[], container: [] as PlannedAction[] };
  const losing = { local: new Set<Path>(), container: new Set<Path>() };
  for (const conflict of conflicts) {
    const winner = conflict.winner === 'merge' ? conflict.fallback : conflict.winner;
    if (winner !== 'open') {
      losing[otherSide(winner)].add(conflict.path);
      const chosen = conflict.winner === 'merge' ? conflict.choices?.[winner] : undefined;
      actions.local.push(...(chosen?.local ?? []));
      actions.container.push(...(chosen?.container ?? []));
    }
    tellConflict(engine, conflict, winner);
  }
  return { actions, losing };
}

function tellConflict(engine: Engine, conflict: PlannedConflict, winner: Side | 'open'): void {
  const before = engine.report.conflicts.get(conflict.path);
  const summary = summarize(conflict, winner);
  if (before?.settled === winner && before.summary === summary) return;
  const info: ConflictInfo = { path: conflict.path, time: Date.now(), settled: winner, summary };
  addConflict(engine.report, info);
}

/** An open conflict that is none any more goes from the list. */
export function closeConflicts(
  engine: Engine,
  decided: Iterable<Path>,
  still: readonly PlannedConflict[],
): void {
  const { conflicts } = engine.report;
  if (conflicts.size === 0) return;
  const open = new Set(still.map((conflict) => conflict.path));
  for (const path of decided) {
    if (conflicts.get(path)?.settled === 'open' && !open.has(path)) conflicts.delete(path);
  }
}

function summarize({ kind, local, container }: PlannedConflict, winner: Side | 'open'): string {
  const what =
    kind === 'create-create'
      ? 'both sides made it'
      : kind === 'type'
        ? 'it became different kinds of things'
        : 'both sides changed it';
  const who =
    winner === 'open'
      ? 'waits for you'
      : `the ${winner} version was kept, the other is in the history`;
  return `${what} (local ${describe(local)}, container ${describe(container)}); ${who}`;
}

function describe(look: Look): string {
  if (look === null) return 'nothing';
  if (look.kind === 'file') return `${look.size} bytes`;
  if (look.kind === 'link') return `link to ${look.target}`;
  return look.kind;
}
