/**
 * Makes local paths what an undo or a rewind wants them to be, with the replica's checked apply: what
 * stood there goes into the history, and whoever edits meanwhile keeps the edit. What was done is an
 * ordinary change of the local side, which the next cycles carry over.
 */
import type { RefusedPath, RewrittenPath } from '../control/api.ts';
import type { Action, Outcome, Replica } from '../replica/replica.ts';
import type { Entry } from '../tree/entry.ts';
import type { Path } from '../tree/path.ts';
import { sideLook } from './core.ts';
import type { Engine } from './engine.ts';
import { replicaOf } from './engine.ts';
import { takeIn } from './intake.ts';
import { planRewrite } from './rewrite-plan.ts';
import { type Sourced, saveSources, withSource } from './rewrite-source.ts';

export interface Rewrite {
  readonly entries: ReadonlyMap<Path, Entry | null>;
  /** Who does it: 'undo', 'restore' or 'resolve', or the name of who asked for that. */
  readonly by: string;
}

export interface Rewriting {
  readonly done: RewrittenPath[];
  readonly refused: RefusedPath[];
}

const actionsAtOnce = 64;
const bytesAtOnce = 4 * 1024 * 1024;

/** Does it now; answers path by path. */
export async function rewrite(engine: Engine, { entries, by }: Rewrite): Promise<Rewriting> {
  const { core, arrivals } = engine;
  const replica = replicaOf(engine, 'local');
  const { steps, refused } = planRewrite(core, engine.store, entries);
  const result: Rewriting = { done: [], refused: [...refused] };
  await saveSources(engine, replica, steps);
  arrivals.startBatch('local');
  let batch: Sourced[] = [];
  let bytes = 0;
  const applyBatch = async (): Promise<void> => {
    const actions = batch;
    batch = [];
    bytes = 0;
    await applyAll(engine, replica, { actions, by }, result);
  };
  try {
    for (const step of steps) {
      const sourced = await withSource(engine, replica, step);
      if (sourced === undefined) {
        result.refused.push({
          path: step.path,
          reason: 'no-content',
          message: 'its content is no longer kept',
        });
        continue;
      }
      batch.push(sourced);
      bytes += sourced.bytes;
      if (batch.length >= actionsAtOnce || bytes >= bytesAtOnce) await applyBatch();
    }
    if (batch.length > 0) await applyBatch();
  } finally {
    await letGo(replica, batch);
  }
  arrivals.startBatch('local');
  await engine.keeper.settled();
  return result;
}

async function applyAll(
  engine: Engine,
  replica: Replica,
  { actions, by }: { readonly actions: readonly Sourced[]; readonly by: Rewrite['by'] },
  result: Rewriting,
): Promise<void> {
  try {
    const outcomes = await replica.apply(actions.map(({ action }) => action));
    for (const [index, { action }] of actions.entries()) {
      const outcome = outcomes[index];
      if (outcome !== undefined) absorbOne(engine, replica, { action, outcome, by }, result);
    }
  } finally {
    await letGo(replica, actions);
  }
  engine.commitSoon();
  engine.schedule();
}

/** What was staged and not put in place. */
async function letGo(replica: Replica, actions: readonly Sourced[]): Promise<void> {
  for (const { staged } of actions)
    if (staged !== undefined) await replica.unstage(staged).catch(() => undefined);
}

function absorbOne(
  engine: Engine,
  replica: Replica,
  one: { readonly action: Action; readonly outcome: Outcome; readonly by: Rewrite['by'] },
  result: Rewriting,
): void {
  const { core, keeper, arrivals, window } = engine;
  const { action, outcome, by } = one;
  const { path } = action;
  if (outcome.kept !== undefined) {
    const why = { reason: 'restored', placed: outcome.now } as const;
    keeper.displaced(replica, 'local', outcome.kept, why);
  }
  if (outcome.result === 'done') {
    const before = outcome.kept?.entry ?? sideLook(core, 'local', path);
    if (action.type === 'remove') {
      // A person asked for exactly this: it is no accident that a hold should stop.
      window.approved.add(path);
      if (action.expect.kind === 'directory')
        keeper.went({ side: 'local', path, entry: action.expect, reason: 'restored' });
    }
    arrivals.note({ path, side: 'local', before, after: outcome.now, by });
    // A person asked for it on both sides: it does not wait with the other local changes.
    core.released.add(path);
    result.done.push(toRewritten(action));
  } else result.refused.push(toRefused(action, outcome));
  const bytes =
    action.type === 'write' && action.source.from === 'bytes' ? action.source.bytes : undefined;
  const observation = { path, look: outcome.now, ...(bytes === undefined ? {} : { bytes }) };
  for (const directory of takeIn(core, engine.report, 'local', [observation]).ruleChanges)
    engine.rescan.add(directory);
}

function toRewritten(action: Action): RewrittenPath {
  const { path, type, expect } = action;
  const kind = type === 'remove' ? action.expect.kind : action.entry.kind;
  const what =
    type === 'remove' || type === 'attributes' ? type : expect === null ? 'create' : 'update';
  return { path, action: what, kind };
}

function toRefused({ path, type, expect }: Action, outcome: Outcome): RefusedPath {
  if (outcome.error !== undefined)
    return { path, reason: 'failed', message: outcome.error.message };
  if (type === 'remove' && expect.kind === 'directory' && outcome.now?.kind === 'directory')
    return { path, reason: 'not-empty', message: 'something else is in it' };
  return { path, reason: 'edited', message: 'it was edited just now' };
}
