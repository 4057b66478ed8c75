/**
 * A large file that was displaced in the container comes into the history as what is different from the
 * one that is on the host's disk now: an edit in a large file costs little on the link also in hindsight.
 */
import { lstatSync, realpathSync, statfsSync } from 'node:fs';
import { CaiError, toCaiError } from '../errors.ts';
import type { Kept, Replica } from '../replica/replica.ts';
import { runRsync } from '../rsync/client.ts';
import type { Digest } from '../tree/entry.ts';
import { toBytes } from '../tree/path.ts';
import { sideLook } from './core.ts';
import type { Engine } from './engine.ts';
import { deadlineFor, listOf, mostBytes, throughLink } from './rsync-tunnel.ts';
import { isWorthDelta } from './shipments.ts';

export type Fetched = { readonly digest: Digest; readonly size: number };

/** Milliseconds between two looks at how large it has become. */
const lookEvery = 100;

/** Undefined when it has to come as a whole. */
export async function fetchKept(
  engine: Engine,
  far: Replica,
  { id, path, entry }: Kept,
): Promise<Fetched | undefined> {
  const { local, container } = engine.core.sides;
  const near = sideLook(engine.core, 'local', path);
  const { replica } = local;
  if (replica === undefined || far !== container.replica || entry.kind !== 'file') return undefined;
  if (near?.kind !== 'file' || !isWorthDelta(entry.size, near.size, engine)) return undefined;
  if (!(await engine.rsync.usable())) return undefined;
  const files = [{ path, size: entry.size }];
  await engine.turns.take();
  try {
    return await engine.store.contents.putMade(
      async (directory) => {
        const at = Buffer.concat([Buffer.from(`${directory}/`), toBytes(path)]);
        await untilTooLarge(at, entry.size, (signal) =>
          runRsync({
            direction: 'receive',
            basis: replica.info.root,
            directory,
            list: listOf(files),
            tunnel: throughLink(engine, far, { kept: id }),
            deadlineMs: deadlineFor(files, engine.core.options.bandwidth ?? 0),
            most: mostBytes(files, true),
            onProgress: () => undefined,
            signal,
          }),
        );
        checkPlace(directory, at);
        return at;
      },
      { maxBytes: entry.size },
    );
  } catch (error) {
    // With the link gone, or the disk full, it is not rsync's fault.
    const { bavail, bsize } = statfsSync(engine.store.directory);
    if (bavail * bsize < entry.size)
      throw new CaiError('NO_SPACE', 'no space is left for it', { path, cause: error });
    if (container.replica === far) engine.rsync.failed(toCaiError(error).message);
    return undefined;
  } finally {
    engine.turns.end();
  }
}

async function untilTooLarge(
  at: Buffer,
  most: number,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const abort = new AbortController();
  const timer = setInterval(() => {
    const stat = lstatSync(at, { throwIfNoEntry: false });
    if (stat !== undefined && stat.size > most) abort.abort();
  }, lookEvery);
  try {
    await work(abort.signal);
  } finally {
    clearInterval(timer);
  }
}

/** It stands where it should, and no link leads elsewhere. */
function checkPlace(directory: string, at: Buffer): void {
  const inside = Buffer.from(`${realpathSync(directory)}/`);
  const wanted = Buffer.concat([inside, at.subarray(Buffer.byteLength(directory) + 1)]);
  if (!realpathSync(at, 'buffer').equals(wanted))
    throw new CaiError('PROTOCOL', 'rsync left something else than a file.');
}
