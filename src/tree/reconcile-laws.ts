/** For tests: what must hold for every plan, whatever the trees (DESIGN 5 and 10). */

import { settleConflict } from './conflict.ts';
import { type Entry, type Look, type ModePolicy, sameContent, sameEntry } from './entry.ts';
import { isWithin, otherSide, type Path, parentPath, type Side } from './path.ts';
import {
  type ConflictPolicy,
  type Plan,
  type PlannedConflict,
  type ReconcileInput,
  reconcile,
  type SyncMode,
} from './reconcile.ts';
import { applyPlan, changesOf, type Picture, type State, show, treeOf } from './testing.ts';

export interface Case {
  readonly base: Picture;
  readonly local: Picture;
  readonly container: Picture;
  readonly mode: SyncMode;
  readonly modes: ModePolicy;
  readonly policy: ConflictPolicy;
  readonly hostLeads?: boolean;
  readonly clockSkew?: number;
  readonly isProtected?: (path: Path) => boolean;
  /** Leave out of the changes what is below a vanished directory. */
  readonly terse?: boolean;
}

const sides = ['local', 'container'] as const;

/** Throws an error that shows the case when one of the laws does not hold. */
export function checkLaws(which: Case): void {
  let plan: Plan | undefined;
  try {
    const before: State = { ...which, base: treeOf(which.base) };
    plan = reconcile(inputFor(which, before));
    const planned = applyPlan(before, plan, which.modes);
    const after = settleAll(planned, plan, which);
    checkEdits(which, after, plan);
    checkSides(which, after, plan);
    checkBase(which, after);
    if (which.mode === 'two-way' && which.isProtected === undefined)
      checkConverged(which.modes, after);
    checkQuiet(which, after);
  } catch (thrown) {
    throw new Error(`${(thrown as Error).message}\n${describeCase(which)}\n${describePlan(plan)}`, {
      cause: thrown,
    });
  }
}

/** Settled path by path, the trees end up as when they are settled at once. */
export function checkPiecemeal(which: Case): void {
  const before: State = { ...which, base: treeOf(which.base) };
  const whole = reconcile(inputFor(which, before));
  const expected = settleAll(applyPlan(before, whole, which.modes), whole, which);
  let state: State = before;
  const { changes } = inputFor(which, before);
  for (const path of new Set([...changes.local.keys(), ...changes.container.keys()])) {
    const plan = reconcile({ ...inputFor(which, state), paths: [path] });
    state = settleAll(applyPlan(state, plan, which.modes), plan, which);
  }
  for (const side of sides) {
    if (show(state[side]) === show(expected[side])) continue;
    throw new Error(
      `piecemeal: ${side} is\n${show(state[side])}\nnot\n${show(expected[side])}\n${describeCase(which)}`,
    );
  }
}

/** With the sides swapped, and all that names them, the plan is swapped too. */
export function checkMirror(which: Case): void {
  const flip = { local: 'container', container: 'local' } as const;
  const turn = {
    'two-way': 'two-way',
    'to-container': 'to-local',
    'to-local': 'to-container',
  } as const;
  const { policy } = which;
  const mirrored: Case = {
    ...which,
    local: which.container,
    container: which.local,
    mode: turn[which.mode],
    policy: policy === 'local' || policy === 'container' ? flip[policy] : policy,
    clockSkew: -(which.clockSkew ?? 0),
  };
  if (
    policy !== 'local' &&
    policy !== 'container' &&
    [...which.local.keys()].some((path) => isTie(which, path))
  )
    return;
  const plan = reconcile(inputFor(which, { ...which, base: treeOf(which.base) }));
  const other = reconcile(inputFor(mirrored, { ...mirrored, base: treeOf(which.base) }));
  if ([...plan.conflicts, ...other.conflicts].some((conflict) => isTie(which, conflict.path)))
    return;
  const here = JSON.stringify(essence(plan, (side) => side));
  const there = JSON.stringify(essence(other, otherSide));
  if (here !== there) throw new Error(`not symmetric\n${describeCase(which)}\n${here}\n${there}`);
}

/** Where times do not decide between two different entries, local is preferred. */
function isTie(which: Case, path: Path): boolean {
  const here = which.local.get(path) ?? null;
  const there = which.container.get(path) ?? null;
  if (there === null || sameEntry(here, there, which.modes)) return false;
  if (here?.kind === 'directory' && there.kind === 'directory') return true;
  const [local, container] = sides.map((side) =>
    Math.max(
      ...[...which[side]].map(([at, look]) =>
        look?.kind === 'file' && isWithin(path, at) ? look.mtime : Number.NEGATIVE_INFINITY,
      ),
    ),
  );
  return local === (container as number) - (which.clockSkew ?? 0);
}

function essence(plan: Plan, name: (side: Side) => Side): unknown {
  const winner = (given: PlannedConflict['winner']) =>
    given === 'local' || given === 'container' ? name(given) : given;
  return {
    actions: [plan.actions[name('local')], plan.actions[name('container')]],
    agreed: plan.agreed.map(([path]) => path),
    conflicts: plan.conflicts.map((one) => [
      one.path,
      one.kind,
      winner(one.winner),
      name(one.fallback),
    ]),
    diverged: plan.diverged,
    restored: plan.restored,
  };
}

