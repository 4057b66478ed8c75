/** Decides a path where neither side has a directory: files, links, or nothing. */
import { modeSide, type Pair, timeSide, withMode } from './attributes.ts';
import { chooseWinner, newest, timeOf } from './conflict.ts';
import { type Entry, type FileEntry, sameContent, sameEntry } from './entry.ts';
import { otherSide, type Side } from './path.ts';
import type { PlannedConflict } from './reconcile.ts';
import { Draft } from './reconcile-draft.ts';
import {
  asTheyAre,
  type Context,
  leaderAt,
  leave,
  mayWrite,
  nowhere,
  onBoth,
  type Spot,
  type Standing,
} from './reconcile-spot.ts';

type Leaf = Exclude<Entry, { kind: 'directory' }>;

/** A spot where both sides have a file, a link or nothing. */
export interface LeafSpot extends Spot {
  readonly looks: Readonly<Record<Side, Leaf | null>>;
}

export function decideLeaf(context: Context, spot: LeafSpot): Standing {
  const { base, looks } = spot;
  if (base?.kind === 'directory') {
    const gone = [...context.input.base.entries(spot.path)].reverse();
    for (const [path] of gone) context.draft.agree(path, null);
  }
  if (sameContent(looks.local, looks.container)) return decideEqual(context, spot);
  const localChanged = !sameContent(looks.local, base);
  const containerChanged = !sameContent(looks.container, base);
  if (localChanged && containerChanged) return decideBothChanged(context, spot);
  const from = localChanged ? 'local' : 'container';
  if (mayWrite(context, spot, otherSide(from))) return carry(context, spot, from);
  leave(context, spot, from);
  return asTheyAre(spot);
}

function decideEqual(context: Context, spot: LeafSpot): Standing {
  const { local, container } = spot.looks;
  if (local?.kind === 'file' && container?.kind === 'file') {
    decideAttributes(context, spot, { local, container });
  } else if (spot.base !== null || local !== null) context.draft.agree(spot.path, local);
  return asTheyAre(spot);
}

/** Both hold the same content. */
function decideAttributes(context: Context, spot: LeafSpot, files: Pair<FileEntry>): void {
  const { modes } = context.input;
  if (sameEntry(files.local, files.container, modes)) {
    context.draft.agree(spot.path, files.local);
    return;
  }
  const leader = leaderAt(context, spot);
  const isChanged = (side: Side) => !sameEntry(files[side], spot.base, modes);
  if (leader === 'neither') {
    for (const side of ['local', 'container'] as const)
      if (isChanged(side)) leave(context, spot, side);
  } else if (leader !== undefined) {
    if (isChanged(leader)) bring(context, spot, otherSide(leader), files[leader]);
    else leave(context, spot, otherSide(leader));
  } else {
    const mode = files[modeSide(context, spot, files, 'local')];
    const { mtime } = files[timeSide(context, spot, files)];
    const target = { ...withMode(files.local, mode), mtime };
    bring(context, spot, 'local', target);
    bring(context, spot, 'container', target);
  }
}

function decideBothChanged(context: Context, spot: LeafSpot): Standing {
  const { local, container } = spot.looks;
  if (local !== null && container !== null) return decideConflict(context, spot);
  const edited: Side = local === null ? 'container' : 'local';
  const removed = otherSide(edited);
  if (mayWrite(context, spot, removed)) {
    context.draft.list('restored', spot.path);
    return carry(context, spot, edited);
  }
  if (context.input.mode === 'two-way') {
    // Protected: what the container made of it must not come back to the host, which removed it.
    record(context, spot, 'edit-remove', { winner: 'local', fallback: 'local' });
    return carry(context, spot, 'local');
  }
  leave(context, spot, edited);
  return asTheyAre(spot);
}

function decideConflict(context: Context, spot: LeafSpot): Standing {
  const { base, looks } = spot;
  const leader = leaderAt(context, spot);
  if (leader === 'neither') {
    leave(context, spot, 'container');
    leave(context, spot, 'local');
    return onBoth;
  }
  const latest = newest({
    local: timeOf(context.input, 'local', [looks.local]),
    container: timeOf(context.input, 'container', [looks.container]),
  });
  const mergeable = [base, looks.local, looks.container].every((look) => look?.kind === 'file');
  const winner =
    leader ??
    chooseWinner({
      policy: context.input.policy(spot.path),
      hostLeads: context.input.hostLeads,
      newest: latest,
      mergeable,
    });
  const kind = base === null ? 'create-create' : 'edit-edit';
  if (winner === 'local' || winner === 'container') {
    record(context, spot, kind, { winner, fallback: winner });
    return carry(context, spot, winner);
  }
  const choice = (side: Side) => {
    const draft = new Draft();
    carry({ ...context, draft }, spot, side);
    return draft.actions();
  };
  const choices = { local: choice('local'), container: choice('container') };
  record(context, spot, kind, { winner, fallback: latest, choices });
  return onBoth;
}

function record(
  context: Context,
  spot: LeafSpot,
  kind: PlannedConflict['kind'],
  outcome: Pick<PlannedConflict, 'winner' | 'fallback' | 'choices'>,
): void {
  context.draft.conflict({ path: spot.path, base: spot.base, ...spot.looks, kind, ...outcome });
}

/** Makes both sides what `from` has; permissions that only the other side changed are kept. */
function carry(context: Context, spot: LeafSpot, from: Side): Standing {
  const { local, container } = spot.looks;
  const source = spot.looks[from];
  const to = otherSide(from);
  if (source === null) {
    if (spot.looks[to] !== null) context.draft.remove(to, spot.path, spot.looks[to]);
    return nowhere;
  }
  let target: Leaf = source;
  if (source.kind === 'file' && local?.kind === 'file' && container?.kind === 'file') {
    const files = { local, container };
    const side =
      leaderAt(context, spot) === undefined ? modeSide(context, spot, files, from) : from;
    target = withMode(source, files[side]);
  }
  bring(context, spot, to, target);
  bring(context, spot, from, target);
  return onBoth;
}

function bring(context: Context, spot: LeafSpot, side: Side, target: Leaf): void {
  const look = spot.looks[side];
  if (look === null || !sameContent(look, target)) {
    context.draft.create(side, spot.path, look, target);
  } else if (!sameEntry(look, target, context.input.modes)) {
    context.draft.attributes(side, spot.path, look, target);
  }
}
