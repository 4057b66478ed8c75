/**
 * Large contents travel aside, a few at a time: into the target's staging area, by rsync or as a stream
 * (shipments.ts), and are put in place from there. Their paths are left alone meanwhile, everything else
 * goes on.
 */
import { CaiError, toCaiError } from '../errors.ts';
import type { Action } from '../replica/replica.ts';
import { maxTextBytes } from '../tree/merge-text.ts';
import type { Path } from '../tree/path.ts';
import type { AbsorbContext } from './absorb.ts';
import { absorb } from './absorb.ts';
import { readSide } from './contents.ts';
import { freePath, hasChange } from './core.ts';
import type { Engine } from './engine.ts';
import { addProblem, arrived, setState } from './report.ts';
import { shipPlain } from './ship-plain.ts';
import { shipByRsync } from './ship-rsync.ts';
import { type LargeStep, planShipments, type Shipment } from './shipments.ts';
import { endTrouble } from './trouble.ts';
import { noteUnanswered } from './unanswered.ts';

let nextId = 0;

function newId(): string {
  nextId += 1;
  return `large-${process.pid}-${nextId}`;
}

/** Starts bringing large files over; returns at once. */
export function bringLarge(
  engine: Engine,
  context: AbsorbContext,
  steps: readonly LargeStep[],
): void {
  const { core } = engine;
  const fresh = steps.filter(({ path }) => !core.inFlight.has(path));
  if (fresh.length === 0) return;
  for (const { path } of fresh) core.inFlight.add(path);
  if (engine.report.state === 'watching') setState(engine.report, 'syncing');
  const abort = new AbortController();
  for (const { path } of fresh) engine.transfers.set(path, abort);
  void plan(engine, fresh).then((shipments) => {
    for (const shipment of shipments) void ship(engine, context, shipment, abort.signal);
  });
}

async function plan(engine: Engine, steps: readonly LargeStep[]): Promise<readonly Shipment[]> {
  const rsync = await engine.rsync.usable();
  return planShipments(steps, { rsync, slow: engine.slow });
}

/** Never fails: what did not arrive is noted, and its path is free again. */
async function ship(
  engine: Engine,
  context: AbsorbContext,
  shipment: Shipment,
  signal: AbortSignal,
): Promise<void> {
  await engine.turns.take();
  try {
    if (shipment.by === 'plain') await bringPlain(engine, context, shipment.step, signal);
    else await bringGroup(engine, context, shipment, signal);
  } finally {
    engine.turns.end();
  }
}

async function bringPlain(
  engine: Engine,
  context: AbsorbContext,
  step: LargeStep,
  signal: AbortSignal,
): Promise<void> {
  const id = newId();
  try {
    if (signal.aborted) return;
    await shipPlain(engine, context, step, { id, signal });
    await place(engine, context, [{ step, id }]);
  } catch (error) {
    notBrought(engine, context, step.path, error);
  } finally {
    await context.replica.unstage(id).catch(() => undefined);
    free(engine, [step.path], signal);
  }
}

/** What rsync did not bring goes the plain way, which also says why not. */
async function bringGroup(
  engine: Engine,
  context: AbsorbContext,
  { steps, delta }: Shipment & { by: 'rsync' },
  signal: AbortSignal,
): Promise<void> {
  const wanted = steps.map((step) => ({ step, id: newId() }));
  const contents = wanted.map(({ id, step: { path, entry } }) => {
    const { digest, size } = entry;
    return { id, digest, size, path };
  });
  let rest: readonly LargeStep[] = steps;
  try {
    if (signal.aborted) return;
    const staged = await shipByRsync(engine, context, { id: newId(), contents, delta, signal });
    const there = wanted.filter(({ id }) => staged.has(id));
    rest = wanted.filter(({ id }) => !staged.has(id)).map(({ step }) => step);
    await place(engine, context, there);
    free(
      engine,
      there.map(({ step }) => step.path),
      signal,
    );
    await rememberTexts(
      engine,
      there.map(({ step }) => step),
    );
    for (const step of rest) await bringPlain(engine, context, step, signal);
  } catch (error) {
    for (const { path } of rest) notBrought(engine, context, path, error);
  } finally {
    for (const { id } of wanted) await context.replica.unstage(id).catch(() => undefined);
    free(
      engine,
      steps.map(({ path }) => path),
      signal,
    );
  }
}

interface Staged {
  readonly step: LargeStep;
  readonly id: string;
}

async function place(
  engine: Engine,
  context: AbsorbContext,
  staged: readonly Staged[],
): Promise<void> {
  const actions = staged.map(
    ({ step: { path, expect, entry }, id }): Action => ({
      type: 'write',
      path,
      expect,
      entry,
      source: { from: 'staged', id },
    }),
  );
  const outcomes = await context.replica.apply(actions).catch((error: unknown) => {
    const sent = actions.map((action) => ({ action }));
    noteUnanswered(engine.core, context.target, sent);
    throw error;
  });
  const applied = staged.map(({ step: { seen } }, index) => {
    const outcome = outcomes[index];
    const action = actions[index];
    if (outcome === undefined || action === undefined)
      throw new CaiError('INTERNAL', 'An action without an outcome.');
    return { action, seen, outcome };
  });
  arrived(engine.report, context.target, absorb(engine, context, applied));
}

/** For merges: rsync's contents do not come by here, and are read from the host's own disk. */
async function rememberTexts(engine: Engine, steps: readonly LargeStep[]): Promise<void> {
  const { texts } = engine.store;
  for (const { path, entry } of steps) {
    if (entry.size > maxTextBytes || texts.has(entry.digest) || entry.size > texts.room) continue;
    const bytes = await readSide(engine, 'local', path, entry).catch(() => undefined);
    if (bytes !== undefined) texts.add(entry.digest, bytes);
  }
}

/** Frees those paths that are still this transfer's: what arrived may be on its way anew. */
function free(engine: Engine, paths: readonly Path[], signal: AbortSignal): void {
  const { core, transfers } = engine;
  for (const path of paths) {
    if (transfers.get(path)?.signal !== signal) continue;
    transfers.delete(path);
    freePath(core, path);
  }
  engine.schedule();
}

function notBrought(
  engine: Engine,
  { target, replica }: AbsorbContext,
  path: Path,
  thrown: unknown,
): void {
  // It went meanwhile, or is as it was: there is nothing any more that could fail.
  if (!hasChange(engine.core, path)) {
    endTrouble(engine, path);
    return;
  }
  const error = toCaiError(thrown, path);
  engine.retries.later(path);
  const linkWentDown = engine.core.sides[target].replica !== replica;
  if (linkWentDown || error.code === 'BUSY' || error.code === 'CANCELLED' || error.code === 'LINK')
    return;
  addProblem(engine.report, { side: target, path, code: error.code, message: error.message });
}
