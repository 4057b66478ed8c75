/**
 * One end of a link: frames in and out of a transport, heartbeat, and the one place where a link
 * closes. Every way it can end (asked for, silence, far side gone, protocol broken) settles `closed` once.
 */
import { CaiError, toCaiError } from '../errors.ts';
import { createFrameDecoder, encodeFrame, type Frame } from './frames.ts';
import { type Heartbeat, type HeartbeatOptions, startHeartbeat } from './heartbeat.ts';
import { checkMessage, type Message } from './messages.ts';
import { createOutbox, type Outbox } from './outbox.ts';
import type { Transport, TransportEnd } from './transport.ts';

/**
 * `size`: bytes of the frame. It returns true to let everybody act on the message before the next one
 * is looked at; what it throws closes the link.
 */
export type MessageListener = (message: Message, bytes: Uint8Array, size: number) => boolean;

export interface ConnectionOptions {
  readonly transport: Transport;
  readonly heartbeat: HeartbeatOptions;
  /** True: sends pings (the host). False: only listens (the agent). */
  readonly asks: boolean;
  /** Bytes that were read off the transport already. */
  readonly leftover?: Uint8Array;
  readonly onMessage: MessageListener;
}

export interface Pong {
  /** Milliseconds. */
  readonly roundTrip: number;
  /** The far side's clock minus this one's, milliseconds. */
  readonly skew: number;
}

const urgent: ReadonlySet<Message['t']> = new Set([
  'ping',
  'pong',
  'ack',
  'cancel',
  'credit',
  'taken',
]);

/** Milliseconds that a broken pipe waits for the transport to say why it ended. */
const accountMs = 1000;

export class Connection {
  onMessage: MessageListener;
  /** Settles when the link is closed, with the reason unless `close` asked for it. */
  readonly closed: Promise<Error | undefined>;
  readonly #transport: Transport;
  readonly #outbox: Outbox;
  readonly #decoder = createFrameDecoder();
  readonly #heartbeat: Heartbeat;
  readonly #waiting: Frame[] = [];
  readonly #pings = new Map<number, (time: number) => void>();
  readonly #onData = (bytes: Uint8Array): void => this.#take(bytes);
  #lastPing = 0;
  #breathing = false;
  #over = false;
  #settle: (error: Error | undefined) => void = () => {};

  constructor(options: ConnectionOptions) {
    const { input, output, ended } = options.transport;
    this.onMessage = options.onMessage;
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#transport = options.transport;
    this.#outbox = createOutbox(output);
    this.#heartbeat = startHeartbeat(
      options.heartbeat,
      () => {
        if (options.asks) this.send({ t: 'ping', n: 0 });
      },
      (ms) => this.fail(lost(`the far side has been silent for ${Math.round(ms / 1000)} s`)),
    );
    for (const stream of new Set([input, output])) {
      stream.on('error', (error: Error) => this.#onBroken(error));
    }
    ended.then(
      (end) => this.#onEnded(end),
      (error: Error) => this.#onBroken(error),
    );
    input.on('data', this.#onData);
    // Whoever read the greeting has paused it.
    input.resume();
    if (options.leftover !== undefined) this.#take(options.leftover);
  }

  /** Queues a message; returns the bytes of its frame. */
  send(message: Message, bytes?: Uint8Array): number {
    const pieces = encodeFrame(message, bytes);
    this.#outbox.put(urgent.has(message.t) ? 'urgent' : 'message', pieces);
    return pieces.reduce((sum, piece) => sum + piece.length, 0);
  }

  /** Queues a piece of a stream behind all messages; resolves when the transport has taken it. */
  sendChunk(id: number, bytes: Uint8Array): Promise<void> {
    return this.sendBehind({ t: 'chunk', id }, bytes);
  }

  /** The same for any message that can wait. */
  sendBehind(message: Message, bytes?: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#outbox.put('chunk', encodeFrame(message, bytes), resolve);
    });
  }

  async ping(): Promise<Pong> {
    this.#lastPing += 1;
    const n = this.#lastPing;
    const before = performance.now();
    const sent = Date.now();
    const time = await Promise.race([
      new Promise<number>((resolve) => {
        this.#pings.set(n, resolve);
        this.send({ t: 'ping', n });
      }),
      this.closed.then((error) => {
        throw error ?? lost('it was closed');
      }),
    ]);
    this.#pings.delete(n);
    const roundTrip = performance.now() - before;
    return { roundTrip, skew: time - sent - roundTrip / 2 };
  }

  /** Closes with a reason (undefined: it was asked for). */
  fail(error: Error | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#heartbeat.stop();
    this.#outbox.stop();
    this.#waiting.length = 0;
    const { input } = this.#transport;
    input.off('data', this.#onData);
    // A far side that still writes must be able to finish, to see the end of its input.
    input.resume();
    this.#settle(error);
    this.#transport.close().catch(() => {});
  }

  async close(): Promise<void> {
    this.fail(undefined);
    await this.#transport.close();
  }

  #take(bytes: Uint8Array): void {
    // Any byte is a sign of life: on a slow line one frame may take longer than the silence allowed.
    this.#heartbeat.alive();
    try {
      for (const frame of this.#decoder.push(bytes)) this.#waiting.push(frame);
    } catch (error) {
      this.fail(toCaiError(error));
    }
    if (!this.#breathing) this.#handle();
  }

  #handle(): void {
    try {
      for (let frame = this.#waiting.shift(); frame !== undefined; frame = this.#waiting.shift()) {
        if (this.#receive(checkMessage(frame.json, frame.bytes), frame)) {
          this.#breathe();
          return;
        }
      }
    } catch (error) {
      this.fail(toCaiError(error));
    }
  }

  #receive(message: Message, { bytes, size }: Frame): boolean {
    if (message.t === 'ping') {
      this.send({ t: 'pong', n: message.n, time: Date.now() });
      return false;
    }
    if (message.t === 'pong') {
      this.#pings.get(message.n)?.(message.time);
      return false;
    }
    return this.onMessage(message, bytes, size);
  }

  #breathe(): void {
    const { input } = this.#transport;
    this.#breathing = true;
    input.pause();
    setImmediate(() => {
      this.#breathing = false;
      this.#handle();
      if (!this.#breathing) input.resume();
    });
  }

  #onBroken(error: Error): void {
    // The transport's own account of its end says more than EPIPE does; it is given time to come.
    setTimeout(() => this.fail(lost(error.message, error)), accountMs).unref();
  }

  #onEnded(end: TransportEnd): void {
    const tail = this.#transport.errorTail();
    this.fail(lost(tail === '' ? end.reason : `${end.reason}: ${tail}`, end));
  }
}

function lost(why: string, cause?: unknown): CaiError {
  return new CaiError('LINK', `The link is down: ${why}.`, cause === undefined ? {} : { cause });
}