export function inputFor(which: Case, state: State): ReconcileInput {
  return {
    base: state.base,
    changes: {
      local: changesOf(state.base, state.local, which.modes, which.terse),
      container: changesOf(state.base, state.container, which.modes, which.terse),
    },
    mode: which.mode,
    modes: which.modes,
    policy: () => which.policy,
    hostLeads: which.hostLeads ?? false,
    clockSkew: which.clockSkew ?? 0,
    isProtected: which.isProtected ?? (() => false),
  };
}

function settleAll(state: State, plan: Plan, which: Case): State {
  let settled = state;
  for (const conflict of plan.conflicts) {
    const chosen = settleConflict(conflict, 'local');
    // Something blocked in the container's directory keeps it from giving way.
    const isStuck = chosen.local.length + chosen.container.length === 0;
    const actions = isStuck ? settleConflict(conflict, 'container') : chosen;
    settled = applyPlan(settled, { actions, agreed: [] }, which.modes);
  }
  return settled;
}

/** What a side wrote since the base disappears only where a conflict says so. */
function checkEdits(which: Case, after: State, plan: Plan): void {
  for (const side of sides) {
    for (const [path, look] of which[side]) {
      if (
        look === null ||
        look.kind === 'directory' ||
        sameContent(look, which.base.get(path) ?? null)
      )
        continue;
      if (sides.some((either) => sameContent(look, after[either].get(path) ?? null))) continue;
      if (plan.conflicts.some((conflict) => isWithin(conflict.path, path))) continue;
      throw new Error(`the edit of ${path} (${side}) is lost`);
    }
  }
}

function checkSides(which: Case, after: State, plan: Plan): void {
  if (which.mode === 'to-container' && plan.actions.local.length > 0)
    throw new Error('wrote to the source');
  if (which.mode === 'to-local' && plan.actions.container.length > 0)
    throw new Error('wrote to the source');
  for (const path of new Set([...which.local.keys(), ...after.local.keys()])) {
    if (which.isProtected?.(path) !== true) continue;
    if (sameEntry(which.local.get(path) ?? null, after.local.get(path) ?? null, 'full')) continue;
    throw new Error(`the container changed the protected ${path}`);
  }
  if (which.hostLeads !== true) return;
  const types = plan.conflicts.filter((conflict) => conflict.kind === 'type');
  for (const side of sides) {
    for (const { type, path } of plan.actions[side]) {
      if (type !== 'remove' || types.some((conflict) => isWithin(conflict.path, path))) continue;
      throw new Error(`removes ${path} without a base`);
    }
  }
}

function isUnknown(state: Pick<State, Side>, path: Path): boolean {
  for (let at = path; at !== ''; at = parentPath(at)) {
    if (sides.some((side) => state[side].get(at)?.kind === 'blocked')) return true;
  }
  return false;
}

/** Wherever both sides are the same, the base is too; what is blocked it keeps as it knew it. */
function checkBase(which: Case, after: State): void {
  const base = new Map<Path, Entry>(after.base.entries());
  for (const [path, look] of which.base) {
    if (!isUnknown(which, path) || sameEntry(look, base.get(path) ?? null, 'full')) continue;
    throw new Error(`the base forgot ${path}, which is blocked`);
  }
  for (const path of new Set([...after.local.keys(), ...after.container.keys(), ...base.keys()])) {
    const local: Look = after.local.get(path) ?? null;
    if (isUnknown(after, path) || !sameEntry(local, after.container.get(path) ?? null, which.modes))
      continue;
    if (sameEntry(local, base.get(path) ?? null, which.modes)) continue;
    throw new Error(`the base does not tell the truth about ${path}`);
  }
}

/** Both sides are the same, but for what is blocked and the directories that it keeps. */
function checkConverged(modes: ModePolicy, after: State): void {
  for (const path of new Set([...after.local.keys(), ...after.container.keys()])) {
    if (sameEntry(after.local.get(path) ?? null, after.container.get(path) ?? null, modes))
      continue;
    if (isUnknown(after, path) || isHeldUp(after, path)) continue;
    throw new Error(`not the same on both sides: ${path}`);
  }
}

/** Blocked below, or within something that changed its type and has something blocked in it. */
function isHeldUp(after: State, path: Path): boolean {
  const clash = ancestorsOf(path).find((at) => {
    const kinds = sides.map((side) => after[side].get(at)?.kind);
    return kinds[0] !== undefined && kinds[1] !== undefined && kinds[0] !== kinds[1];
  });
  const top = clash ?? path;
  return sides.some((side) =>
    [...after[side]].some(([at, look]) => look?.kind === 'blocked' && isWithin(top, at)),
  );
}

function ancestorsOf(path: Path): Path[] {
  const found: Path[] = [];
  for (let at = path; at !== ''; at = parentPath(at)) found.push(at);
  return found;
}

function checkQuiet(which: Case, after: State): void {
  const again = reconcile(inputFor(which, after));
  const open = again.actions.local.length + again.actions.container.length + again.agreed.length;
  if (open + again.conflicts.length > 0)
    throw new Error(`a second cycle has something to do\n${describePlan(again)}`);
}

function describeCase(which: Case): string {
  const { base, local, container, ...rest } = which;
  return [
    JSON.stringify(rest),
    ...Object.entries({ base, local, container }).map(([name, of]) => `${name}:\n${show(of)}`),
  ].join('\n');
}

function describePlan(plan: Plan | undefined): string {
  return plan === undefined
    ? 'no plan'
    : JSON.stringify(
        { ...plan, conflicts: plan.conflicts.map((one) => ({ ...one, choices: '…' })) },
        null,
        1,
      );
}
