/**
 * Looks at both sides whole: at the start, after every reconnect, when events may have been missed.
 * The container first, then the local side, whose rows are carried over while the scan goes on: a first
 * sync is nothing but a long stream of changes.
 */
import type { Observation, ScanSummary } from '../replica/replica.ts';
import type { Path, Side } from '../tree/path.ts';
import { forget, isExcluded, setSide } from './core.ts';
import type { Engine } from './engine.ts';
import { replicaOf } from './engine.ts';
import { takeIn } from './intake.ts';
import { setState, showProgress } from './report.ts';
import { rememberEvents } from './seen.ts';
import { holdSnapshot, mayBeAged, trustSides } from './snapshot.ts';
import { recognise } from './unanswered.ts';

/** Contents beyond this many bytes waiting to be carried over make the scan wait. */
const waitAbove = 4 * 1024 * 1024;

export interface ResyncHooks {
  /** Enough is known of both sides: cycles may run. */
  readonly onBothKnown: () => void;
  /** Resolves when the contents that wait are few enough again. */
  readonly whenDrained: () => Promise<void>;
}

export async function resync(engine: Engine, hooks: ResyncHooks): Promise<void> {
  const { container, local } = engine.core.sides;
  setState(engine.report, 'scanning');
  trustSides(engine);
  await scanSide(engine, 'container', hooks);
  // With nothing to decide in the container, each local row can go over as it comes. Otherwise the
  // local ignore files and removals must be known first. What was known of a lost replica is stale.
  const nothingKnown = container.changes.size === 0 && local.changes.size === 0;
  const asItComes = nothingKnown && !mayBeAged(engine, 'local');
  if (asItComes) hooks.onBothKnown();
  await scanSide(engine, 'local', hooks);
  for (const side of ['container', 'local'] as const) holdSnapshot(engine, side);
  for (const side of [container, local])
    for (const path of side.changes.keys()) engine.core.dirty.add(path);
  hooks.onBothKnown();
}

async function scanSide(engine: Engine, side: Side, hooks: ResyncHooks): Promise<void> {
  const { core, report } = engine;
  const replica = replicaOf(engine, side);
  // Where nothing was known nothing can have vanished, and the set would only cost memory.
  const { changes, leftovers, regained } = core.sides[side];
  // All of it is compared now.
  regained.clear();
  const known = core.base.files + core.base.directories + changes.size + leftovers.size;
  const seen = known > 0 ? new Set<Path>() : undefined;
  const live = side === 'local';
  const stopListening = seen === undefined ? undefined : rememberEvents(replica, seen);
  try {
    const summary = await replica.scan({
      contents: live,
      onProgress: ({ files, bytes }) => showProgress(report, { phase: 'scan', side, files, bytes }),
      onRows: (rows) => takeRows(engine, side, rows, seen, live ? hooks : undefined),
    });
    noteSecrets(engine, side, summary);
  } finally {
    stopListening?.();
  }
  if (seen !== undefined) noteVanished(engine, side, seen);
}

function takeRows(
  engine: Engine,
  side: Side,
  rows: readonly Observation[],
  seen: Set<Path> | undefined,
  hooks: ResyncHooks | undefined,
): Promise<void> | undefined {
  if (seen !== undefined) for (const row of rows) seen.add(row.path);
  // Rules that let something in again reach the other side as a file, and that asks for a new look.
  takeIn(engine.core, engine.report, side, rows);
  if (hooks === undefined) return undefined;
  engine.schedule();
  return engine.core.buffered > waitAbove ? hooks.whenDrained() : undefined;
}

function noteVanished(engine: Engine, side: Side, seen: ReadonlySet<Path>): void {
  const { core } = engine;
  const since = performance.now();
  const excluded: Path[] = [];
  const vanished: Path[] = [];
  for (const [path, entry] of core.base.entries()) {
    if (seen.has(path)) continue;
    if (isExcluded(core, path, entry.kind === 'directory')) excluded.push(path);
    else vanished.push(path);
  }
  for (const path of excluded) forget(core, path);
  // What is in a directory before itself, so that it is seen to be empty when it is seen to be gone.
  for (const path of vanished.reverse()) {
    recognise(core, side, path, null);
    if (setSide(core, side, path, null, { since })) core.dirty.add(path);
  }
  const { leftovers } = core.sides[side];
  for (const path of leftovers.keys()) if (!seen.has(path)) leftovers.delete(path);
  dropStale(engine, side, seen);
}

/** Changes that the side showed before but that are not there any more. */
function dropStale({ core, report }: Engine, side: Side, seen: ReadonlySet<Path>): void {
  const gone: Observation[] = [];
  for (const [path, { look }] of core.sides[side].changes) {
    if (look !== null && !seen.has(path)) gone.push({ path, look: null });
  }
  takeIn(core, report, side, gone);
}

function noteSecrets(engine: Engine, side: Side, summary: ScanSummary): void {
  const { secrets } = engine.core.sides[side];
  secrets.clear();
  for (const path of summary.secrets) secrets.add(path);
}
