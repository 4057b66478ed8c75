/** Where the content of a file comes from that is put back: another local file, or the history. */
import type { Action, Replica, Source } from '../replica/replica.ts';
import { inlineLimit } from '../replica/replica.ts';
import { readChunks } from '../store/chunks.ts';
import type { FileEntry } from '../tree/entry.ts';
import type { Path } from '../tree/path.ts';
import type { Core } from './core.ts';
import { sideLook } from './core.ts';
import type { Engine } from './engine.ts';
import type { RewriteStep } from './rewrite-plan.ts';

export interface Sourced {
  readonly action: Action;
  /** Bytes in memory. */
  readonly bytes: number;
  /** Staged under this id: to be let go afterwards. */
  readonly staged?: string;
}

let nextId = 0;

/** undefined when the content is not to be had any more. */
export async function withSource(
  engine: Engine,
  replica: Replica,
  step: RewriteStep,
): Promise<Sourced | undefined> {
  if ('action' in step) return { action: step.action, bytes: 0 };
  const { path } = step;
  const { entry, expect } = step.write;
  const source = await findSource(engine, replica, path, entry);
  if (source === undefined) return undefined;
  const action: Action = { type: 'write', path, expect, entry, source, exact: true };
  const bytes = source.from === 'bytes' ? source.bytes.length : 0;
  return { action, bytes, ...(source.from === 'staged' ? { staged: source.id } : {}) };
}

/** Some local file other than this one that holds a content, as far as the session was told. */
export function localCopy(core: Core, entry: FileEntry, path?: Path): Path | undefined {
  const found = core.base.findDigest(entry.digest);
  if (found === undefined || found === path) return undefined;
  const look = sideLook(core, 'local', found);
  return look?.kind === 'file' && look.digest === entry.digest ? found : undefined;
}

/**
 * Contents that only the tree has, at a path which the same rewrite changes, go into the history first:
 * when their turn comes they would not be there any more.
 */
export async function saveSources(
  { core, store }: Engine,
  replica: Replica,
  steps: readonly RewriteStep[],
): Promise<void> {
  const changed = new Set(steps.map(({ path }) => path));
  for (const step of steps) {
    if ('action' in step || store.contents.has(step.write.entry.digest)) continue;
    const { entry } = step.write;
    const path = localCopy(core, entry, step.path);
    if (path === undefined || !changed.has(path)) continue;
    const { digest, size } = entry;
    // Edited just now: the path is refused later, with its reason.
    await store.contents
      .putStream(replica.read({ path, digest, size }), size)
      .catch(() => undefined);
  }
}

async function findSource(
  { core, store }: Engine,
  replica: Replica,
  path: Path,
  entry: FileEntry,
): Promise<Source | undefined> {
  const { digest, size } = entry;
  if (size === 0) return { from: 'bytes', bytes: new Uint8Array(0) };
  const file = store.contents.file(digest);
  if (file !== undefined && size <= inlineLimit) {
    const bytes = store.contents.read(digest);
    if (bytes !== undefined) return { from: 'bytes', bytes };
  } else if (file !== undefined) {
    const id = `undo-${process.pid}-${++nextId}`;
    await replica.stage({ id, digest, size, path }, readChunks(file));
    return { from: 'staged', id };
  }
  const copy = localCopy(core, entry, path);
  return copy === undefined ? undefined : { from: 'copy', path: copy };
}
