/**
 * Who wins a conflict (DESIGN 7), and what to do once the winner of one that waited is known.
 * A link and an empty directory have no time: they count as older than any file. Ties go to local.
 */
import { type FileEntry, type Look, sameContent, sameEntry } from './entry.ts';
import { otherSide, type Side } from './path.ts';
import type {
  ConflictPolicy,
  PlannedAction,
  PlannedActions,
  PlannedConflict,
  ReconcileInput,
} from './reconcile.ts';

/** By the host's clock; for directories give the looks of all that is below. */
export function timeOf(
  input: Pick<ReconcileInput, 'clockSkew'>,
  side: Side,
  looks: Iterable<Look>,
): number {
  let time = Number.NEGATIVE_INFINITY;
  for (const look of looks) if (look?.kind === 'file' && look.mtime > time) time = look.mtime;
  return side === 'container' ? time - input.clockSkew : time;
}

export function newest(times: Readonly<Record<Side, number>>): Side {
  return times.container > times.local ? 'container' : 'local';
}

/** Who wins by policy. `mergeable`: both sides and the base hold files. */
export function chooseWinner(options: {
  readonly policy: ConflictPolicy;
  readonly hostLeads: boolean;
  readonly newest: Side;
  readonly mergeable: boolean;
}): PlannedConflict['winner'] {
  const { policy } = options;
  if (policy === 'manual') return 'open';
  if (policy === 'local' || policy === 'container') return policy;
  if (options.hostLeads) return 'local';
  return policy === 'merge' && options.mergeable ? 'merge' : options.newest;
}

/** The actions that settle an 'open' or 'merge' conflict in favour of a side. */
export function settleConflict(conflict: PlannedConflict, winner: Side): PlannedActions {
  return conflict.choices?.[winner] ?? { local: [], container: [] };
}

/** The actions that put merged content on both sides; its bits are those that the plan settled on. */
export function settleMerged(
  conflict: PlannedConflict,
  content: Pick<FileEntry, 'digest' | 'size' | 'mtime'>,
): PlannedActions {
  const loser = otherSide(conflict.fallback);
  const written = settleConflict(conflict, conflict.fallback)[loser][0];
  if (written?.type !== 'write' || written.entry.kind !== 'file')
    return { local: [], container: [] };
  const entry: FileEntry = { ...written.entry, ...content };
  const actions = (side: Side): readonly PlannedAction[] => {
    const expect = conflict[side];
    if (expect?.kind !== 'file' || sameEntry(expect, entry, 'full')) return [];
    const type = sameContent(expect, entry) ? 'attributes' : 'write';
    return [{ type, path: conflict.path, expect, entry }];
  };
  return { local: actions('local'), container: actions('container') };
}
