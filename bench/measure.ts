/** One measurement: something is done on one side, and timed until the other side shows it. */
import type { Deed, Sight } from '../src/cli/demo-puppet.ts';
import type { Side } from '../src/tree/path.ts';
import type { Form, Pair } from './pair.ts';
import type { Running } from './peer.ts';

/** What a row of the tables is made of. */
export interface Measure {
  readonly row: RowName;
  readonly form: Form;
  readonly peer: string;
  /** Milliseconds, bytes or milliseconds a second, as the row says. */
  readonly values: readonly number[];
}

export type RowName =
  | 'edit-4k →'
  | 'edit-4k ←'
  | 'edit-100k →'
  | 'edit-100k ←'
  | 'fan-out →'
  | 'fan-out ←'
  | 'first-sync'
  | 'bulk'
  | 'bulk-rsync'
  | 'delta →'
  | 'delta ←'
  | 'delta-rsync'
  | 'delta-bytes →'
  | 'delta-bytes ←'
  | 'delta-after'
  | 'delta-20'
  | 'delta-20-host'
  | 'delta-20-agent'
  | 'rewrite'
  | 'move'
  | 'move-bytes'
  | 'idle-cpu'
  | 'idle-rss'
  | 'idle-rss-agent';

const deadlineMs = 120_000;

export interface Doing {
  readonly on: Side;
  readonly deeds: readonly Deed[];
  readonly sights: readonly Sight[];
}

/** Milliseconds from the start of the deeds until all is seen; fails when that takes minutes. */
export async function timed(pair: Pair, running: Running, doing: Doing): Promise<number> {
  const { on, deeds, sights } = doing;
  const other = on === 'local' ? 'container' : 'local';
  // The eyes are open before the hands move.
  const seen = pair.puppets[other].watchFor(sights, deadlineMs);
  const start = await pair.puppets[on].act(deeds);
  await running.nudge?.();
  const { missing, at } = await seen;
  if (missing !== undefined) throw new Error(`${missing} did not arrive`);
  return at - start;
}

/** Repeats until there are enough values, or enough time has passed and there are a few. */
export async function repeat(
  options: { readonly times: number; readonly maxMs: number; readonly least?: number },
  once: (at: number) => Promise<number>,
): Promise<number[]> {
  const values: number[] = [];
  const end = performance.now() + options.maxMs;
  while (values.length < options.times) {
    if (performance.now() > end && values.length >= (options.least ?? 3)) break;
    values.push(await once(values.length));
  }
  return values;
}

export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));
