/** Contents of files that are no larger than a text that can be merged, from wherever they are at hand. */
import { chunkBytes, inlineLimit } from '../replica/replica.ts';
import type { FileEntry } from '../tree/entry.ts';
import { maxTextBytes } from '../tree/merge-text.ts';
import type { Path, Side } from '../tree/path.ts';
import type { Engine } from './engine.ts';
import { replicaOf } from './engine.ts';

/** What a side holds at a path; undefined when it is too large, or something else by now. */
export async function readSide(
  engine: Engine,
  side: Side,
  path: Path,
  entry: FileEntry,
): Promise<Uint8Array | undefined> {
  if (entry.size > maxTextBytes) return undefined;
  if (entry.size === 0) return new Uint8Array(0);
  const change = engine.core.sides[side].changes.get(path);
  if (change?.bytes !== undefined && change.look?.kind === 'file')
    if (change.look.digest === entry.digest) return change.bytes;
  const replica = replicaOf(engine, side);
  if (entry.size <= inlineLimit) {
    const [result] = await replica.readSmall([{ path, digest: entry.digest }]);
    return result?.ok === true ? result.bytes : undefined;
  }
  try {
    return await collect(replica.read({ path, digest: entry.digest, size: entry.size }));
  } catch (error) {
    // A broken link is no answer; anything else means that the file changed.
    if (engine.core.sides[side].replica !== replica) throw error;
    return undefined;
  }
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

/** Bytes as a stream. */
export async function* inChunks(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
}
