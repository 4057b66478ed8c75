/** Merges two texts of a conflict with the one they come from, where all three are at hand (DESIGN 7). */
import { createHash } from 'node:crypto';
import { type CaiError, toCaiError } from '../errors.ts';
import { settleMerged } from '../tree/conflict.ts';
import { maxTextBytes, mergeText } from '../tree/merge-text.ts';
import type { Side } from '../tree/path.ts';
import type { PlannedActions, PlannedConflict } from '../tree/reconcile.ts';
import { readSide } from './contents.ts';
import type { Engine } from './engine.ts';
import { type Staging, stageBytes } from './staging.ts';

export type Merging =
  | { readonly result: 'merged'; readonly actions: PlannedActions }
  /** The two touch, it is no text, or what they come from is not known. */
  | { readonly result: 'not-clean' }
  /** A side changed again: there will be something new to decide. */
  | { readonly result: 'changed' }
  /** It is clean, and a side does not take it. */
  | { readonly result: 'failed'; readonly side: Side; readonly error: CaiError };

/** Tries a merge, and stages what comes of it for both sides. */
export async function tryMerge(
  engine: Engine,
  conflict: PlannedConflict,
  staging: Staging,
): Promise<Merging> {
  const { path, base, local, container } = conflict;
  if (base?.kind !== 'file' || local?.kind !== 'file' || container?.kind !== 'file')
    return { result: 'not-clean' };
  if (Math.max(base.size, local.size, container.size) > maxTextBytes)
    return { result: 'not-clean' };
  const from = await engine.store.texts.read(base.digest);
  if (from === undefined) return { result: 'not-clean' };
  const [mine, theirs] = await Promise.all([
    readSide(engine, 'local', path, local),
    readSide(engine, 'container', path, container),
  ]);
  if (mine === undefined || theirs === undefined) return { result: 'changed' };
  const merged = mergeText(from, mine, theirs);
  if (merged === undefined) return { result: 'not-clean' };
  const digest = createHash('sha256').update(merged).digest('hex');
  // To the millisecond, which is what travels.
  const actions = settleMerged(conflict, { digest, size: merged.length, mtime: Date.now() });
  for (const side of ['local', 'container'] as const) {
    try {
      await provide(engine, { side, actions: actions[side] }, merged, staging);
    } catch (thrown) {
      return { result: 'failed', side, error: toCaiError(thrown, path) };
    }
  }
  engine.store.texts.add(digest, merged);
  return { result: 'merged', actions };
}

async function provide(
  engine: Engine,
  { side, actions }: { readonly side: Side; readonly actions: PlannedActions[Side] },
  bytes: Uint8Array,
  staging: Staging,
): Promise<void> {
  for (const { type, path, ...action } of actions) {
    if (type !== 'write' || !('entry' in action) || action.entry.kind !== 'file') continue;
    await stageBytes(engine, staging, { side, path, entry: action.entry }, bytes);
  }
}
