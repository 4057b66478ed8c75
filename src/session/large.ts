/**
 * Large contents travel aside, a few at a time: streamed from the source's disk into the target's
 * staging area and put in place from there. Their paths are left alone meanwhile, everything else goes on.
 */
import { CaiError, toCaiError } from '../errors.ts';
import type { FileEntry } from '../tree/entry.ts';
import { maxTextBytes } from '../tree/merge-text.ts';
import type { Path } from '../tree/path.ts';
import { otherSide } from '../tree/path.ts';
import type { AbsorbContext } from './absorb.ts';
import { absorb } from './absorb.ts';
import type { Engine } from './engine.ts';
import { replicaOf } from './engine.ts';
import type { Step } from './plan.ts';
import { addProblem, arrived, setState, showProgress } from './report.ts';

const transfersAtOnce = 4;
/** Milliseconds between two progress events of one transfer. */
const progressEvery = 200;

let nextId = 0;
const waiting: (() => void)[] = [];
let running = 0;

async function takeTurn(): Promise<void> {
  if (running >= transfersAtOnce) await new Promise<void>((resolve) => waiting.push(resolve));
  else running += 1;
}

function endTurn(): void {
  const next = waiting.shift();
  if (next === undefined) running -= 1;
  else next();
}

/** Starts bringing a large file over; returns at once. */
export function bringLarge(
  engine: Engine,
  context: AbsorbContext,
  step: Step & { ready: false },
): void {
  const { core, transfers } = engine;
  if (core.inFlight.has(step.path)) return;
  const abort = new AbortController();
  core.inFlight.add(step.path);
  if (engine.report.state === 'watching') setState(engine.report, 'syncing');
  transfers.set(step.path, abort);
  bring(engine, context, step, abort.signal)
    .catch((error: unknown) => notBrought(engine, context, step.path, error))
    .finally(() => {
      core.inFlight.delete(step.path);
      transfers.delete(step.path);
      core.dirty.add(step.path);
      engine.schedule();
    });
}

async function bring(
  engine: Engine,
  context: AbsorbContext,
  step: Step & { ready: false },
  signal: AbortSignal,
): Promise<void> {
  const { path, entry, expect, seen } = step;
  const id = `large-${process.pid}-${++nextId}`;
  await takeTurn();
  try {
    if (signal.aborted) return;
    const source = replicaOf(engine, otherSide(context.target));
    const content = source.read({ path, digest: entry.digest, size: entry.size }, signal);
    const chunks = withProgress(engine, entry, rememberText(engine, entry, content));
    await context.replica.stage(
      { id, digest: entry.digest, size: entry.size, path },
      chunks,
      signal,
    );
    const action = {
      type: 'write' as const,
      path,
      expect,
      entry,
      source: { from: 'staged' as const, id },
    };
    const [outcome] = await context.replica.apply([action]);
    if (outcome === undefined) throw new CaiError('INTERNAL', 'An action without an outcome.');
    arrived(engine.report, context.target, absorb(engine, context, [{ action, seen, outcome }]));
  } finally {
    endTurn();
    await context.replica.unstage(id).catch(() => undefined);
  }
}

/** Keeps a text that goes by, for merges. */
async function* rememberText(
  { store }: Engine,
  { digest, size }: FileEntry,
  chunks: AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  if (size > maxTextBytes) {
    yield* chunks;
    return;
  }
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) {
    parts.push(chunk);
    yield chunk;
  }
  store.texts.add(digest, Buffer.concat(parts));
}

async function* withProgress(
  engine: Engine,
  entry: FileEntry,
  chunks: AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  const start = performance.now();
  let told = start;
  let bytes = 0;
  for await (const chunk of chunks) {
    yield chunk;
    bytes += chunk.length;
    const now = performance.now();
    if (now - told < progressEvery) continue;
    told = now;
    const rate = Math.round((bytes / (now - start)) * 1000);
    showProgress(engine.report, {
      phase: 'sync',
      files: 0,
      filesTotal: 1,
      bytes,
      bytesTotal: entry.size,
      rate,
    });
  }
}

function notBrought(
  engine: Engine,
  { target, replica }: AbsorbContext,
  path: Path,
  thrown: unknown,
): void {
  const error = toCaiError(thrown, path);
  engine.retries.later(path);
  const linkWentDown = engine.core.sides[target].replica !== replica;
  if (linkWentDown || error.code === 'BUSY' || error.code === 'CANCELLED' || error.code === 'LINK')
    return;
  addProblem(engine.report, { side: target, path, code: error.code, message: error.message });
}
