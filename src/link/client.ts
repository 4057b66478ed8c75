/**
 * The host's end of a link: calls with answers, pieces and streams, each with a deadline that progress
 * puts off and a way to cancel it. Nothing the far side sends can throw out of here (invariant 7).
 */
import { CaiError } from '../errors.ts';
import type { Answer, CallOptions, Peer } from '../replica/peer.ts';
import { chunkBytes } from '../replica/replica.ts';
import { violation } from '../replica/violation.ts';
import type { Connection } from './connection.ts';
import { receivedError } from './error-message.ts';
import type { Message } from './messages.ts';
import { createPendingCalls, type PendingCall } from './pending-calls.ts';
import { createInflow, cutChunk, type Inflow } from './streams.ts';
import { createUpcallPort, type UpcallHandler, type UpcallPort } from './upcalls.ts';

/** Bytes of events that may be under way to a host that has not used them yet. */
export const eventWindow = 16 * 1024 * 1024;

/** What an event counts against the window: small ones cost more memory than bytes. */
export function eventCost(bytes: number): number {
  return Math.max(bytes, 2048);
}

/** Milliseconds that an agent may take to open its socket. */
const upcallsMs = 30_000;

type StreamOptions = Pick<CallOptions, 'signal' | 'idleMs' | 'upload'>;

export class Client implements Peer {
  onEvent: Peer['onEvent'] = () => {};
  readonly closed: Promise<Error | undefined>;
  readonly #connection: Connection;
  readonly #calls = createPendingCalls();
  #eventBytes = 0;
  #gone: Error | undefined;
  #upcalls: UpcallPort | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
    connection.onMessage = (message, bytes, size) => this.#receive(message, bytes, size);
    this.closed = connection.closed.then((error) => {
      this.#gone = error ?? new CaiError('LINK', 'The link was closed.');
      for (const id of this.#calls.all()) this.#calls.settle(id, this.#gone);
      return error;
    });
  }

  /** From now on programs in the container may ask. That there is no place for a socket is no failure. */
  serveUpcalls(handle: UpcallHandler): void {
    this.#upcalls = createUpcallPort(this.#connection, handle);
    this.call('upcalls', null, { idleMs: upcallsMs }).catch(() => {});
  }

  call(method: string, params: unknown, options: CallOptions): Promise<Answer> {
    const { id, answer } = this.#open(method, params, options);
    if (options.upload !== undefined) {
      // A source that fails ends its call; a call that is over already does not care.
      this.#upload(id, options.upload).catch((error: Error) => this.#abandon(id, error));
    }
    return answer;
  }

