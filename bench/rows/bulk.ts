/** Rows: many files rewritten at once; a directory of many files moved. Both are done on the local side. */
import type { TreeFile } from '../files.ts';
import { textOf } from '../files.ts';
import { pause, repeat, timed } from '../measure.ts';
import type { Pair } from '../pair.ts';
import type { Running } from '../peer.ts';

interface BulkOptions {
  readonly files: readonly TreeFile[];
  readonly times: number;
}

const betweenMs = 500;

/** All these files get other contents, one right after the other. */
export function rewriteRow(pair: Pair, running: Running, options: BulkOptions): Promise<number[]> {
  const { files, times } = options;
  return repeat({ times, maxMs: 60_000 }, async (at) => {
    await pause(betweenMs);
    const texts = files.map(({ path, size }) => ({
      path,
      text: textOf(`${Date.now()} ${at} ${path}`, size),
    }));
    return timed(pair, running, {
      on: 'local',
      deeds: texts.map((each) => ({ do: 'write', ...each })),
      sights: texts.map((each) => ({ is: 'file', ...each })),
    });
  });
}

export interface MoveResult {
  readonly times: readonly number[];
  /** Bytes through the link in each move, where that can be known. */
  readonly bytes: readonly number[];
}

/** The directory `top` is renamed, and back. */
export async function moveRow(
  pair: Pair,
  running: Running,
  options: BulkOptions & { readonly top: string },
): Promise<MoveResult> {
  const { files, times, top } = options;
  const bytes: number[] = [];
  const values = await repeat({ times: times * 2, maxMs: 60_000 }, async (at) => {
    await pause(betweenMs);
    const [from, to] = at % 2 === 0 ? [top, `${top}-moved`] : [`${top}-moved`, top];
    const before = (await running.usage?.())?.linkBytes;
    const ms = await timed(pair, running, {
      on: 'local',
      deeds: [{ do: 'move', path: from, to }],
      sights: [
        ...files.map(({ path, size }) => ({
          path: to + path.slice(top.length),
          is: 'file' as const,
          size,
        })),
        { path: from, is: 'absent' },
      ],
    });
    const after = (await running.usage?.())?.linkBytes;
    if (before !== undefined && after !== undefined) bytes.push(after - before);
    return ms;
  });
  return { times: values, bytes };
}
