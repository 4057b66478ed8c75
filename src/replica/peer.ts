/**
 * What the proxy and the agent need of whatever connects them. The link room implements these ports,
 * so that this room knows nothing of frames and processes.
 */

/** An answer, or a piece of one: JSON that is not validated yet, and bytes beside it. */
export interface Answer {
  readonly data: unknown;
  readonly bytes: Uint8Array;
}

export interface CallOptions {
  readonly bytes?: Uint8Array;
  /** A stream that goes along with the call. */
  readonly upload?: AsyncIterable<Uint8Array>;
  /** Takes pieces of the answer that come before it; the far side waits for the promise. */
  readonly onPart?: (part: Answer) => Promise<void> | void;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds without any progress of this call after which it fails with TIMEOUT. */
  readonly idleMs: number;
}

/** The host's end: calls the far side. */
export interface Peer {
  call(method: string, params: unknown, options: CallOptions): Promise<Answer>;
  /** A call that is answered by a stream; with an upload, bytes go both ways at once. */
  download(
    method: string,
    params: unknown,
    options: Pick<CallOptions, 'signal' | 'idleMs' | 'upload'>,
  ): AsyncIterable<Uint8Array>;
  /** The far side may have only so many bytes of events under way; the promise gives them back. */
  onEvent: (event: Answer) => Promise<void> | void;
  /** Closes the link because of what the far side said. */
  fail(error: Error): void;
  /** Settles when the link is closed, with the reason unless `close` asked for it. */
  readonly closed: Promise<Error | undefined>;
  close(): Promise<void>;
}

/** A call as the far side sees it. */
export interface ServedCall extends Answer {
  readonly signal: AbortSignal;
  readonly upload: AsyncIterable<Uint8Array>;
  /** Sends a piece of the answer; resolves when the host has taken it. */
  part(data: unknown, bytes?: Uint8Array): Promise<void>;
  /** Answers with a stream. */
  send(chunks: AsyncIterable<Uint8Array>): Promise<void>;
}

/** Answers a call with JSON; undefined is sent as null. */
export type Handler = (call: ServedCall) => Promise<unknown>;
export type Handlers = Readonly<Record<string, Handler>>;

/** The agent's way to tell something by itself. */
export interface EventPort {
  /** True while the host has room for so many bytes of events. */
  hasRoom(bytes: number): boolean;
  send(data: unknown, bytes?: Uint8Array): void;
  /** Called when there is room again. */
  onRoom: () => void;
}