  async *download(
    method: string,
    params: unknown,
    options: StreamOptions,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const id = this.#calls.peekId();
    const inflow = createInflow({
      onUsed: (bytes) => {
        if (this.#calls.touch(id)) this.#connection.send({ t: 'credit', id, bytes });
      },
      onStop: () => this.#abandon(id, cancelled(method)),
    });
    const { answer } = this.#open(method, params, options, inflow);
    // The stream fails with the same error; here it must only not go unhandled.
    answer.catch((error: Error) => inflow.fail(error));
    if (options.upload !== undefined) {
      this.#upload(id, options.upload).catch((error: Error) => this.#abandon(id, error));
    }
    yield* inflow;
  }

  fail(error: Error): void {
    this.#connection.fail(error);
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  #receive(message: Message, bytes: Uint8Array, size: number): boolean {
    switch (message.t) {
      case 'done':
        return this.#end(message.id, { data: message.data, bytes });
      case 'error':
        return this.#end(message.id, receivedError(message.error));
      case 'part':
        this.#takePart(this.#calls.find(message.id), message.id, { data: message.data, bytes });
        return false;
      case 'chunk': {
        const call = this.#calls.find(message.id);
        call?.idle.refresh();
        call?.inflow?.push(bytes);
        return false;
      }
      case 'credit': {
        const call = this.#calls.find(message.id);
        call?.idle.refresh();
        call?.credit.add(message.bytes);
        return false;
      }
      case 'event':
        this.#takeEvent({ data: message.data, bytes }, size);
        return false;
      case 'upcall':
        if (this.#upcalls === undefined) throw violation('an upcall that nobody allowed');
        this.#upcalls.take(message.id, bytes);
        return false;
      case 'hangup':
        this.#upcalls?.drop(message.id);
        return false;
      default:
        throw violation(`a "${message.t}" message to the host`);
    }
  }

  #end(id: number, result: Answer | Error): boolean {
    const call = this.#calls.find(id);
    if (call?.busy) throw violation('an answer before its piece was taken');
    this.#calls.settle(id, result);
    // What follows in the stream is newer than this answer, so its caller gets to act on it first.
    return call !== undefined;
  }

  #takePart(call: PendingCall | undefined, id: number, part: Answer): void {
    if (call === undefined) return;
    if (call.busy || call.onPart === undefined) throw violation('a piece that nobody waits for');
    call.busy = true;
    run(() => call.onPart?.(part)).then(
      () => {
        call.busy = false;
        if (this.#calls.touch(id)) this.#connection.send({ t: 'ack', id });
      },
      (error: Error) => this.#abandon(id, error),
    );
  }

  #takeEvent(event: Answer, size: number): void {
    const cost = eventCost(size);
    this.#eventBytes += cost;
    if (this.#eventBytes > eventWindow) throw violation('more events than it may');
    run(() => this.onEvent(event)).then(
      () => {
        this.#eventBytes -= cost;
        if (this.#gone === undefined) this.#connection.send({ t: 'taken', bytes: cost });
      },
      (error: Error) => this.fail(error),
    );
  }

  /** Gives a call up from this side. */
  #abandon(id: number, error: Error): void {
    if (!this.#calls.settle(id, error)) return;
    if (this.#gone === undefined) this.#connection.send({ t: 'cancel', id });
  }

  #open(
    method: string,
    params: unknown,
    options: CallOptions,
    inflow?: Inflow,
  ): { readonly id: number; readonly answer: Promise<Answer> } {
    const { signal, idleMs, bytes, onPart } = options;
    const id = this.#calls.nextId();
    const answer = new Promise<Answer>((resolve, reject) => {
      if (this.#gone !== undefined) throw this.#gone;
      if (signal?.aborted) throw cancelled(method);
      const onIdle = (): void => this.#abandon(id, late(method, idleMs));
      this.#calls.add(id, { resolve, reject, onPart, inflow, idleMs, onIdle });
      try {
        this.#connection.send({ t: 'call', id, method, data: params }, bytes);
      } catch (error) {
        this.#calls.settle(id, error as Error);
      }
    });
    if (signal !== undefined) {
      const onAbort = (): void => this.#abandon(id, cancelled(method));
      signal.addEventListener('abort', onAbort);
      const off = (): void => signal.removeEventListener('abort', onAbort);
      answer.then(off, off);
    }
    return { id, answer };
  }

  async #upload(id: number, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of chunks) {
      for (const piece of cutChunk(chunk, chunkBytes)) {
        const call = this.#calls.find(id);
        if (call === undefined) return;
        await call.credit.take(piece.length);
        await this.#connection.sendChunk(id, piece);
        call.idle.refresh();
      }
    }
    if (this.#calls.touch(id)) this.#connection.send({ t: 'end', id });
  }
}

/** Calls now (not a turn later), and makes a rejection of what is thrown. */
async function run(work: () => unknown): Promise<void> {
  await work();
}

function late(method: string, idleMs: number): CaiError {
  return new CaiError(
    'TIMEOUT',
    `The far side did not get on with "${method}" for ${Math.round(idleMs / 1000)} s.`,
  );
}

function cancelled(method: string): CaiError {
  return new CaiError('CANCELLED', `The call "${method}" was cancelled.`);
}
