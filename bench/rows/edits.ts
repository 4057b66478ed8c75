/** Row: one file of a large tree is edited, until its bytes are there. */
import type { Side } from '../../src/tree/path.ts';
import type { TreeFile } from '../files.ts';
import { textOf } from '../files.ts';
import { pause, repeat, timed } from '../measure.ts';
import type { Pair } from '../pair.ts';
import type { Running } from '../peer.ts';

export interface EditOptions {
  readonly on: Side;
  readonly files: readonly TreeFile[];
  readonly times: number;
}

/** Edits as a person's or an agent's come: one after the other, with a little time between. */
export function editRow(pair: Pair, running: Running, options: EditOptions): Promise<number[]> {
  const { on, files, times } = options;
  return repeat({ times, maxMs: 30_000, least: 5 }, async (at) => {
    await pause(30 + ((at * 17) % 20));
    const { path, size } = files[(at * 7907) % files.length] as TreeFile;
    const text = textOf(`edit ${at} on ${on} at ${Date.now()}`, size + at);
    return timed(pair, running, {
      on,
      deeds: [{ do: 'write', path, text }],
      sights: [{ path, is: 'file', text }],
    });
  });
}
