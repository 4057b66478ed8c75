/**
 * What was done at each path, with what stood there before and afterwards: the way back for an undo.
 * Bounded in number, and in age like the history. Contents are not kept for it: they are in the
 * history, under the version that was displaced.
 */
import type { Entry } from '../tree/entry.ts';
import { type Side, toBytes } from '../tree/path.ts';
import { type Connection, Damage } from './connection.ts';
import { parseJson } from './events.ts';
import { toPath } from './row.ts';
import { getMeta, setMeta } from './schema.ts';
import type { SqlValue } from './sqlite.ts';
import type { Arrival, ArrivalFilter, NewArrival } from './store.ts';

export const maxArrivals = 100_000;

const insert =
  'INSERT INTO arrival (path, side, time, batch, author, before, after) VALUES (?, ?, ?, ?, ?, ?, ?)';
const trim = 'DELETE FROM arrival WHERE id <= ? RETURNING time';
const trimOlder = 'DELETE FROM arrival WHERE time < ?';
const newest = 'SELECT batch FROM arrival WHERE side = ? ORDER BY id DESC LIMIT 1';

/** Inside a transaction. */
export function writeArrivals(connection: Connection, arrivals: readonly NewArrival[]): void {
  let last = 0;
  for (const { path, side, time, batch, by, before, after } of arrivals) {
    const entries = [before, after].map((entry) => JSON.stringify(entry));
    last = connection.run(insert, toBytes(path), side, time, batch, by ?? null, ...entries);
  }
  if (last <= maxArrivals) return;
  const gone = connection.all(trim, last - maxArrivals).map((row) => row.time as number);
  const known = getMeta(connection, 'arrivals') ?? 0;
  if (gone.length > 0)
    setMeta(
      connection,
      'arrivals',
      gone.reduce((a, b) => Math.max(a, b), known),
    );
}

/** Inside a transaction. */
export function trimArrivals(connection: Connection, before: number): void {
  connection.run(trimOlder, before);
}

export function readArrivals(connection: Connection, filter: ArrivalFilter): Arrival[] {
  const conditions: string[] = [];
  const values: SqlValue[] = [];
  for (const [name, value] of [
    ['side = ?', filter.side],
    ['batch = ?', filter.batch],
    ['time > ?', filter.since],
  ] as const) {
    if (value === undefined) continue;
    conditions.push(name);
    values.push(value);
  }
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  const fields = 'id, path, side, time, batch, author, before, after';
  const rows = connection.all(`SELECT ${fields} FROM arrival ${where} ORDER BY id`, ...values);
  return rows.map((row) => ({
    id: row.id as number,
    path: toPath(row.path),
    side: row.side as Side,
    time: row.time as number,
    batch: row.batch as number,
    before: toEntry(row.before),
    after: toEntry(row.after),
    ...(typeof row.author === 'string' ? { by: row.author } : {}),
  }));
}

export function readLastBatch(connection: Connection, side: Side): number | undefined {
  return connection.get(newest, side)?.batch as number | undefined;
}

function toEntry(text: unknown): Entry | null {
  const value = parseJson(text) as Entry | null;
  if (value === null || ['file', 'directory', 'link'].includes(value.kind)) return value;
  throw new Damage('a row that is no entry');
}
