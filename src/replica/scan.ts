/**
 * Tells a whole tree, or a part of it. Holds the lock while it looks and lets go of it while the rows
 * are taken: edits and applies go on during a long scan, and rows and events stay in order.
 */
import { CaiError } from '../errors.ts';
import { isWithin, joinPath, type Path } from '../tree/path.ts';
import { lookAtHints, tellAbsent } from './batch.ts';
import type { Lock } from './lock.ts';
import { type DirectoryNode, lookOf } from './nodes.ts';
import type { Observation, ScanOptions, ScanSummary } from './replica.ts';
import { startSlice } from './slice.ts';
import type { Teller, View } from './view.ts';
import { type Walk, walk } from './walk.ts';

const rowsAtOnce = 256;
const bytesAtOnce = 1024 * 1024;
const progressEvery = 100;
/** Milliseconds after which others get their turn, however few the rows are. */
const holdAtMost = 50;

export interface ScanTask {
  readonly view: View;
  readonly lock: Lock;
  readonly options: ScanOptions;
  /** Watches may be those of dead inodes: arm them anew. */
  readonly rearm: boolean;
  /** Fails when the root is not what it was, or nobody wants to know any more. */
  readonly check: () => void;
  readonly onLater: (path: Path) => void;
}

export async function scan(task: ScanTask): Promise<ScanSummary> {
  const { view, lock, options, check } = task;
  const rows = collectRows();
  let letGo = await lock.take();
  let held = performance.now();
  const handOver = async (): Promise<void> => {
    const batch = rows.take();
    check();
    letGo();
    try {
      if (batch.length > 0) await options.onRows(batch);
    } finally {
      letGo = await lock.take();
    }
    held = performance.now();
    check();
  };
  let told = performance.now();
  const between = (): Promise<void> | undefined => {
    if (options.onProgress !== undefined && performance.now() - told > progressEvery) {
      told = performance.now();
      options.onProgress({ files: rows.totals.files, bytes: rows.totals.bytes });
    }
    return rows.full() || performance.now() - held > holdAtMost ? handOver() : undefined;
  };
  try {
    check();
    await walkFrom(task, rows.teller, between);
    await handOver();
    const secrets = [...secretsIn(view.picture.root, '')];
    const wanted = options.path ?? '';
    return { ...rows.totals, secrets: secrets.filter((path) => isWithin(wanted, path)) };
  } finally {
    letGo();
  }
}

async function walkFrom(task: ScanTask, teller: Teller, between: Walk['between']): Promise<void> {
  const { view, options, onLater, rearm } = task;
  if (options.signal?.aborted) throw new CaiError('CANCELLED', 'The scan was cancelled.');
  const path = options.path ?? '';
  const node = view.picture.get(path);
  if (node?.kind !== 'directory') {
    const hint = new Map([[path, 'look']] as const);
    const absent = await lookAtHints({ view, teller, force: true, onLater }, hint);
    tellAbsent(view, teller, absent);
    return;
  }
  const before = lookOf(node);
  const { contents = false, signal } = options;
  const slice = startSlice();
  const walking = {
    view,
    teller,
    slice,
    deep: true,
    rearm,
    patience: 200,
    contents,
    signal,
    between,
  };
  await walk(walking as Walk, { node, path, before, changed: false });
}

interface Rows {
  readonly teller: Teller;
  readonly totals: { files: number; directories: number; bytes: number };
  full(): boolean;
  take(): readonly Observation[];
}

function collectRows(): Rows {
  let rows: Observation[] = [];
  let bytes = 0;
  const totals = { files: 0, directories: 0, bytes: 0 };
  const teller: Teller = {
    all: true,
    // A scan of a part is compared with nothing: what went since it was told is told by a row of its own.
    gone: (path) => {
      rows.push({ path, look: null });
    },
    tell: (path, look, content) => {
      rows.push(content === undefined ? { path, look } : { path, look, bytes: content });
      bytes += content?.length ?? 0;
      if (look?.kind === 'file') {
        totals.files += 1;
        totals.bytes += look.size;
      } else if (look?.kind === 'directory') totals.directories += 1;
    },
  };
  return {
    teller,
    totals,
    full: () => rows.length >= rowsAtOnce || bytes >= bytesAtOnce,
    take: () => {
      const taken = rows;
      rows = [];
      bytes = 0;
      return taken;
    },
  };
}

/** The paths in a directory that are left out as secrets. */
export function* secretsIn(directory: DirectoryNode, path: Path): Iterable<Path> {
  for (const name of directory.secrets ?? []) yield joinPath(path, name);
  for (const child of directory.children.values()) {
    if (child.kind === 'directory') yield* secretsIn(child, joinPath(path, child.name));
  }
}
