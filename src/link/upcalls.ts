/**
 * The host's end of upcalls: requests that come up the link from programs in the container, and what is
 * answered. Whatever the container sends, so many are under way at a time and no more, and an answer
 * waits until the transport takes it: upcalls can slow down each other, never the session (invariant 7).
 */
import { violation } from '../replica/violation.ts';
import type { Connection } from './connection.ts';

/**
 * Carries a request out: a line of text, not checked yet. Yields the lines of its answer, and never
 * throws. Ends soon after the signal.
 */
export type UpcallHandler = (line: string, signal: AbortSignal) => AsyncIterable<string>;

/** Requests under way, those included whose answer is on its way; an agent asks for no more. */
export const maxUpcalls = 48;
/** A request is not longer than this. */
export const maxUpcallBytes = 256 * 1024;

const pieceBytes = 64 * 1024;

export interface UpcallPort {
  /** Throws PROTOCOL when the agent asks in a way that it may not. */
  take(id: number, line: Uint8Array): void;
  /** Whoever asked has gone. */
  drop(id: number): void;
}

export function createUpcallPort(connection: Connection, handle: UpcallHandler): UpcallPort {
  const running = new Map<number, AbortController>();
  let last = 0;
  void connection.closed.then(() => {
    for (const controller of running.values()) controller.abort();
  });

  async function answer(id: number, line: string, signal: AbortSignal): Promise<void> {
    try {
      for await (const said of handle(line, signal)) {
        if (signal.aborted) break;
        await sendLine(connection, id, Buffer.from(said));
      }
    } finally {
      await connection.sendBehind({ t: 'reply', id, end: 'all' });
      running.delete(id);
    }
  }

  return {
    take(id, line) {
      if (id <= last) throw violation('an upcall with a number that was used');
      if (line.length > maxUpcallBytes) throw violation(`an upcall of ${line.length} bytes`);
      if (running.size >= maxUpcalls) throw violation('more upcalls than it may');
      last = id;
      const controller = new AbortController();
      running.set(id, controller);
      const text = Buffer.from(line).toString('utf8');
      answer(id, text, controller.signal).catch((error: Error) => connection.fail(error));
    },
    drop(id) {
      running.get(id)?.abort();
    },
  };
}

async function sendLine(connection: Connection, id: number, line: Buffer): Promise<void> {
  for (let at = 0; at < line.length || at === 0; at += pieceBytes) {
    const isLast = at + pieceBytes >= line.length;
    const piece = line.subarray(at, at + pieceBytes);
    await connection.sendBehind({ t: 'reply', id, end: isLast ? 'line' : 'none' }, piece);
  }
}
