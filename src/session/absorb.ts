/**
 * Takes in what became of actions. Only what a replica reports to be on its disk now counts; when both
 * sides are the same there, the base follows (invariant 3). A miss is a fresh change for the next cycle.
 */
import type { Transfer } from '../control/api.ts';
import type { Action, Outcome, Replica } from '../replica/replica.ts';
import type { Look } from '../tree/entry.ts';
import { sameContent, sameEntry } from '../tree/entry.ts';
import type { Path, Side } from '../tree/path.ts';
import { otherSide, parentPath } from '../tree/path.ts';
import { isRuleFile } from '../tree/rules.ts';
import { authorAt } from './authors.ts';
import { agree, hasChange, setSide, settlePath, sideLook } from './core.ts';
import type { Engine } from './engine.ts';
import { noteRuleFile } from './intake.ts';
import { addProblem } from './report.ts';
import { endTrouble } from './trouble.ts';

export interface Applied {
  readonly action: Action;
  /** What the other side held when this was decided. */
  readonly seen: Look;
  readonly movedFrom?: Path;
  readonly outcome: Outcome;
}

export interface AbsorbContext {
  readonly target: Side;
  readonly replica: Replica;
}

/** Takes the outcomes in; answers with what arrived. */
export function absorb(
  engine: Engine,
  context: AbsorbContext,
  applied: readonly Applied[],
): Transfer[] {
  const transfers: Transfer[] = [];
  const { unanswered } = engine.core.sides[context.target];
  for (const one of applied) {
    unanswered.delete(one.action.path);
    if (one.movedFrom !== undefined) unanswered.delete(one.movedFrom);
    keepDisplaced(engine, context, one);
    if (one.outcome.result === 'done') absorbDone(engine, context, one, transfers);
    else if (one.outcome.result === 'missed') absorbMissed(engine, context, one);
    else absorbFailed(engine, context, one);
    // A move that was not carried out has not taken its old name away either.
    if (one.movedFrom !== undefined && one.outcome.result !== 'done')
      engine.core.dirty.add(one.movedFrom);
  }
  if (applied.length > 0) engine.commitSoon();
  return transfers;
}

function keepDisplaced(engine: Engine, { target, replica }: AbsorbContext, applied: Applied): void {
  const { action, outcome } = applied;
  const { conflicts, keeper } = engine;
  const by = authorOf(engine, target, applied);
  const isDone = outcome.result === 'done';
  const draft = isDone ? conflicts.draftAt(action.path, target) : undefined;
  const conflict = draft === undefined ? undefined : conflicts.confirm(draft);
  const reason = draft?.reason ?? (action.type === 'remove' ? 'removed' : 'replaced');
  if (outcome.kept !== undefined)
    keeper.displaced(replica, target, outcome.kept, {
      reason,
      conflict,
      placed: outcome.now,
      ...(by === undefined ? {} : { by }),
    });
  if (isDone && action.type === 'remove' && action.expect.kind === 'directory') {
    const { path, expect: entry } = action;
    const author = by === undefined ? {} : { by };
    keeper.went({ path, side: target, reason, entry, ...author }, conflict);
  }
}

/** Who said to have made the change that was carried to the target. */
function authorOf(engine: Engine, target: Side, { action, seen }: Applied): string | undefined {
  return authorAt(engine, otherSide(target), action.path, seen);
}

function absorbDone(
  engine: Engine,
  { target }: AbsorbContext,
  applied: Applied,
  transfers: Transfer[],
): void {
  const { action, movedFrom, outcome } = applied;
  const { core } = engine;
  const source = otherSide(target);
  const change = core.sides[source].changes.get(action.path);
  const now = performance.now();
  transfers.push(toTransfer(applied, target, now - (change?.since ?? now)));
  noteArrival(engine, target, applied);
  engine.comebacks.arrived(target, action);
  setSide(core, target, action.path, outcome.now, { since: now });
  if (isRuleFile(action.path)) {
    const bytes = change?.bytes;
    const observation = {
      path: action.path,
      look: outcome.now,
      ...(bytes === undefined ? {} : { bytes }),
    };
    if (noteRuleFile(core, target, observation)) engine.rescan.add(parentPath(action.path));
  }
  if (movedFrom !== undefined) {
    setSide(core, target, movedFrom, null, { since: now });
    // As in agreeOnSeen: what was put back there meanwhile is new, and the target has not removed it.
    agree(core, movedFrom, null);
    settle(engine, movedFrom);
  }
  agreeOnSeen(engine, applied);
  if (action.type === 'remove') agreeOnRemoved(engine, action);
  settle(engine, action.path);
  endTrouble(engine, action.path);
}

