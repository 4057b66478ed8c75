/**
 * The agent's end of a link: runs a handler for every call and sends its answer, pieces and streams.
 * A call that the host gives up is aborted; an error of a handler is its answer, never the end.
 */
import { CaiError } from '../errors.ts';
import type { EventPort, Handlers, ServedCall } from '../replica/peer.ts';
import { chunkBytes } from '../replica/replica.ts';
import { violation } from '../replica/violation.ts';
import { eventCost, eventWindow } from './client.ts';
import type { Connection } from './connection.ts';
import { errorToSend } from './error-message.ts';
import type { Message } from './messages.ts';
import { type Credit, createCredit, createInflow, cutChunk, type Inflow } from './streams.ts';

interface Running {
  readonly controller: AbortController;
  readonly upload: Inflow;
  readonly credit: Credit;
  /** Goes on with the handler that waits for its piece to be taken. */
  taken: () => void;
}

/** What messages add to the events in them is less than this. */
const eventMargin = 1024 * 1024;

export class Server {
  readonly events: EventPort;
  /** Gets the host's answers to upcalls. */
  onReply: (reply: Extract<Message, { t: 'reply' }>, bytes: Uint8Array) => void = () => {};
  readonly #connection: Connection;
  readonly #handlers: Handlers;
  readonly #running = new Map<number, Running>();
  #eventBytes = 0;

  constructor(connection: Connection, handlers: Handlers) {
    this.#connection = connection;
    this.#handlers = handlers;
    connection.onMessage = (message, bytes) => {
      this.#receive(message, bytes);
      return false;
    };
    void connection.closed.then(() => {
      for (const call of this.#running.values()) stop(call);
    });
    this.events = {
      hasRoom: (bytes) => this.#eventBytes + bytes + eventMargin <= eventWindow,
      send: (data, bytes) => {
        this.#eventBytes += eventCost(connection.send({ t: 'event', data }, bytes));
      },
      onRoom: () => {},
    };
  }

  #receive(message: Message, bytes: Uint8Array): void {
    switch (message.t) {
      case 'call':
        void this.#serve(message, bytes);
        return;
      case 'ack':
        this.#running.get(message.id)?.taken();
        return;
      case 'chunk':
        this.#running.get(message.id)?.upload.push(bytes);
        return;
      case 'end':
        this.#running.get(message.id)?.upload.end();
        return;
      case 'credit':
        this.#running.get(message.id)?.credit.add(message.bytes);
        return;
      case 'cancel': {
        const call = this.#running.get(message.id);
        if (call !== undefined) stop(call);
        return;
      }
      case 'taken':
        this.#eventBytes -= message.bytes;
        this.events.onRoom();
        return;
      case 'reply':
        this.onReply(message, bytes);
        return;
      default:
        throw violation(`a "${message.t}" message to the agent`);
    }
  }

  async #serve(message: Extract<Message, { t: 'call' }>, bytes: Uint8Array): Promise<void> {
    const { id, method, data } = message;
    const running = this.#start(id);
    try {
      const handler = Object.hasOwn(this.#handlers, method) ? this.#handlers[method] : undefined;
      if (handler === undefined) throw violation(`a call "${method}" that is not known`);
      const result = await handler(this.#served(id, running, data, bytes));
      this.#connection.send({ t: 'done', id, data: result ?? null });
    } catch (error) {
      this.#connection.send({ t: 'error', id, error: errorToSend(error) });
    } finally {
      this.#running.delete(id);
    }
  }

  #start(id: number): Running {
    const running: Running = {
      controller: new AbortController(),
      upload: createInflow({
        onUsed: (used) => this.#connection.send({ t: 'credit', id, bytes: used }),
      }),
      credit: createCredit(),
      taken: () => {},
    };
    this.#running.set(id, running);
    return running;
  }

  #served(id: number, running: Running, data: unknown, bytes: Uint8Array): ServedCall {
    const { signal } = running.controller;
    return {
      data,
      bytes,
      signal,
      upload: running.upload,
      part: async (piece, pieceBytes) => {
        // The host takes none any more, and says so to nobody.
        if (signal.aborted) throw cancelled();
        const taken = new Promise<void>((resolve) => {
          running.taken = resolve;
        });
        this.#connection.send({ t: 'part', id, data: piece }, pieceBytes);
        await taken;
        if (signal.aborted) throw cancelled();
      },
      send: async (chunks) => {
        for await (const chunk of chunks) {
          for (const piece of cutChunk(chunk, chunkBytes)) {
            await running.credit.take(piece.length);
            await this.#connection.sendChunk(id, piece);
          }
        }
      },
    };
  }
}

function stop(call: Running): void {
  call.controller.abort();
  call.upload.fail(cancelled());
  call.credit.fail(cancelled());
  call.taken();
}

function cancelled(): CaiError {
  return new CaiError('CANCELLED', 'The host gave the call up.');
}
