/**
 * An outcome tells what was seen on the disk at that moment; the picture may have something else, which the
 * next look compares with. What becomes the same as the picture again before that look would pass for told.
 * So the path is owed a telling: the next look tells it, different from the picture or not.
 */
import { type Look, sameEntry } from '../tree/entry.ts';
import type { Path } from '../tree/path.ts';
import { lookOf } from './nodes.ts';
import type { Action, Outcome } from './replica.ts';
import type { Teller, View } from './view.ts';
import type { Work } from './work.ts';

/** Notes which outcomes do not tell what the picture has, and wants looks at those paths. */
export function noteOwed(
  work: Work,
  actions: readonly Action[],
  outcomes: readonly Outcome[],
): void {
  for (const [at, { path, now, result }] of outcomes.entries()) {
    const action = actions[at];
    compare(work, path, now);
    if (action?.type !== 'write' || action.source.from !== 'move') continue;
    // A move that is done tells that the old name is gone. During another it may have been written through
    // the new name, of which the watch of the old one hears nothing.
    if (result === 'done') compare(work, action.source.path, null);
    else work.hint(action.source.path);
  }
}

function compare({ view, hint }: Work, path: Path, told: Look): void {
  // A refused path may be anything, the root too, of which no outcome tells.
  const known = path === '' ? null : lookOf(view.picture.get(path));
  if (sameEntry(known, told, 'full')) {
    view.owed.delete(path);
    return;
  }
  view.owed.set(path, known);
  hint(path);
}

/** After a look at all that was hinted at: what the picture has still as it had it was not told. */
export function tellOwed(view: View, teller: Teller, later: (path: Path) => boolean): void {
  for (const [path, before] of view.owed) {
    if (later(path)) continue;
    view.owed.delete(path);
    const node = view.picture.get(path);
    const isIgnored = view.rules.verdict(path, node?.kind === 'directory').excluded;
    if (isIgnored || !sameEntry(lookOf(node), before, 'full')) continue;
    if (node === undefined) teller.gone(path);
    else teller.tell(path, lookOf(node));
  }
}
