/**
 * One client of the control socket. Whatever it sends, or does not read, the session goes on:
 * messages, calls at a time and unread bytes are bounded; who is over a bound is dropped.
 */
import { setMaxListeners } from 'node:events';
import type { Socket } from 'node:net';
import { CaiError, toCaiError } from '../errors.ts';
import { createLineDecoder } from '../link/lines.ts';
import type { ServerLine } from './api.ts';
import type { CallContext, Incoming } from './calls.ts';
import { isCallName, runCall } from './calls.ts';
import { withPaths } from './event-lines.ts';

export const maxMessageBytes = 1024 * 1024;
const maxCallsAtOnce = 64;
/** A subscriber that leaves more than this unread is dropped. */
export const maxUnreadBytes = 4 * 1024 * 1024;

/** Serves a client until it goes. */
export function serveConnection(socket: Socket, context: CallContext): void {
  const gone = new AbortController();
  setMaxListeners(maxCallsAtOnce, gone.signal);
  let active = 0;
  let unsubscribe: (() => void) | undefined;

  const send = (line: ServerLine): void => {
    if (!socket.destroyed) socket.write(`${JSON.stringify(line)}\n`);
  };
  const subscribe = (named: boolean): void => {
    unsubscribe ??= context.session.onEvent((event, paths) => {
      if (socket.writableLength > maxUnreadBytes) socket.destroy();
      else send({ event: named ? withPaths(event, paths) : event });
    });
  };
  const refuse = (error: CaiError): void => {
    send({ id: 0, error: error.toJSON() });
    socket.destroySoon();
  };

  async function answer(id: number, incoming: Incoming): Promise<void> {
    active += 1;
    try {
      const result = await runCall(incoming, context, gone.signal);
      send({ id, result });
      // In the same turn as the answer, so that no event falls between the two.
      if (incoming.call === 'subscribe') subscribe(incoming.params.paths === true);
    } catch (error) {
      send({ id, error: toCaiError(error).toJSON() });
    } finally {
      active -= 1;
    }
  }

  const decoder = createLineDecoder(maxMessageBytes, (line) => {
    const request = parseRequest(line);
    if (active >= maxCallsAtOnce) throw new CaiError('BUSY', 'Too many calls at a time.');
    void answer(request.id, request);
  });
  socket.on('data', (chunk) => {
    if (socket.writableEnded) return;
    try {
      decoder.push(chunk);
    } catch (error) {
      refuse(toCaiError(error));
    }
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    unsubscribe?.();
    gone.abort();
  });
}

/** A request out of a line; PROTOCOL when it is none. Its parameters are not checked yet. */
export function parseRequest(line: string): Incoming & { readonly id: number } {
  let value: { id?: unknown; call?: unknown; params?: unknown } | null;
  try {
    value = JSON.parse(line);
  } catch {
    throw new CaiError('PROTOCOL', 'A message is not JSON.');
  }
  const { id, call, params = {} } = value ?? {};
  if (!Number.isSafeInteger(id)) throw new CaiError('PROTOCOL', 'A message has no id.');
  if (!isCallName(call)) throw new CaiError('PROTOCOL', 'There is no such call.');
  if (typeof params !== 'object' || params === null)
    throw new CaiError('PROTOCOL', 'params must be an object.');
  return { id: id as number, call, params: params as Record<string, unknown> };
}
