/**
 * What comes from the host, a little ahead of what is asked for: so its end is noticed also while a long
 * answer is given, and a volume is not held for a host that has gone.
 */
import type { Frame } from '../frames.ts';

export interface Inbox {
  /** Undefined at the end. */
  next(): Promise<Frame | undefined>;
  hasEnded(): boolean;
}

/** Frames that may wait; each holds up to a quarter of a mebibyte. */
const ahead = 8;

export function createInbox(frames: AsyncIterable<Frame>): Inbox {
  const waiting: Frame[] = [];
  let state: 'open' | 'ended' | { readonly error: unknown } = 'open';
  let wake: () => void = () => {};

  function changed(): Promise<void> {
    return new Promise((resolve) => {
      const before = wake;
      wake = () => {
        before();
        resolve();
      };
    });
  }

  function tell(): void {
    const now = wake;
    wake = () => {};
    now();
  }

  async function pump(): Promise<void> {
    try {
      for await (const frame of frames) {
        waiting.push(frame);
        tell();
        while (waiting.length >= ahead) await changed();
      }
      state = 'ended';
    } catch (error) {
      state = { error };
    }
    tell();
  }

  void pump();
  return {
    async next() {
      while (waiting.length === 0 && state === 'open') await changed();
      const frame = waiting.shift();
      tell();
      if (frame === undefined && typeof state === 'object') throw state.error;
      return frame;
    },
    hasEnded: () => state !== 'open',
  };
}
