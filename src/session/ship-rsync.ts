/**
 * Large contents by rsync: one process on the host, one on the far side, their protocol as a stream of the
 * link, into an intake of the target. rsync's own word counts for nothing: what is staged afterwards is
 * what the target found to be right.
 */
import { CaiError, toCaiError } from '../errors.ts';
import type { Content } from '../replica/replica.ts';
import { runRsync } from '../rsync/client.ts';
import type { RsyncProgress } from '../rsync/progress.ts';
import { toBytes } from '../tree/path.ts';
import type { AbsorbContext } from './absorb.ts';
import type { Engine } from './engine.ts';
import { replicaOf } from './engine.ts';
import { showProgress } from './report.ts';

/** What the far side may say beyond the contents: sums of blocks, names, and the protocol's own. */
const allowance = 16 * 1024 * 1024;

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
  const directory = await replica.openIntake(id, contents, () => abort.abort());
  let staged: readonly string[] = [];
  let failure: unknown;
  try {
    const inward = target === 'local';
    await runRsync({
      direction: inward ? 'receive' : 'send',
      delta,
      directory: inward ? directory : local.info.root,
      list: listOf(contents),
      tunnel: (args, input) => {
        const call = inward ? { args } : { args, intake: id };
        const up = counted(engine, engine.bandwidth.pace(input, either));
        const down = far.serveRsync(call, up, either);
        return counted(engine, engine.bandwidth.pace(down, either));
      },
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

function listOf(contents: readonly Content[]): Buffer {
  return Buffer.concat(contents.map(({ path }) => Buffer.concat([toBytes(path), zero])));
}
const zero = Buffer.from([0]);

function mostBytes(contents: readonly Content[], inward: boolean): number {
  const total = contents.reduce((sum, { size, path }) => sum + size + 4 * path.length + 256, 0);
  return allowance + Math.ceil(total / 16) + (inward ? total : 0);
}

async function* counted(
  { rsync }: Engine,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) {
    rsync.carried.linkBytes += chunk.length;
    yield chunk;
  }
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
