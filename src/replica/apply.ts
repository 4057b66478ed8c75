/**
 * Carries out actions, each under its precondition: what is expected must stand there, or nothing is
 * done. No outcome is a guess: `now` is what was seen on disk afterwards.
 */
import { parentPath } from '../tree/path.ts';
import { applyAttributes } from './apply-attributes.ts';
import { applyDirectory } from './apply-directory.ts';
import { applyRemove } from './apply-remove.ts';
import { applyLink, applyWrite } from './apply-write.ts';
import { isAbsence } from './fs-port.ts';
import { findBrood, raise } from './nursery.ts';
import { noteOwed } from './owed.ts';
import type { Action, Outcome } from './replica.ts';
import { startSlice } from './slice.ts';
import { checkActionPath, failed, missed, type Work, wayIsReal } from './work.ts';

export async function apply(work: Work, actions: readonly Action[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const slice = startSlice();
  work.real.clear();
  // Up to here what could have been raised was tried.
  let tried = 0;
  while (outcomes.length < actions.length) {
    const at = outcomes.length;
    const brood = at < tried ? undefined : findBrood(actions, at);
    if (brood !== undefined) {
      tried = at + brood.length;
      const raised = await raise(work, brood, slice);
      if (raised !== undefined) outcomes.push(...raised);
    }
    if (outcomes.length === at) outcomes.push(await applyOne(work, actions[at] as Action));
    if (!slice.over()) continue;
    await slice.next();
    // Others had their turn: what was a directory may be a link by now.
    work.real.clear();
  }
  noteOwed(work, actions, outcomes);
  return outcomes;
}

async function applyOne(work: Work, action: Action): Promise<Outcome> {
  const { path } = action;
  try {
    checkActionPath(path);
  } catch (error) {
    const { code, message } = error as { code: 'PROTOCOL'; message: string };
    return { path, result: 'failed', now: null, error: { code, message } };
  }
  try {
    return await carryOut(work, action);
  } catch (error) {
    if (!isAbsence(error) || !work.area.isLost()) return failed(work, path, error);
    // Somebody cleaned up: the staging area is made anew, and what is to be put in place with it.
    return carryOut(work, action).catch((again: unknown) => failed(work, path, again));
  }
}

async function carryOut(work: Work, action: Action): Promise<Outcome> {
  const { path } = action;
  if (!wayIsReal(work, path)) {
    work.hint(parentPath(path));
    return action.type === 'remove'
      ? { path, result: 'done', now: null }
      : missed(work, path, null);
  }
  switch (action.type) {
    case 'write':
      return applyWrite(work, action);
    case 'link':
      return applyLink(work, action);
    case 'mkdir':
      return applyDirectory(work, action);
    case 'remove':
      return applyRemove(work, action);
    case 'attributes':
      return applyAttributes(work, action);
  }
}
