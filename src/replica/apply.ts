/**
 * Carries out actions, each under its precondition: what is expected must stand there, or nothing is
 * done. No outcome is a guess: `now` is what was seen on disk afterwards.
 */
import { parentPath } from '../tree/path.ts';
import { applyAttributes } from './apply-attributes.ts';
import { applyDirectory } from './apply-directory.ts';
import { applyRemove } from './apply-remove.ts';
import { applyLink, applyWrite } from './apply-write.ts';
import type { Action, Outcome } from './replica.ts';
import { startSlice } from './slice.ts';
import { checkActionPath, failed, missed, type Work, wayIsReal } from './work.ts';

export async function apply(work: Work, actions: readonly Action[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const slice = startSlice();
  work.real.clear();
  for (const action of actions) {
    outcomes.push(await applyOne(work, action));
    if (!slice.over()) continue;
    await slice.next();
    // Others had their turn: what was a directory may be a link by now.
    work.real.clear();
  }
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
    if (!wayIsReal(work, path)) {
      if (action.type === 'remove') return { path, result: 'done', now: null };
      work.hint(parentPath(path));
      return missed(work, path, null);
    }
    switch (action.type) {
      case 'write':
        return await applyWrite(work, action);
      case 'link':
        return await applyLink(work, action);
      case 'mkdir':
        return await applyDirectory(work, action);
      case 'remove':
        return await applyRemove(work, action);
      case 'attributes':
        return await applyAttributes(work, action);
    }
  } catch (error) {
    return failed(work, path, error);
  }
}
