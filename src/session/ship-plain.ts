/** One large content as a stream: from the source's disk into the target's staging area. */
import type { FileEntry } from '../tree/entry.ts';
import { maxTextBytes } from '../tree/merge-text.ts';
import { otherSide } from '../tree/path.ts';
import type { AbsorbContext } from './absorb.ts';
import type { Engine } from './engine.ts';
import { replicaOf } from './engine.ts';
import { showProgress } from './report.ts';
import type { LargeStep } from './shipments.ts';

/** Milliseconds between two progress events of one transfer. */
const progressEvery = 200;

/** Stages it under `id`; fails as the two replicas do. */
export async function shipPlain(
  engine: Engine,
  context: AbsorbContext,
  { path, entry }: LargeStep,
  { id, signal }: { readonly id: string; readonly signal: AbortSignal },
): Promise<void> {
  const { digest, size } = entry;
  const source = replicaOf(engine, otherSide(context.target));
  const content = engine.bandwidth.pace(source.read({ path, digest, size }, signal), signal);
  const chunks = withProgress(engine, entry, rememberText(engine, entry, content));
  await context.replica.stage({ id, digest, size, path }, chunks, signal);
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
