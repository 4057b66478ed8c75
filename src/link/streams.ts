/**
 * Flow control of one stream. A sender may have at most one window of bytes under way that the
 * receiver's consumer has not used, so a slow consumer costs one window of memory and nothing else waits.
 */
import { CaiError } from '../errors.ts';
import { violation } from '../replica/violation.ts';

/** Bytes of one stream that may be under way. */
export const streamWindow = 1024 * 1024;

/** The sender's allowance. */
export interface Credit {
  /** Resolves when that many bytes may go. */
  take(bytes: number): Promise<void>;
  add(bytes: number): void;
  /** Lets whoever waits go with an error. */
  fail(error: Error): void;
  /** The same when the call is over, as most are without ever having sent a stream. */
  end(): void;
}

export function createCredit(window = streamWindow): Credit {
  let left = window;
  let failure: (() => Error) | undefined;
  let wake: (() => void) | undefined;
  return {
    async take(bytes) {
      while (failure === undefined && left < bytes) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (failure !== undefined) throw failure();
      left -= bytes;
    },
    add(bytes) {
      left = Math.min(window, left + bytes);
      wake?.();
    },
    fail(error) {
      failure ??= () => error;
      wake?.();
    },
    end() {
      failure ??= over;
      wake?.();
    },
  };
}

function over(): CaiError {
  return new CaiError('LINK', 'The call is over.');
}

/** The receiver's end: pushed into by the link, read by one consumer. */
export interface Inflow extends AsyncIterable<Uint8Array> {
  /** Throws PROTOCOL when the sender goes beyond its window. */
  push(bytes: Uint8Array): void;
  end(): void;
  fail(error: Error): void;
  /** Something is there that the consumer has not taken. */
  readonly waiting: boolean;
}

export interface InflowOptions {
  readonly window?: number;
  /** The consumer has used so many bytes. */
  readonly onUsed: (bytes: number) => void;
  /** The consumer stopped before the end. */
  readonly onStop?: () => void;
}

export function createInflow({ window = streamWindow, onUsed, onStop }: InflowOptions): Inflow {
  const queue: Uint8Array[] = [];
  let queued = 0;
  let used = 0;
  let over: { readonly error?: Error } | undefined;
  let wake: (() => void) | undefined;

  function giveBack(bytes: number): void {
    queued -= bytes;
    used += bytes;
    // In quarters, so that credits are few beside the chunks.
    if (used < window / 4) return;
    onUsed(used);
    used = 0;
  }

  async function* read(): AsyncGenerator<Uint8Array, void, undefined> {
    let complete = false;
    try {
      for (;;) {
        const bytes = queue.shift();
        if (bytes !== undefined) {
          yield bytes;
          giveBack(bytes.length);
        } else if (over !== undefined) {
          complete = true;
          if (over.error !== undefined) throw over.error;
          return;
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      queue.length = 0;
      if (!complete) onStop?.();
    }
  }

  function finish(result: { readonly error?: Error }): void {
    over ??= result;
    wake?.();
  }

  return {
    push(bytes) {
      if (over !== undefined || bytes.length === 0) return;
      queued += bytes.length;
      if (queued + used > window) throw violation('more of a stream than it may');
      enqueue(queue, bytes);
      wake?.();
    },
    end: () => finish({}),
    fail(error) {
      queue.length = 0;
      finish({ error });
    },
    get waiting() {
      return queued > 0;
    },
    [Symbol.asyncIterator]: read,
  };
}

const small = 4096;

/** Joins small pieces, so that a window of single bytes costs no more than a window of chunks. */
function enqueue(queue: Uint8Array[], bytes: Uint8Array): void {
  const last = queue.at(-1);
  if (last !== undefined && last.length < small && bytes.length < small) {
    queue[queue.length - 1] = Buffer.concat([last, bytes]);
  } else queue.push(bytes);
}

/** Cuts chunks so that none is over `size`; empty ones go. */
export function* cutChunk(chunk: Uint8Array, size: number): Iterable<Uint8Array> {
  for (let at = 0; at < chunk.length; at += size) yield chunk.subarray(at, at + size);
}
