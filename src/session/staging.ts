/** Contents that a cycle brings to a side from elsewhere than the other side, until they are in place. */
import type { Source } from '../replica/replica.ts';
import { inlineLimit } from '../replica/replica.ts';
import type { FileEntry } from '../tree/entry.ts';
import type { Path, Side } from '../tree/path.ts';
import { inChunks } from './contents.ts';
import type { Engine } from './engine.ts';
import { replicaOf } from './engine.ts';

export interface Staging {
  readonly sources: Readonly<Record<Side, Map<Path, Source>>>;
}

export function createStaging(): Staging {
  return { sources: { local: new Map(), container: new Map() } };
}

let nextId = 0;

/** Stages a content; it may be large. */
export async function stageStream(
  engine: Engine,
  staging: Staging,
  to: { readonly side: Side; readonly path: Path; readonly entry: FileEntry },
  chunks: AsyncIterable<Uint8Array>,
): Promise<void> {
  const { side, path, entry } = to;
  const id = `content-${process.pid}-${++nextId}`;
  const { digest, size } = entry;
  await replicaOf(engine, side).stage({ id, digest, size, path }, chunks);
  staging.sources[side].set(path, { from: 'staged', id });
}

/** Has a content at hand for a side, in the message that writes it when it is small. */
export async function stageBytes(
  engine: Engine,
  staging: Staging,
  to: { readonly side: Side; readonly path: Path; readonly entry: FileEntry },
  bytes: Uint8Array,
): Promise<void> {
  if (bytes.length > inlineLimit) await stageStream(engine, staging, to, inChunks(bytes));
  else staging.sources[to.side].set(to.path, { from: 'bytes', bytes });
}

/** Lets go what was not put in place. */
export async function clearStaging(engine: Engine, staging: Staging): Promise<void> {
  for (const side of ['local', 'container'] as const) {
    for (const source of staging.sources[side].values()) {
      if (source.from !== 'staged') continue;
      await engine.core.sides[side].replica?.unstage(source.id).catch(() => undefined);
    }
    staging.sources[side].clear();
  }
}
