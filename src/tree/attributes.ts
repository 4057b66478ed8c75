/** Executable bit, mode and time three-way, apart from content: which side's are taken. */
import { chooseWinner, newest, timeOf } from './conflict.ts';
import { type DirectoryEntry, type FileEntry, sameMode, sameTime } from './entry.ts';
import type { Side } from './path.ts';
import type { Context, Spot } from './reconcile-spot.ts';

/** One side's word, the other's, and what both came from. */
export interface Pair<E> {
  readonly local: E;
  readonly container: E;
}

/**
 * The side whose permissions are taken where both may be written; `preferred` when they are the same.
 * 'manual' does not wait for a person because of permissions alone: the newest counts.
 */
export function modeSide(
  context: Context,
  spot: Spot,
  pair: Pair<FileEntry> | Pair<DirectoryEntry>,
  preferred: Side,
): Side {
  const { input } = context;
  if (sameMode(pair.local, pair.container, input.modes)) return preferred;
  if (spot.base?.kind === pair.local.kind) {
    if (sameMode(spot.base, pair.local, input.modes)) return 'container';
    if (sameMode(spot.base, pair.container, input.modes)) return 'local';
  }
  const latest = newerOf(context, pair);
  const winner = chooseWinner({
    policy: input.policy(spot.path),
    hostLeads: input.hostLeads,
    newest: latest,
    mergeable: false,
  });
  return winner === 'local' || winner === 'container' ? winner : input.hostLeads ? 'local' : latest;
}

/** The side whose time is taken, for files of the same content. */
export function timeSide(context: Context, spot: Spot, pair: Pair<FileEntry>): Side {
  if (sameTime(pair.local.mtime, pair.container.mtime)) return 'local';
  if (spot.base?.kind === 'file') {
    if (sameTime(spot.base.mtime, pair.local.mtime)) return 'container';
    if (sameTime(spot.base.mtime, pair.container.mtime)) return 'local';
  }
  return newerOf(context, pair);
}

function newerOf(context: Context, pair: Pair<FileEntry> | Pair<DirectoryEntry>): Side {
  return newest({
    local: timeOf(context.input, 'local', [pair.local]),
    container: timeOf(context.input, 'container', [pair.container]),
  });
}

/** A file's content with the permissions of another. */
export function withMode(content: FileEntry, from: FileEntry): FileEntry {
  return { ...content, executable: from.executable, mode: from.mode };
}
