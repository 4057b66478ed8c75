/**
 * Large contents by rsync: one process on the host, one on the far side, their protocol as a stream of the
 * link, into an intake of the target. rsync's own word counts for nothing: what is staged afterwards is
 * what the target found to be right.
 */
import { CaiError, toCaiError } from '../errors.ts';
import { isPlainWay } from '../replica/read.ts';
import type { Content } from '../replica/replica.ts';
import { farBasis } from '../rsync/arguments.ts';
import { runRsync } from '../rsync/client.ts';
import type { RsyncProgress } from '../rsync/progress.ts';
import type { AbsorbContext } from './absorb.ts';
import type { Engine } from './engine.ts';
import { replicaOf } from './engine.ts';
import { showProgress } from './report.ts';
import { deadlineFor, listOf, mostBytes, throughLink } from './rsync-tunnel.ts';

export interface RsyncShipment {
  /** Unique in this process. */
  readonly id: string;
  readonly contents: readonly Content[];
  readonly delta: boolean;
  readonly signal: AbortSignal;
}

/** Answers with the ids of what is staged; the failure of the rest, when there was one, is noted. */
export async function shipByRsync(
  engine: Engine,
  { target, replica }: AbsorbContext,
  { id, contents, delta, signal }: RsyncShipment,
): Promise<ReadonlySet<string>> {
  const far = replicaOf(engine, 'container');
  const local = replicaOf(engine, 'local');
  const abort = new AbortController();
  const either = AbortSignal.any([signal, abort.signal]);
  // A file that goes on growing is one that is written to right now, or a lie.
  const directory = await replica.openIntake(id, contents, () => abort.abort());
  let staged: readonly string[] = [];
  let failure: unknown;
  const inward = target === 'local';
  const { root } = local.info;
  try {
    await runRsync({
      direction: inward ? 'receive' : 'send',
      basis: !delta ? undefined : inward ? root : farBasis,
      directory: inward ? directory : root,
      list: listOf(inward ? contents : contents.filter(({ path }) => isPlainWay(root, path))),
      tunnel: throughLink(engine, far, inward ? {} : { intake: id }),
      deadlineMs: deadlineFor(contents, engine.core.options.bandwidth ?? 0),
      most: mostBytes(contents, inward),
      onProgress: progressOf(engine, contents),
      signal: either,
    });
  } catch (error) {
    failure = error;
  } finally {
    // What is complete counts, whatever became of the rest.
    staged = await replica.closeIntake(id, !signal.aborted);
  }
  if (signal.aborted) throw new CaiError('CANCELLED', 'The transfer was cancelled.');
  if (failure === undefined) engine.rsync.worked();
  else engine.rsync.failed(toCaiError(failure).message);
  const there = new Set(staged);
  for (const content of contents) {
    if (!there.has(content.id)) continue;
    engine.rsync.carried.files += 1;
    engine.rsync.carried.bytes += content.size;
  }
  return there;
}

function progressOf(engine: Engine, contents: readonly Content[]) {
  const start = performance.now();
  const bytesTotal = contents.reduce((sum, { size }) => sum + size, 0);
  let files = 0;
  return (progress: RsyncProgress): void => {
    files = progress.files ?? files;
    const { bytes } = progress;
    const rate = Math.round((bytes / Math.max(1, performance.now() - start)) * 1000);
    const filesTotal = contents.length;
    showProgress(engine.report, { phase: 'sync', files, filesTotal, bytes, bytesTotal, rate });
  };
}
