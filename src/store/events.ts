/** The log of events, bounded: the newest rows stay, older ones go with the commit that adds more. */
import type { Connection } from './connection.ts';
import { Damage } from './connection.ts';
import type { EventFilter, StoredEvent } from './store.ts';

export const maxEvents = 10_000;

const insert = 'INSERT INTO event (time, type, data) VALUES (?, ?, ?)';
const trim = 'DELETE FROM event WHERE id <= ?';
const select = `SELECT time, type, data FROM event WHERE time >= ? ORDER BY id DESC LIMIT ?`;

/** Inside a transaction. */
export function writeEvents(connection: Connection, events: readonly StoredEvent[]): void {
  let last = 0;
  for (const { time, type, data } of events)
    last = connection.run(insert, time, type, JSON.stringify(data));
  if (last > maxEvents) connection.run(trim, last - maxEvents);
}

/** The newest `limit` events, in the order in which they happened. */
export function readEvents(connection: Connection, filter: EventFilter): StoredEvent[] {
  const rows = connection.all(select, filter.since ?? Number.MIN_SAFE_INTEGER, filter.limit ?? -1);
  return rows.reverse().map((row) => ({
    time: row.time as number,
    type: row.type as string,
    data: parseJson(row.data) as StoredEvent['data'],
  }));
}

/** JSON that this program wrote; anything else is damage. */
export function parseJson(text: unknown): unknown {
  try {
    return JSON.parse(text as string);
  } catch (thrown) {
    throw new Damage('a row that is no JSON', { cause: thrown });
  }
}
