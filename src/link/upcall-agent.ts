/**
 * The agent's part in upcalls: lines of a program in the container go up as messages, and what the host
 * answers goes back as lines. It knows nothing of what is asked. What is over a bound is answered here.
 */
import type { Socket } from 'node:net';
import { CaiError, toCaiError } from '../errors.ts';
import type { Connection } from './connection.ts';
import { createLineDecoder } from './lines.ts';
import type { Message } from './messages.ts';
import { openUpcallSocket, type UpcallSocket } from './upcall-socket.ts';
import { maxUpcallBytes, maxUpcalls } from './upcalls.ts';

/** A client that leaves more than this unread is dropped. */
const maxUnread = 4 * 1024 * 1024;

interface Asked {
  readonly socket: Socket;
  readonly pieces: Uint8Array[];
}

type Reply = Extract<Message, { t: 'reply' }>;

export class UpcallAgent {
  readonly #connection: Connection;
  readonly #asked = new Map<number, Asked>();
  #last = 0;
  #socket: UpcallSocket | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async open(root: string): Promise<void> {
    this.#socket ??= await openUpcallSocket(root, (socket) => this.#serve(socket));
  }

  close(): void {
    this.#socket?.close();
  }

  take({ id, end }: Reply, bytes: Uint8Array): void {
    const asked = this.#asked.get(id);
    if (asked === undefined) return;
    const { socket, pieces } = asked;
    if (end === 'all') {
      this.#asked.delete(id);
      return;
    }
    if (bytes.length > 0) pieces.push(bytes);
    if (end !== 'line' || socket.destroyed) return;
    // Whole lines only: answers to other requests go to the same client.
    for (const piece of pieces.splice(0)) socket.write(piece);
    socket.write('\n');
    if (socket.writableLength > maxUnread) socket.destroy();
  }

  #serve(socket: Socket): void {
    const decoder = createLineDecoder(maxUpcallBytes, (line) => this.#ask(socket, line));
    socket.on('data', (chunk) => {
      if (socket.writableEnded) return;
      try {
        decoder.push(chunk);
      } catch (error) {
        send(socket, { id: 0, error: toCaiError(error).toJSON() });
        socket.destroySoon();
      }
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      for (const [id, asked] of this.#asked) {
        if (asked.socket === socket) this.#connection.send({ t: 'hangup', id });
      }
    });
  }

  #ask(socket: Socket, line: string): void {
    if (this.#asked.size >= maxUpcalls) {
      const error = new CaiError('BUSY', 'Too many calls at a time.', { next: 'Try again.' });
      send(socket, { id: idOf(line), error: error.toJSON() });
      return;
    }
    this.#last += 1;
    this.#asked.set(this.#last, { socket, pieces: [] });
    this.#connection.send({ t: 'upcall', id: this.#last }, Buffer.from(line));
  }
}

function idOf(line: string): unknown {
  try {
    return (JSON.parse(line) as { readonly id?: unknown } | null)?.id ?? 0;
  } catch {
    return 0;
  }
}

function send(socket: Socket, line: unknown): void {
  socket.write(`${JSON.stringify(line)}\n`);
}
