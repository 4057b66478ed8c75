/** Decides directories, child by child, and hands every other path to the file that decides it. */
import { modeSide, type Pair } from './attributes.ts';
import { type DirectoryEntry, sameMode } from './entry.ts';
import { joinPath, otherSide, type Side } from './path.ts';
import { lookBelow, namesBelow } from './reconcile-changes.ts';
import { decideClash } from './reconcile-clash.ts';
import { decideLeaf } from './reconcile-leaf.ts';
import {
  asTheyAre,
  type Context,
  isGuarded,
  leaderAt,
  leave,
  mayWrite,
  nowhere,
  onBoth,
  type Spot,
  type Standing,
} from './reconcile-spot.ts';

/**
 * Decides what is below a spot that is a directory on some side. Where both have it, only changed
 * names are looked at; where one has lost it, all that the base knows.
 */
export function decideBelow(context: Context, spot: Spot): Standing {
  const { base } = context.input;
  const { looks } = spot;
  const all = looks.local?.kind !== 'directory' || looks.container?.kind !== 'directory';
  let standing = nowhere;
  // Backwards and children first: Draft turns it round.
  for (const name of namesBelow(base, spot.path, spot.node, all).reverse()) {
    const path = joinPath(spot.path, name);
    const node = spot.node?.children?.get(name);
    const look = (side: Side) => lookBelow({ base, side, path, node, parent: looks[side] });
    const child = decide(context, {
      path,
      base: base.get(path),
      looks: { local: look('local'), container: look('container') },
      node,
      closed: spot.closed,
    });
    standing = {
      local: standing.local || child.local,
      container: standing.container || child.container,
    };
  }
  return standing;
}

function decide(context: Context, spot: Spot): Standing {
  const { local, container } = spot.looks;
  if (local?.kind === 'blocked' || container?.kind === 'blocked') return asTheyAre(spot);
  if (local?.kind === 'directory') {
    if (container?.kind === 'directory') return decideBoth(context, spot, { local, container });
    if (container === null) return decideHalf(context, spot, 'local', local);
    return decideClash(context, { ...spot, looks: { local, container } }, 'local');
  }
  if (container?.kind !== 'directory') {
    return decideLeaf(context, { ...spot, looks: { local, container } });
  }
  if (local === null) return decideHalf(context, spot, 'container', container);
  return decideClash(context, { ...spot, looks: { local, container } }, 'container');
}

/** Both sides have a directory. */
function decideBoth(context: Context, spot: Spot, pair: Pair<DirectoryEntry>): Standing {
  decideBelow(context, spot);
  const { base, node } = spot;
  const { modes } = context.input;
  const known = base?.kind === 'directory' ? base : undefined;
  if (sameMode(pair.local, pair.container, modes)) {
    const isListed = node?.local !== undefined || node?.container !== undefined;
    if (isListed) context.draft.agree(spot.path, pair.local);
    return onBoth;
  }
  const leader = leaderAt(context, spot);
  const isChanged = (side: Side) => known === undefined || !sameMode(known, pair[side], modes);
  if (leader === 'neither') {
    for (const side of ['local', 'container'] as const)
      if (isChanged(side)) leave(context, spot, side);
    if (known === undefined) context.draft.agree(spot.path, pair.local);
    return onBoth;
  }
  const from = leader ?? modeSide(context, spot, pair, 'local');
  const to = otherSide(from);
  // What is below can only be agreed on in a directory, and so the base takes this one as if `from`
  // had changed its mode since: should the action fail, it is tried again.
  if (known === undefined) context.draft.agree(spot.path, pair[to]);
  if (isChanged(from)) context.draft.attributes(to, spot.path, pair[to], pair[from]);
  else leave(context, spot, to);
  return onBoth;
}

/** `holder` has a directory, the other side nothing. */
function decideHalf(
  context: Context,
  spot: Spot,
  holder: Side,
  directory: DirectoryEntry,
): Standing {
  const { draft } = context;
  const { path, base } = spot;
  const absent = otherSide(holder);
  const closed = absent === 'local' && isGuarded(context, spot);
  const createdBefore = draft.created(absent);
  const below = decideBelow(context, { ...spot, closed });
  const isNeeded = draft.created(absent) > createdBefore;
  const isNew = base?.kind !== 'directory';
  if (isNeeded || (isNew && mayWrite(context, spot, absent))) {
    draft.create(absent, path, null, directory);
    if (base !== null) draft.list('restored', path);
    return onBoth;
  }
  if (isNew) leave(context, spot, holder);
  else if (!mayWrite(context, spot, holder)) leave(context, spot, absent);
  else if (!below[holder]) {
    draft.remove(holder, path, directory);
    return nowhere;
  }
  return asTheyAre(spot);
}
