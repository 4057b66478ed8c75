/**
 * Holds the contents of a session to a number of bytes a second, whichever way they travel. What could
 * not be used in the past is not saved up for more than a moment: the line is never flooded.
 */
export interface Bandwidth {
  /** Resolves when that many bytes may go. */
  take(bytes: number, signal?: AbortSignal): Promise<void>;
  /** Passes chunks on at that pace. */
  pace(chunks: AsyncIterable<Uint8Array>, signal?: AbortSignal): AsyncIterable<Uint8Array>;
}

/** Milliseconds whose bytes may go at once. */
const burstMs = 100;

/** 0: as fast as it goes. */
export function createBandwidth(bytesPerSecond: number): Bandwidth {
  /** When the line is free again, milliseconds of performance.now(). */
  let free = 0;
  const take = async (bytes: number, signal?: AbortSignal): Promise<void> => {
    if (bytesPerSecond <= 0) return;
    const now = performance.now();
    const start = Math.max(free, now - burstMs);
    free = start + (bytes / bytesPerSecond) * 1000;
    if (free > now) await wait(free - now, signal);
  };
  return {
    take,
    async *pace(chunks, signal) {
      for await (const chunk of chunks) {
        await take(chunk.length, signal);
        yield chunk;
      }
    },
  };
}

function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
    if (signal?.aborted) done();
  });
}
