/** Settles the conflicts of a cycle by policy (DESIGN 7): who gives way, and by which actions. */
import type { ConflictInfo } from '../control/api.ts';
import { newest, timeOf } from '../tree/conflict.ts';
import type { Path, Side } from '../tree/path.ts';
import { otherSide } from '../tree/path.ts';
import type { PlannedAction, PlannedConflict } from '../tree/reconcile.ts';
import { authorAt } from './authors.ts';
import { describeConflict } from './conflict-info.ts';
import { clockSkew, type Engine, replicaOf } from './engine.ts';
import { tryMerge } from './merge.ts';
import { addProblem } from './report.ts';
import type { Staging } from './staging.ts';

export type SettledActions = Readonly<Record<Side, readonly PlannedAction[]>>;

/** The actions that settle the cycle's conflicts, beyond those that are planned already. */
export async function settleConflicts(
  engine: Engine,
  found: readonly PlannedConflict[],
  staging: Staging,
): Promise<SettledActions> {
  const actions = { local: [] as PlannedAction[], container: [] as PlannedAction[] };
  for (const conflict of found) {
    const settled = await settleOne(engine, conflict, staging);
    actions.local.push(...(settled?.local ?? []));
    actions.container.push(...(settled?.container ?? []));
  }
  return actions;
}

async function settleOne(
  engine: Engine,
  conflict: PlannedConflict,
  staging: Staging,
): Promise<SettledActions | undefined> {
  const { winner, fallback, choices } = conflict;
  if (winner === 'open') {
    noteOpen(engine, conflict);
    return undefined;
  }
  if (winner !== 'merge') {
    expectToGiveWay(engine, conflict, winner);
    return undefined;
  }
  const merging = await mergeOrWait(engine, conflict, staging);
  if (merging.result === 'changed' || merging.result === 'failed') return undefined;
  if (merging.result === 'merged') {
    expectToGiveWay(engine, conflict, 'merged');
    return merging.actions;
  }
  expectToGiveWay(engine, conflict, fallback);
  return choices?.[fallback];
}

async function mergeOrWait(engine: Engine, conflict: PlannedConflict, staging: Staging) {
  const { path } = conflict;
  const merging = await tryMerge(engine, conflict, staging);
  if (merging.result === 'changed') {
    engine.retries.later(path);
    for (const side of ['local', 'container'] as const) await replicaOf(engine, side).look([path]);
  }
  if (merging.result === 'failed') {
    const { code, message } = merging.error;
    if (code === 'LINK') throw merging.error;
    engine.retries.later(path);
    addProblem(engine.report, { side: merging.side, path, code, message });
  }
  return merging;
}

function expectToGiveWay(
  engine: Engine,
  conflict: PlannedConflict,
  settled: 'merged' | Side,
): void {
  const { conflicts } = engine;
  const open = conflicts.openAt(conflict.path);
  const sides = new Set<Side>(settled === 'merged' ? ['local', 'container'] : [otherSide(settled)]);
  const info = describe(engine, conflict, settled);
  const id = open === undefined ? {} : { id: open.id };
  conflicts.expect(conflict.path, { sides, reason: 'conflict', conflict: info, ...id });
}

function noteOpen(engine: Engine, conflict: PlannedConflict): void {
  const { conflicts } = engine;
  const before = conflicts.openAt(conflict.path);
  const info = describe(engine, conflict, 'open');
  const isKnown = before !== undefined && sameSides(before, info);
  if (!isKnown) conflicts.list(info, before?.id);
}

function sameSides(a: Omit<ConflictInfo, 'id'>, b: Omit<ConflictInfo, 'id'>): boolean {
  // Names are forgotten by a restart; what stands there is not.
  const key = ({ kind, local, container }: typeof a) =>
    JSON.stringify([kind, local, container], (name, value) => (name === 'by' ? undefined : value));
  return key(a) === key(b);
}

function describe(engine: Engine, conflict: PlannedConflict, settled: ConflictInfo['settled']) {
  const { winner, fallback, local, container } = conflict;
  const input = { clockSkew: clockSkew(engine) };
  // By policy the fallback is only the winner once more.
  const latest =
    winner === 'open' || winner === 'merge'
      ? fallback
      : newest({
          local: timeOf(input, 'local', [local]),
          container: timeOf(input, 'container', [container]),
        });
  const authors = {
    local: authorAt(engine, 'local', conflict.path, local),
    container: authorAt(engine, 'container', conflict.path, container),
  };
  return describeConflict(conflict, { settled, newest: latest, authors, now: Date.now() });
}

/** An open conflict at a path that was decided and is none any more goes from the list. */
export function closeConflicts(
  engine: Engine,
  decided: Iterable<Path>,
  still: readonly PlannedConflict[],
): void {
  const { conflicts } = engine;
  const open = new Set(still.map((conflict) => conflict.path));
  for (const path of decided) {
    conflicts.unexpect(path);
    const info = conflicts.openAt(path);
    if (info !== undefined && !open.has(path)) conflicts.resolve(info.id, 'gone');
  }
}
