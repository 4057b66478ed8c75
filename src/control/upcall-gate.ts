/**
 * How many upcalls may run at a time, how many may begin in a second, and how much of the session's time
 * they may take: a tenth. An answer may be long because the container made it so.
 */
import { CaiError } from '../errors.ts';

const maxAtOnce = { call: 16, subscription: 8 } as const;
const perSecond = 50;
const burst = 100;
/** So many milliseconds of work count as one call. */
const msPerToken = 2;

type Kind = keyof typeof maxAtOnce;

export interface Gate {
  /** Returns the way out; throws BUSY when there are too many. */
  enter(kind: Kind): () => void;
  /** Counts work that kept the session from its own. */
  charge(ms: number): void;
}

export function createGate(now: () => number = () => performance.now()): Gate {
  const inside = { call: 0, subscription: 0 };
  let tokens = burst;
  let filled = now();
  return {
    enter(kind) {
      const time = now();
      tokens = Math.min(burst, tokens + ((time - filled) / 1000) * perSecond);
      filled = time;
      if (tokens < 1) throw busy('too many calls, or too long answers, for a second');
      if (inside[kind] >= maxAtOnce[kind]) throw busy(`more than ${maxAtOnce[kind]} at a time`);
      tokens -= 1;
      inside[kind] += 1;
      let left = false;
      return () => {
        if (!left) inside[kind] -= 1;
        left = true;
      };
    },
    charge(ms) {
      tokens -= ms / msPerToken;
    },
  };
}

function busy(what: string): CaiError {
  return new CaiError('BUSY', `The container asks too much: ${what}.`, {
    next: 'Try again in a moment.',
  });
}
