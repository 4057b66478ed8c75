/** Small values beside the base, each a JSON value by its key. */
import type { Connection } from './connection.ts';
import { parseJson } from './events.ts';

/** undefined when there is none. */
export function readValue(connection: Connection, key: string): unknown {
  const row = connection.get('SELECT json FROM value WHERE key = ?', key);
  return row === undefined ? undefined : parseJson(row.json);
}

/** undefined removes the value. */
export function writeValue(connection: Connection, key: string, value: unknown): void {
  if (value === undefined) connection.run('DELETE FROM value WHERE key = ?', key);
  else
    connection.run(
      'INSERT OR REPLACE INTO value (key, json) VALUES (?, ?)',
      key,
      JSON.stringify(value),
    );
}
