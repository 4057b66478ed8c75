/** Who made a change: whoever claimed exactly that, else who was at work there when it was noticed. */
import type { Stint } from '../control/api.ts';
import type { Look } from '../tree/entry.ts';
import type { Path, Side } from '../tree/path.ts';
import type { Engine } from './engine.ts';

/** Milliseconds to wait for what a side has still to tell. */
const drainMs = 3_000;

/** The author of what a side held at a path, where it said so. */
export function authorAt(
  { claims, core }: Engine,
  side: Side,
  path: Path,
  look: Look,
): string | undefined {
  return claims.who(side, path, look) ?? core.sides[side].changes.get(path)?.by;
}

/**
 * Begins, goes on with or ends a stint. What was written before its beginning is noticed before it, and what was
 * written before its end too.
 */
export async function workStint({ core, stints }: Engine, stint: Stint): Promise<void> {
  const goesOn = stint.forMs > 0 && stints.has(stint.side, stint.id);
  if (!goesOn) await noticed(core.sides[stint.side].replica?.drain(AbortSignal.timeout(drainMs)));
  if (stint.forMs > 0) stints.hold(stint);
  else stints.end(stint);
}

/** A side that is not there, or takes too long, is not waited for: this is about a name only. */
async function noticed(drained: Promise<void> | undefined): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, drainMs);
  });
  await Promise.race([drained?.catch(() => undefined), late]);
  clearTimeout(timer);
}
