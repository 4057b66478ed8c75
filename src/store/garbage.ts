/**
 * Finds contents that no row names: a crash between putting a content and committing it leaves them,
 * and so does a lost database. Looking costs a walk over all contents, so it is done once an hour.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '../tree/entry.ts';
import type { Connection } from './connection.ts';
import { commitTime } from './contents.ts';
import { getMeta } from './schema.ts';

const named =
  'SELECT lower(hex(digest)) AS digest FROM content WHERE digest >= unhex(?) AND digest <= unhex(?)';

export interface GarbageInput {
  readonly connection: Connection;
  readonly objects: string;
  /** Contents from before the database was lost are all that is left of the history: they stay this long. */
  readonly maxAge: number;
  readonly now: number;
}

export function findGarbage({ connection, objects, maxAge, now }: GarbageInput): Digest[] {
  const damaged = getMeta(connection, 'damaged') ?? Number.NEGATIVE_INFINITY;
  return names(objects, /^[0-9a-f]{2}$/).flatMap((prefix) => {
    const found = names(join(objects, prefix), /^[0-9a-f]{62}$/);
    if (found.length === 0) return [];
    const rows = connection.all(named, prefix + '0'.repeat(62), prefix + 'f'.repeat(62));
    const known = new Set(rows.map((row) => row.digest as Digest));
    return found
      .filter((name) => !known.has(prefix + name))
      .filter((name) => {
        const written =
          statSync(join(objects, prefix, name), { throwIfNoEntry: false })?.mtimeMs ?? now;
        return now - written > (written <= damaged ? maxAge : commitTime);
      })
      .map((name) => prefix + name);
  });
}

function names(directory: string, pattern: RegExp): string[] {
  return readdirSync(directory).filter((name) => pattern.test(name));
}
