/**
 * Actions that were sent to a side and that nobody answered, since the link broke: they may be carried
 * out or not. When that side is looked at again and holds just what one of them was to make, that is
 * sync's own deed, and the base takes it. As a change of that side it would undo what the other side,
 * where it came from, has become meanwhile.
 */
import type { Look } from '../tree/entry.ts';
import { sameContent, sameMode } from '../tree/entry.ts';
import type { Path, Side } from '../tree/path.ts';
import type { PlannedAction } from '../tree/reconcile.ts';
import { agree, type Core } from './core.ts';

interface Sent {
  readonly action: Pick<PlannedAction, 'type' | 'path'> & { readonly entry?: Look };
  readonly movedFrom?: Path;
}

/** None of these was answered. */
export function noteUnanswered(core: Core, target: Side, sent: readonly Sent[]): void {
  const { unanswered } = core.sides[target];
  const note = (path: Path, look: Look): void => {
    const known = unanswered.get(path);
    if (known === undefined) unanswered.set(path, [look]);
    else known.push(look);
  };
  for (const { action, movedFrom } of sent) {
    note(action.path, action.entry ?? null);
    if (movedFrom !== undefined) note(movedFrom, null);
  }
}

/** What is seen on a side: the base takes it where it is what an action that nobody answered was to make. */
export function recognise(core: Core, side: Side, path: Path, look: Look): void {
  const made = core.sides[side].unanswered.get(path);
  if (made === undefined || look?.kind === 'blocked') return;
  const isOwn = made.some((one) => isSame(core, one, look));
  // What the base has below a directory that went was not seen to go with it: that is for the rules to decide.
  if (!isOwn || (look === null && core.base.entries(path).next().done === false)) return;
  agree(core, path, look);
}

function isSame(core: Core, made: Look, look: Look): boolean {
  if (!sameContent(made, look)) return false;
  if (made === null || look === null || made.kind === 'blocked' || look.kind === 'blocked')
    return true;
  return sameMode(made, look, core.options.modes);
}
