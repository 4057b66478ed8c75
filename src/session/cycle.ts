/** One cycle: take the changed paths, reconcile, carry out on both sides (DESIGN 6). */

import type { Entry, Look } from '../tree/entry.ts';
import { otherSide, type Path, type Side } from '../tree/path.ts';
import { type Plan, type ReconcileInput, reconcile } from '../tree/reconcile.ts';
import { isProtected } from '../tree/rules.ts';
import { carryOut } from './carry.ts';
import { closeConflicts, settleConflicts } from './conflicts.ts';
import { agree, type Core, hasChange, isBusy, sideLook } from './core.ts';
import type { Engine } from './engine.ts';
import { clockSkew, replicaOf } from './engine.ts';
import { isHeldBack, withoutHeldBack } from './held-back.ts';
import { takeIn } from './intake.ts';
import { hasRegained, lookAtRegained } from './regained.ts';
import { addProblem, solveProblem } from './report.ts';
import { isAged } from './snapshot.ts';
import { clearStaging, createStaging } from './staging.ts';
import { endTrouble } from './trouble.ts';

/** Decides on all dirty paths once. True when there was something to decide. */
export async function runCycle(engine: Engine): Promise<boolean> {
  const { core, conflicts, comebacks } = engine;
  if (hasRegained(core)) await lookAtRegained(engine);
  if (engine.rescan.size > 0) await lookAtNewRules(engine);
  const paths = takeDirty(engine);
  if (paths.length === 0) return false;
  if (engine.report.problems.size > 0) noteOver(engine, paths);
  const plan = reconcile(reconcileInput(engine, paths));
  const seen = seenNow(core, plan);
  comebacks.expect(paths, plan.restored);
  for (const [path, entry] of plan.agreed) agreeOn(engine, path, entry);
  if (plan.agreed.length > 0) engine.commitSoon();
  noteRefusals(engine, paths, plan.refused);
  noteDivergence(engine, paths, plan.diverged);
  closeConflicts(engine, paths, plan.conflicts);
  const staging = createStaging();
  try {
    const settled = await settleConflicts(engine, plan.conflicts, staging);
    const carried = await Promise.allSettled(
      (['container', 'local'] as const).map((side) => {
        const planned = side === 'container' ? withoutHeldBack(core, plan) : plan.actions.local;
        const actions = [...planned, ...settled[side]];
        return carryOut(engine, side, actions, {
          seen: seen[side],
          sources: staging.sources[side],
        });
      }),
    );
    // Nothing of this cycle goes on beside the next one.
    for (const side of carried) if (side.status === 'rejected') throw side.reason;
  } finally {
    await clearStaging(engine, staging);
  }
  for (const { path } of plan.conflicts) if (!isBusy(core, path)) conflicts.unexpect(path);
  comebacks.tell();
  return true;
}

/** By the side that is to change: what the other one holds at the paths of the plan. */
function seenNow(core: Core, plan: Plan): Readonly<Record<Side, ReadonlyMap<Path, Look>>> {
  const of = (target: Side) => {
    const source = otherSide(target);
    const choices = plan.conflicts.flatMap((conflict) => [
      conflict,
      ...(conflict.choices?.local[target] ?? []),
      ...(conflict.choices?.container[target] ?? []),
    ]);
    const all = [...plan.actions[target], ...choices];
    return new Map(all.map(({ path }) => [path, sideLook(core, source, path)]));
  };
  return { local: of('local'), container: of('container') };
}

function reconcileInput(engine: Engine, paths: readonly Path[]): ReconcileInput {
  const { core, overrides } = engine;
  const { mode, modes } = core.options;
  return {
    base: core.base,
    changes: { local: core.sides.local.looks, container: core.sides.container.looks },
    paths,
    mode,
    modes,
    policy: (path) => overrides.get(path) ?? engine.policy(path),
    hostLeads: core.hostLeads,
    clockSkew: clockSkew(engine),
    isProtected,
  };
}

/** What failed at the path and is the same on both sides all the same (done before it failed) is no problem any more. */
function agreeOn(engine: Engine, path: Path, entry: Entry | null): void {
  agree(engine.core, path, entry);
  endTrouble(engine, path);
}

/** Where nothing differs any more (what failed came about in another way, as by a move) nothing can fail. */
function noteOver(engine: Engine, paths: readonly Path[]): void {
  for (const path of paths) if (!hasChange(engine.core, path)) endTrouble(engine, path);
}

/** The dirty paths that may be decided on now; a path that waits or is under way comes back by itself. */
function takeDirty({ core, retries }: Engine): Path[] {
  const paths: Path[] = [];
  for (const path of core.dirty) {
    if (retries.isWaiting(path)) continue;
    if (core.aged.size > 0 && isAged(core, path)) continue;
    if (core.inFlight.size > 0 && isBusy(core, path)) continue;
    if (isHeldBack(core, path)) continue;
    paths.push(path);
  }
  core.dirty.clear();
  return paths;
}

/**
 * Rules changed on one side: what they let in now may have been seen and passed over on either side
 * before, so both are looked at anew there.
 */
async function lookAtNewRules(engine: Engine): Promise<void> {
  const directories = [...engine.rescan];
  engine.rescan.clear();
  for (const path of directories) {
    for (const side of ['local', 'container'] as const) await scanInto(engine, side, path);
  }
}

async function scanInto(engine: Engine, side: Side, path: Path): Promise<void> {
  const options = path === '' ? {} : { path };
  await replicaOf(engine, side).scan({
    ...options,
    onRows: (rows) => {
      for (const directory of takeIn(engine.core, engine.report, side, rows).ruleChanges)
        engine.rescan.add(directory);
    },
  });
}

function noteRefusals(engine: Engine, decided: readonly Path[], refused: readonly Path[]): void {
  const now = new Set(refused);
  for (const path of decided) {
    const problem = engine.report.problems.get(`container\0${path}`);
    if (problem?.code === 'PROTECTED' && !now.has(path))
      solveProblem(engine.report, 'container', path);
  }
  for (const path of refused) {
    const message =
      'The container changed a file that makes the host run code; the change stays in the container.';
    addProblem(engine.report, { side: 'container', path, code: 'PROTECTED', message });
  }
}

function noteDivergence(engine: Engine, decided: readonly Path[], diverged: readonly Path[]): void {
  for (const path of decided) engine.diverged.delete(path);
  for (const path of diverged) engine.diverged.add(path);
}
