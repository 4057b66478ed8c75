/** The conflicts that are listed, as the session describes them: a JSON value each, by its id. */
import type { Connection } from './connection.ts';
import { parseJson } from './events.ts';
import type { StoredConflict } from './store.ts';

const insert = 'INSERT INTO conflict (time, data) VALUES (?, ?)';
const replace = 'INSERT OR REPLACE INTO conflict (time, data, id) VALUES (?, ?, ?)';

/** In the order in which they happened. */
export function readConflicts(connection: Connection): StoredConflict[] {
  return connection.all('SELECT id, time, data FROM conflict ORDER BY id').map((row) => ({
    id: String(row.id),
    time: row.time as number,
    data: parseJson(row.data) as StoredConflict['data'],
  }));
}

/** Returns the id. */
export function writeConflict(
  connection: Connection,
  { id, time, data }: Omit<StoredConflict, 'id'> & { readonly id?: string },
): string {
  const json = JSON.stringify(data);
  if (id === undefined) return String(connection.run(insert, time, json));
  connection.run(replace, time, json, Number(id));
  return id;
}

export function deleteConflict(connection: Connection, id: string): void {
  connection.run('DELETE FROM conflict WHERE id = ?', Number(id));
}
