/**
 * Carries a plan out on one side: fetches what has to be fetched, applies in bounded batches, keeps a
 * few of them on their way at once. Large contents go aside (large.ts), so that nothing waits for them.
 */
import type { Replica } from '../replica/replica.ts';
import { inlineLimit } from '../replica/replica.ts';
import type { Look } from '../tree/entry.ts';
import type { Path, Side } from '../tree/path.ts';
import { isWithin, otherSide } from '../tree/path.ts';
import type { PlannedAction } from '../tree/reconcile.ts';
import type { AbsorbContext, Applied } from './absorb.ts';
import { absorb } from './absorb.ts';
import { createBounded } from './bounded.ts';
import { sideLook } from './core.ts';
import type { Engine } from './engine.ts';
import { replicaOf } from './engine.ts';
import { clearing, describeHold, dropSettled, judgeRemovals } from './holds.ts';
import { bringLarge } from './large.ts';
import { lostModes } from './lost-modes.ts';
import type { Basis, Step } from './plan.ts';
import { orderActions } from './plan.ts';
import { addHold, arrived } from './report.ts';
import type { LargeStep } from './shipments.ts';
import { isAged } from './snapshot.ts';
import { noteUnanswered } from './unanswered.ts';

const batchActions = 256;
// With the actions themselves this stays below one message of the link, whose answer is then one too.
const batchBytes = 512 * 1024;
const batchesAtOnce = 3;

/** Steps of one batch: bounded in number and in bytes. */
interface Batch {
  readonly steps: Step[];
  bytes: number;
}

export async function carryOut(
  engine: Engine,
  target: Side,
  planned: readonly PlannedAction[],
  basis: Basis,
): Promise<void> {
  if (planned.length === 0) return;
  const replica = replicaOf(engine, target);
  const going = withoutHeld(engine, target, planned, basis);
  const { steps } = orderActions(engine.core, target, going, basis);
  const context: AbsorbContext = { target, replica };
  const small: Step[] = [];
  const large: LargeStep[] = [];
  for (const step of steps) {
    if (!step.ready && step.entry.size > inlineLimit) large.push(step);
    else small.push(step);
  }
  const work = createBounded(batchesAtOnce);
  try {
    for (const batch of toBatches(small)) {
      await engine.bandwidth.take(batch.bytes);
      const ready = await fetchBatch(engine, target, batch.steps);
      await work.add(applyBatch(engine, context, ready));
    }
  } finally {
    await work.settled();
  }
  work.check();
  bringLarge(engine, context, large);
}

/** Leaves out removals that wait for a person, and whatever would need their place. */
function withoutHeld(
  engine: Engine,
  target: Side,
  all: readonly PlannedAction[],
  basis: Basis,
): readonly PlannedAction[] {
  const { core, window, report } = engine;
  const planned = core.aged.size === 0 ? all : all.filter(({ path }) => !isAged(core, path));
  const clears = clearing(planned);
  for (const path of clears) core.held.delete(path);
  const moved = orderActions(core, target, planned, basis).moved;
  const { reason, held } = judgeRemovals(core, window, {
    target,
    actions: planned,
    clears,
    moved,
    now: Date.now(),
  });
  // One that is settled in this very cycle must not cut the plan in two.
  dropSettled(core);
  for (const path of held) core.held.add(path);
  if (reason !== undefined) addHold(report, describeHold(core, reason, otherSide(target)));
  if (core.held.size === 0) return planned;
  const waiting = [...core.held];
  // A directory may be made again for what was edited in it, or get a mode: that takes nothing's place.
  return planned.filter(({ type, path }) => {
    if (type === 'mkdir' || type === 'attributes') return true;
    if (type !== 'remove' && core.held.has(path)) return true;
    return !waiting.some((held) => isWithin(path, held));
  });
}

function* toBatches(steps: readonly Step[]): Iterable<Batch> {
  let batch: Batch = { steps: [], bytes: 0 };
  for (const step of steps) {
    const size = stepBytes(step);
    // A new directory is made in one go with what is in it: better not cut in two.
    const cut = isMake(step) ? 2 : 1;
    if (
      batch.steps.length >= batchActions / cut ||
      (batch.bytes > 0 && batch.bytes + size > batchBytes / cut)
    ) {
      yield batch;
      batch = { steps: [], bytes: 0 };
    }
    batch.steps.push(step);
    batch.bytes += size;
  }
  if (batch.steps.length > 0) yield batch;
}

function isMake(step: Step): boolean {
  return step.ready && step.action.type === 'mkdir';
}

function stepBytes(step: Step): number {
  if (!step.ready) return step.entry.size;
  return step.action.type === 'write' && step.action.source.from === 'bytes'
    ? step.action.source.bytes.length
    : 0;
}

type Ready = Pick<Step & { ready: true }, 'action' | 'seen' | 'movedFrom'>;

/** Reads the small contents that are not at hand; what cannot be read now is left for its watcher. */
async function fetchBatch(engine: Engine, target: Side, steps: readonly Step[]): Promise<Ready[]> {
  const missing = steps.filter((step) => !step.ready);
  const source = otherSide(target);
  const replica = missing.length > 0 ? replicaOf(engine, source) : undefined;
  const contents = new Map<Path, Uint8Array>();
  const unread: Path[] = [];
  const results =
    (await replica?.readSmall(
      missing.map(({ path, entry }) => ({ path, digest: entry.digest })),
    )) ?? [];
  for (const [index, result] of results.entries()) {
    const { path, entry } = missing[index] as Step & { ready: false };
    if (result.ok) {
      contents.set(path, result.bytes);
      engine.store.texts.add(entry.digest, result.bytes);
    } else unread.push(path);
  }
  if (unread.length > 0) await lookAgain(engine, replica as Replica, unread);
  const ready: Ready[] = [];
  for (const step of steps) {
    if (step.ready) ready.push(step);
    else {
      const bytes = contents.get(step.path);
      const { path, expect, entry, seen } = step;
      if (bytes !== undefined)
        ready.push({
          seen,
          action: { type: 'write', path, expect, entry, source: { from: 'bytes', bytes } },
        });
    }
  }
  return ready;
}

async function lookAgain(engine: Engine, replica: Replica, paths: readonly Path[]): Promise<void> {
  for (const path of paths) engine.retries.later(path);
  await replica.look(paths);
}

async function applyBatch(
  engine: Engine,
  context: AbsorbContext,
  ready: readonly Ready[],
): Promise<void> {
  if (ready.length === 0) return;
  const { target, replica } = context;
  const outcomes = await replica.apply(ready.map((one) => one.action)).catch((error: unknown) => {
    noteUnanswered(engine.core, target, ready);
    throw error;
  });
  const applied: Applied[] = ready.map((one, index) => {
    const outcome = outcomes[index];
    if (outcome === undefined) throw new Error('an action without an outcome');
    return { ...one, outcome };
  });
  arrived(engine.report, context.target, absorb(engine, context, applied));
  const modes = lostModes(applied, engine.core.options.modes);
  const again = modes.map((action) => ({ action, seen: seenAt(engine, context, action.path) }));
  await applyBatch(engine, context, again);
}

function seenAt({ core }: Engine, { target }: AbsorbContext, path: Path): Look {
  return sideLook(core, otherSide(target), path);
}
