/** The reading half of a store, which is the same for its writer and for readers beside it. */
import { readArrivals, readLastBatch } from './arrivals.ts';
import { readBasePage } from './base.ts';
import { readConflicts } from './conflicts.ts';
import type { Connection } from './connection.ts';
import { readEvents } from './events.ts';
import { type ContentSizes, readHistory, readVersion } from './history.ts';
import { getMeta } from './schema.ts';
import type { Store } from './store.ts';
import { readValue } from './values.ts';

/** Runs work on the database; writer and reader differ in what they do about damage. */
export type Guard = <T>(work: (connection: Connection) => T) => T;

export type Queries = Pick<
  Store,
  | 'loadBase'
  | 'getValue'
  | 'history'
  | 'version'
  | 'events'
  | 'conflicts'
  | 'arrivals'
  | 'lastBatch'
  | 'arrivalsSince'
>;

export function queries(guard: Guard, contents: ContentSizes): Queries {
  return {
    *loadBase() {
      // A NUL comes before every path.
      let after: Uint8Array | undefined = new Uint8Array(1);
      while (after !== undefined) {
        const from: Uint8Array = after;
        const page = guard((connection) => readBasePage(connection, from));
        yield* page.rows;
        after = page.next;
      }
    },
    getValue: (key) => guard((connection) => readValue(connection, key)),
    history: (filter = {}) => guard((connection) => readHistory(connection, filter, contents)),
    version: (id) => guard((connection) => readVersion(connection, id, contents)),
    conflicts: () => guard(readConflicts),
    events: (filter = {}) => guard((connection) => readEvents(connection, filter)),
    arrivals: (filter = {}) => guard((connection) => readArrivals(connection, filter)),
    lastBatch: (side) => guard((connection) => readLastBatch(connection, side)),
    arrivalsSince: () => guard((connection) => getMeta(connection, 'arrivals')),
  };
}
