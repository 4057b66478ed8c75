/**
 * Answers what programs in the container ask of the session. The container is hostile (invariant 7): of
 * the control API it gets the calls below, with bounds on each, on how many run at a time and on how
 * often; no call reads or writes anything on the host but what is synchronised.
 */
import { CaiError, toCaiError } from '../errors.ts';
import type { UpcallHandler } from '../link/upcalls.ts';
import type { ServerLine, SessionStatus } from './api.ts';
import { type CallContext, runCall } from './calls.ts';
import { parseRequest } from './connection.ts';
import { type EventLines, eventLines } from './event-lines.ts';
import { createGate, type Gate } from './upcall-gate.ts';
import { checkUpcall } from './upcall-rules.ts';

const maxAnswerBytes = 8 * 1024 * 1024;

/** `context` is asked for when the first call comes: the session is being opened before. */
export function createUpcallHandler(context: () => CallContext): UpcallHandler {
  const gate = createGate();
  return async function* answer(line, signal) {
    let id = 0;
    let leave: (() => void) | undefined;
    let events: EventLines | undefined;
    try {
      const request = parseRequest(line);
      id = request.id;
      leave = gate.enter(request.call === 'subscribe' ? 'subscription' : 'call');
      const here = context();
      const incoming = checkUpcall(request, here);
      // Made before the answer, so that no event falls between the two.
      if (request.call === 'subscribe') {
        const named = incoming.params.paths === true;
        events = eventLines({ session: here.session, named, signal });
      }
      const result = await timed(gate, () => runCall(incoming, here, signal));
      yield timed(gate, () => text({ id, result: shown(result) }));
      if (events !== undefined) yield* events;
    } catch (error) {
      yield text({ id, error: toCaiError(error).toJSON() });
    } finally {
      events?.close();
      leave?.();
    }
  };
}

/** Calls; what it does before it waits for something is charged. */
function timed<T>(gate: Gate, work: () => T): T {
  const start = performance.now();
  const result = work();
  gate.charge(performance.now() - start);
  return result;
}

/** The names of local secrets are nobody's business in the container. */
function shown(result: unknown): unknown {
  const { secrets } = result as Partial<SessionStatus>;
  if (secrets === undefined) return result;
  return { ...(result as SessionStatus), secrets: secrets.filter((one) => one.side !== 'local') };
}

function text(line: ServerLine): string {
  const json = JSON.stringify(line);
  if (json.length <= maxAnswerBytes || 'event' in line) return json;
  const error = new CaiError('BUSY', `The answer has more than ${maxAnswerBytes} bytes.`, {
    next: 'Ask for less, or run `cai` on the host.',
  });
  return JSON.stringify({ id: line.id, error: error.toJSON() });
}
