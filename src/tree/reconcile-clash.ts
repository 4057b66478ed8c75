/**
 * Decides a path where one side has a directory and the other a file or link. The path is decided as
 * a whole: who wins there wins everything below.
 */
import { chooseWinner, newest, timeOf } from './conflict.ts';
import { type Entry, type Look, sameContent } from './entry.ts';
import { otherSide, type Path, parentPath, type Side } from './path.ts';
import type { PlannedActions, PlannedConflict } from './reconcile.ts';
import { everythingBelow } from './reconcile-changes.ts';
import { Draft } from './reconcile-draft.ts';
import {
  type Context,
  isProtectedAs,
  leaderAt,
  leave,
  mayWrite,
  onBoth,
  type Spot,
  type Standing,
} from './reconcile-spot.ts';

interface Clash extends Spot {
  readonly looks: Readonly<Record<Side, Entry>>;
  /** The side with the directory. */
  readonly holder: Side;
  /** What is below it on that side. */
  readonly inside: readonly (readonly [Path, Look])[];
}

/** `holder` is the side that has the directory. */
export function decideClash(
  context: Context,
  spot: Spot & { readonly looks: Readonly<Record<Side, Entry>> },
  holder: Side,
): Standing {
  const below = { base: context.input.base, side: holder, path: spot.path, node: spot.node };
  const inside = [...everythingBelow({ ...below, look: spot.looks[holder] })];
  const clash: Clash = { ...spot, holder, inside };
  for (const [path, look] of inside.toReversed()) {
    if (look === null) context.draft.agree(path, null);
  }
  const holderChanged =
    spot.base?.kind !== 'directory' || inside.some((item) => isEdit(context, item));
  const otherChanged = !sameContent(spot.looks[otherSide(holder)], spot.base);
  if (holderChanged && otherChanged) decideConflict(context, clash);
  else {
    const winner = holderChanged ? holder : otherSide(holder);
    if (mayGiveWay(context, clash, otherSide(winner))) replace(context, clash, winner);
    else stay(context, clash, winner);
  }
  return onBoth;
}

/** Removals are none: where the other side became a file, they are what is wanted anyway. */
function isEdit(context: Context, [path, look]: readonly [Path, Look]): boolean {
  if (look === null || look.kind === 'blocked') return false;
  return !sameContent(look, context.input.base.get(path));
}

function decideConflict(context: Context, clash: Clash): void {
  const leader = leaderAt(context, clash);
  const times = {
    local: timeAt(context, clash, 'local'),
    container: timeAt(context, clash, 'container'),
  };
  const byPolicy = chooseWinner({
    policy: context.input.policy(clash.path),
    hostLeads: context.input.hostLeads,
    newest: newest(times),
    mergeable: false,
  });
  if (leader === 'neither') {
    stay(context, clash, 'container');
    stay(context, clash, 'local');
    return;
  }
  const winner = leader ?? (hasProtected(context, clash) ? 'local' : byPolicy);
  if (winner === 'local' || winner === 'container') {
    if (!mayGiveWay(context, clash, otherSide(winner))) {
      stay(context, clash, winner);
      return;
    }
    record(context, clash, { winner, fallback: winner });
    replace(context, clash, winner);
    return;
  }
  const choices = {
    local: choice(context, clash, 'local'),
    container: choice(context, clash, 'container'),
  };
  record(context, clash, { winner, fallback: newest(times), choices });
}

function timeAt(context: Context, clash: Clash, side: Side): number {
  const looks = side === clash.holder ? clash.inside.map(([, look]) => look) : [clash.looks[side]];
  return timeOf(context.input, side, looks);
}

function record(
  context: Context,
  clash: Clash,
  outcome: Pick<PlannedConflict, 'winner' | 'fallback' | 'choices'>,
): void {
  const { path, base, looks } = clash;
  context.draft.conflict({ path, base, ...looks, kind: 'type', ...outcome });
}

function choice(context: Context, clash: Clash, winner: Side): PlannedActions {
  const draft = new Draft();
  if (mayGiveWay(context, clash, otherSide(winner))) replace({ ...context, draft }, clash, winner);
  return draft.actions();
}

/** A directory stays when something in it cannot be removed, or must not be. */
function mayGiveWay(context: Context, clash: Clash, loser: Side): boolean {
  if (!mayWrite(context, clash, loser) || hasBlocked(clash, loser)) return false;
  return loser !== 'local' || clash.holder !== 'local' || !hasProtected(context, clash);
}

function hasBlocked(clash: Clash, side: Side): boolean {
  return side === clash.holder && clash.inside.some(([, look]) => look?.kind === 'blocked');
}

function hasProtected(context: Context, clash: Clash): boolean {
  return clash.inside.some(([path, look]) => {
    if (look === null) return false;
    // What the container would take away is judged by its name alone.
    return isProtectedAs(context, path, clash.holder === 'container' ? look : null);
  });
}

/** Leaves alone what a side made of the path; what is blocked is told elsewhere. */
function stay(context: Context, clash: Clash, side: Side): void {
  if (hasBlocked(clash, otherSide(side))) return;
  if (side === clash.holder) {
    for (const [path, look] of clash.inside.toReversed()) {
      if (look !== null && look.kind !== 'blocked') leave(context, { ...clash, path }, side);
    }
  }
  leave(context, clash, side);
}

function replace(context: Context, clash: Clash, winner: Side): void {
  const loser = otherSide(winner);
  const { path, looks } = clash;
  if (winner === clash.holder) {
    context.draft.remove(loser, path, looks[loser]);
    copyInside(context, clash, loser);
    context.draft.create(loser, path, null, looks[winner]);
    return;
  }
  for (const [at, look] of clash.inside.toReversed()) {
    if (look !== null && look.kind !== 'blocked') context.draft.remove(loser, at, look);
  }
  context.draft.remove(loser, path, looks[loser]);
  context.draft.create(loser, path, null, looks[winner]);
}

function copyInside(context: Context, clash: Clash, to: Side): void {
  const refused = new Set<Path>();
  if (to === 'local') {
    for (const [path, look] of clash.inside) {
      if (look === null) continue;
      if (refused.has(parentPath(path)) || isProtectedAs(context, path, look)) refused.add(path);
    }
  }
  for (const [path, look] of clash.inside.toReversed()) {
    if (look === null || look.kind === 'blocked') continue;
    if (refused.has(path)) context.draft.list('refused', path);
    else context.draft.create(to, path, null, look);
  }
}