/** What was done and what stood there before, for an undo; before the session knows better. */
function noteArrival(engine: Engine, side: Side, applied: Applied): void {
  const { action, movedFrom, outcome } = applied;
  const { core, arrivals } = engine;
  const { path } = action;
  // What was found there is more exact than what was known: permissions need not travel.
  const before = outcome.kept?.entry ?? sideLook(core, side, path);
  // The first copy of a whole tree is nothing that anybody wants to undo file by file.
  if (before === null && side === 'container' && core.hostLeads) return;
  const by = authorOf(engine, side, applied);
  const author = by === undefined ? {} : { by };
  arrivals.note({ path, side, before, after: outcome.now, ...author });
  if (movedFrom === undefined) return;
  arrivals.note({
    path: movedFrom,
    side,
    before: sideLook(core, side, movedFrom),
    after: null,
    ...author,
  });
}

/**
 * The other side may have changed again meanwhile. Both did hold this, so the base takes it: that change
 * is then an edit of what the target holds now, and no conflict with it.
 */
function agreeOnSeen({ core }: Engine, { action, seen, outcome }: Applied): void {
  const { now } = outcome;
  if (now?.kind === 'blocked' || !sameEntry(seen, now, core.options.modes)) return;
  if (!sameEntry(now, core.base.get(action.path), core.options.modes))
    agree(core, action.path, now);
}

/**
 * It went since the other side did not hold it any more, also when that held something else, which comes
 * next. Should the other side hold the same again, that is new, and no removal by the target.
 */
function agreeOnRemoved({ core }: Engine, { path, expect }: Action & { type: 'remove' }): void {
  const known = core.base.get(path);
  const isEmpty = core.base.entries(path).next().done === true;
  if (known !== null && isEmpty && sameContent(expect, known)) agree(core, path, null);
}

/** When the two sides differ although the action is done, one of them changed meanwhile. */
function settle(engine: Engine, path: Path): void {
  if (!settlePath(engine.core, path)) engine.core.dirty.add(path);
}

/**
 * It is told what stands there when it can be looked at again: the replica tells by itself only what is
 * different from what it told before.
 */
function lookAgain({ replica }: AbsorbContext, { path, now }: Outcome): void {
  if (now?.kind === 'blocked') replica.look([path]).catch(() => undefined);
}

function absorbMissed(engine: Engine, context: AbsorbContext, { action, outcome }: Applied): void {
  const { core, retries } = engine;
  const { target } = context;
  if (outcome.leftover !== undefined)
    core.sides[target].leftovers.set(action.path, outcome.leftover);
  const known = sideLook(core, target, action.path);
  setSide(core, target, action.path, outcome.now, { since: performance.now() });
  if (outcome.leftover !== undefined) {
    settle(engine, action.path);
    endTrouble(engine, action.path);
  }
  // What stands there was known when this was decided: trying at once would only miss again. (It may have
  // become known since: then there is something to decide now, and a flush waits for that.)
  else if (sameLook(known, outcome.now) && sameContent(known, action.expect))
    retries.later(action.path);
  else core.dirty.add(action.path);
  lookAgain(context, outcome);
}

function sameLook(a: Look, b: Look): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function absorbFailed(engine: Engine, context: AbsorbContext, { action, outcome }: Applied): void {
  const { core, report, retries } = engine;
  const { target } = context;
  const error = outcome.error ?? { code: 'IO' as const, message: 'failed for an unknown reason' };
  setSide(core, target, action.path, outcome.now, { since: performance.now() });
  if (!hasChange(core, action.path)) {
    // The other side changed back meanwhile: there is nothing any more that could fail.
    endTrouble(engine, action.path);
    return;
  }
  retries.later(action.path);
  lookAgain(context, outcome);
  // BUSY means that something changed under the action's feet; that is no problem unless it stays.
  if (error.code === 'BUSY') return;
  addProblem(report, {
    side: target,
    path: action.path,
    code: error.code,
    message: error.message,
    ...nextStep(error.code),
  });
}

function nextStep(code: string): { next?: string } {
  if (code === 'NO_SPACE') return { next: 'Free some space; it is tried again by itself.' };
  if (code === 'PERMISSION')
    return { next: 'Let that user write there (owner or mode); it is tried again by itself.' };
  if (code === 'NAME') return { next: 'Rename it; this name cannot be held on that side.' };
  return {};
}

function toTransfer({ action, movedFrom }: Applied, to: Side, ms: number): Transfer {
  const entry = action.type === 'remove' ? action.expect : action.entry;
  const what =
    action.type === 'remove'
      ? 'remove'
      : action.type === 'attributes'
        ? 'attributes'
        : movedFrom !== undefined
          ? 'move'
          : action.expect === null
            ? 'create'
            : 'update';
  return {
    path: action.path,
    to,
    action: what,
    ...(movedFrom === undefined ? {} : { from: movedFrom }),
    kind: entry.kind,
    ...(entry.kind === 'file' && what !== 'remove' && what !== 'attributes'
      ? { size: entry.size }
      : {}),
    ms: Math.round(ms * 10) / 10,
    time: Date.now(),
  };
}
