/** Leads the host's rsync to the one of the far side: through the link, counted, at the session's pace. */
import type { Content, Replica, RsyncCall } from '../replica/replica.ts';
import type { RunRsync } from '../rsync/client.ts';
import { toBytes } from '../tree/path.ts';
import type { Engine } from './engine.ts';

/** What the far side may say beyond the contents: sums of blocks, names, and the protocol's own. */
const allowance = 16 * 1024 * 1024;

type Files = readonly Pick<Content, 'path' | 'size'>[];

export function throughLink(
  engine: Engine,
  far: Replica,
  call: Omit<RsyncCall, 'args'>,
): RunRsync['tunnel'] {
  const { bandwidth } = engine;
  return (args, input, over) => {
    const up = counted(engine, bandwidth.pace(input, over));
    const down = far.serveRsync({ ...call, args }, up, over);
    return counted(engine, bandwidth.pace(down, over));
  };
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

/** The files as rsync takes them with --files-from and --from0. */
export function listOf(files: Files): Buffer {
  return Buffer.concat(files.flatMap(({ path }) => [toBytes(path), zero]));
}
const zero = Buffer.from([0]);

/** Bytes that the far side may say: the files themselves only where it is the one that sends. */
export function mostBytes(files: Files, inward: boolean): number {
  const total = files.reduce((sum, { size, path }) => sum + size + 4 * path.length + 256, 0);
  return allowance + Math.ceil(total / 16) + (inward ? total : 0);
}

/** Milliseconds that a shipment may take at the worst pace that is worth waiting for. */
export function deadlineFor(files: Files, bandwidth: number): number {
  const total = files.reduce((sum, { size }) => sum + size, 0);
  const pace = bandwidth > 0 ? Math.min(bandwidth / 8, worstPace) : worstPace;
  return leastMs + (total / pace) * 1000;
}
const worstPace = 256 * 1024;
const leastMs = 5 * 60_000;
