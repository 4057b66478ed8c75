/**
 * A sync that somebody asks for: everything that changed until now is on the side that is named
 * afterwards. With manual local changes it is what brings them over; otherwise it is a flush that counts.
 */
import type { FlushResult, SyncRequest, SyncResult } from '../control/api.ts';
import { CaiError } from '../errors.ts';
import type { Path } from '../tree/path.ts';
import { isWithin } from '../tree/path.ts';
import { sideLook } from './core.ts';
import type { Engine } from './engine.ts';
import { heldBackCount, release } from './held-back.ts';

export type SyncOptions = SyncRequest & { readonly signal?: AbortSignal };

type Flush = (options: {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}) => Promise<FlushResult>;

export async function sync(
  engine: Engine,
  options: SyncOptions,
  flush: Flush,
): Promise<SyncResult> {
  const { to, paths, exclude, timeoutMs, signal } = options;
  const { core, report } = engine;
  const start = performance.now();
  const left = () => {
    const limit = Math.max(1, timeoutMs - (performance.now() - start));
    return { timeoutMs: limit, ...(signal === undefined ? {} : { signal }) };
  };
  const total = to === 'container' ? report.totals.toContainer : report.totals.toLocal;
  const before = { files: total.files, bytes: total.bytes };
  // What was written a moment ago is known afterwards.
  let flushed = await flush(left());
  for (const path of paths ?? []) needPath(engine, path);
  if (to === 'container') {
    const selection = {
      ...(paths === undefined ? {} : { paths }),
      ...(exclude === undefined ? {} : { exclude }),
    };
    if (release(core, selection).length > 0) {
      engine.schedule();
      flushed = await flush(left());
    }
  }
  total.last = Date.now();
  const { problems, conflicts, holds } = flushed;
  return {
    to,
    files: total.files - before.files,
    bytes: total.bytes - before.bytes,
    waiting: heldBackCount(core),
    ms: Math.round(performance.now() - start),
    problems,
    conflicts,
    holds,
  };
}

function needPath({ core }: Engine, path: Path): void {
  const stands = (['local', 'container'] as const).some((side) => sideLook(core, side, path));
  if (stands || core.base.get(path) !== null) return;
  for (const changed of core.sides.local.changes.keys()) if (isWithin(path, changed)) return;
  throw new CaiError('USAGE', `Nothing that is synchronised stands at ${path}.`, {
    path,
    next: 'Look for a slip in the name, or for a rule that leaves it out (.gitignore, secrets).',
  });
}
