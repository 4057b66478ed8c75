/**
 * What the handles on a shared root have in common, and how they hear of it. What one of them applies is
 * told to the others as changes, before anything else is looked at.
 */
import { toCaiError } from '../errors.ts';
import type { Path } from '../tree/path.ts';
import type { DiskReplica } from './disk.ts';
import type { Action, Kept, Observation, Outcome, ReplicaEvent } from './replica.ts';
import { tellChanges } from './telling.ts';
import type { Teller } from './view.ts';

export interface Hearer {
  hear(event: ReplicaEvent): void;
  /** It cannot be used any more. */
  end(reason: Error | undefined): void;
}

/** A walk over the disk that somebody makes; `release` lets it go on at the disk's own speed. */
interface Walking {
  readonly done: Promise<void>;
  readonly release: () => void;
}

export interface SharedRoot {
  readonly disk: DiskReplica;
  readonly handles: Set<Hearer>;
  walking: Walking | undefined;
  /** When the disk was last looked at whole, milliseconds of performance.now(). */
  walked: number;
  /** What handles that are closed had kept and nobody released. */
  readonly orphans: Map<string, Kept>;
  /** Directories that are polled, as last told. */
  polling: ReplicaEvent | undefined;
  /** The last handle went. */
  closed: boolean;
  /** From now on, who opens the directory opens another root. */
  readonly leave: () => void;
}

/** Tells all handles but one. One that fails at it ends, and no other. */
export function tell(root: SharedRoot, event: ReplicaEvent, except?: Hearer): void {
  for (const handle of [...root.handles]) {
    if (handle === except) continue;
    try {
      handle.hear(event);
    } catch (error) {
      handle.end(toCaiError(error));
    }
  }
}

/** Tells all handles but one what it has done. Called before anything else is looked at. */
export async function tellDone(
  root: SharedRoot,
  doer: Hearer,
  actions: readonly Action[],
  outcomes: readonly Outcome[],
): Promise<void> {
  if (root.handles.size < 2) return;
  const teller = tellChanges((changes) => tell(root, { type: 'changes', changes }, doer));
  try {
    await tellEach(root, actions, outcomes, teller);
  } catch (error) {
    // It is done all the same; the others find it in what is known.
    tell(root, { type: 'rescan-needed', reason: toCaiError(error).message }, doer);
  }
  teller.finish();
}

async function tellEach(
  root: SharedRoot,
  actions: readonly Action[],
  outcomes: readonly Outcome[],
  teller: Teller,
): Promise<void> {
  for (const [index, outcome] of outcomes.entries()) {
    const action = actions[index];
    // A miss or a failure changed nothing, or is looked at again and told to all.
    if (action === undefined || outcome.result !== 'done') continue;
    for (const { path, look, bytes } of await seenBy(root, action, outcome)) {
      if (look === null) teller.gone(path);
      else teller.tell(path, look, bytes);
    }
  }
}

async function seenBy(
  { disk }: SharedRoot,
  action: Action,
  { path, now }: Outcome,
): Promise<readonly Observation[]> {
  const rows: Observation[] = [];
  const source = action.type === 'write' ? action.source : undefined;
  if (source?.from === 'move') rows.push(await disk.known(source.path));
  const written =
    action.type === 'write' && now?.kind === 'file' && now.digest === action.entry.digest;
  if (written && source?.from === 'bytes') rows.push({ path, look: now, bytes: source.bytes });
  else rows.push(await withRules(disk, path, now));
  return rows;
}

async function withRules(disk: DiskReplica, path: Path, now: Outcome['now']): Promise<Observation> {
  const known = await disk.known(path);
  return known.bytes === undefined ? { path, look: now } : { ...known, look: now };
}
