/**
 * What was sent to a client of the older revisions lately, so that one whose connection broke can go on where it was.
 * Bounded: whoever was away for too long starts anew.
 */
import { randomUUID } from 'node:crypto';
import type { EventId, EventStore, JSONRPCMessage, StreamId } from '@modelcontextprotocol/server';

interface Kept {
  readonly id: EventId;
  readonly streamId: StreamId;
  readonly message: JSONRPCMessage;
  readonly bytes: number;
}

const maxEvents = 500;
const maxBytes = 4 * 1024 * 1024;

export function createEventStore(): EventStore {
  // Not to be guessed, and not to be mixed up with those of another session.
  const prefix = randomUUID();
  const events: Kept[] = [];
  let bytes = 0;
  let last = 0;
  return {
    storeEvent(streamId, message) {
      last += 1;
      const kept = {
        id: `${prefix}-${last}`,
        streamId,
        message,
        bytes: JSON.stringify(message).length,
      };
      events.push(kept);
      bytes += kept.bytes;
      while (events.length > maxEvents || (bytes > maxBytes && events.length > 1))
        bytes -= events.shift()?.bytes ?? 0;
      return Promise.resolve(kept.id);
    },
    getStreamIdForEventId: (id) =>
      Promise.resolve(events.find((event) => event.id === id)?.streamId),
    async replayEventsAfter(id, { send }) {
      const at = events.findIndex((event) => event.id === id);
      const from = events[at];
      if (from === undefined) throw new Error('That event is not kept any more.');
      for (const event of events.slice(at + 1)) {
        const isEmpty = Object.keys(event.message).length === 0;
        if (event.streamId === from.streamId && !isEmpty) await send(event.id, event.message);
      }
      return from.streamId;
    },
  };
}
