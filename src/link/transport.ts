/** A transport: bytes both ways to the far side, and how that ended. It knows nothing of messages. */
import type { Readable, Writable } from 'node:stream';

export interface TransportEnd {
  /** For people: what happened. */
  readonly reason: string;
  /** Exit code of the process that was the transport; null when there was none or a signal ended it. */
  readonly exitCode: number | null;
  /** Code of the system's error when no process came to be. */
  readonly spawnFault?: string;
}

export interface Transport {
  /** What opens it, e.g. `docker`. */
  readonly name: string;
  readonly input: Readable;
  readonly output: Writable;
  /** Settles when the far side is gone; never rejects. */
  readonly ended: Promise<TransportEnd>;
  /** The last lines that the far side wrote to its standard error. */
  errorTail(): string;
  /** Ends it, gently at first; resolves when it has ended. */
  close(): Promise<void>;
}
