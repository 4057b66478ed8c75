/**
 * Lets go what is over the limits: versions by age, then the oldest ones with a content by size. A
 * content goes when nothing refers to it any more, and never while a commit may still name it.
 */
import type { Digest } from '../tree/entry.ts';
import { trimArrivals } from './arrivals.ts';
import type { Connection } from './connection.ts';
import type { ContentStore } from './contents.ts';
import type { HistoryLimits } from './store.ts';

/** Tables whose column `content` refers to a content; each wants an index on that column. */
const referrers = ['version'];

const unreferenced = referrers
  .map((table) => `NOT EXISTS (SELECT 1 FROM ${table} WHERE content = ?1)`)
  .join(' AND ');
const dropContent = `DELETE FROM content WHERE digest = ?1 AND ${unreferenced} RETURNING lower(hex(digest)) AS digest, size`;
const dropOlder = 'DELETE FROM version WHERE time < ? RETURNING content';
const oldestKept =
  'SELECT id, content FROM version WHERE content IS NOT NULL ORDER BY time, id LIMIT 100';
const dropVersion = 'DELETE FROM version WHERE id = ?';

export interface PruneInput {
  readonly connection: Connection;
  readonly limits: HistoryLimits;
  /** Bytes of all contents that are kept. */
  readonly bytes: number;
  /** Bytes that are to fit beside them. */
  readonly room: number;
  readonly now: number;
}

export interface Pruned {
  readonly versions: number;
  /** Contents that no row names any more. */
  readonly contents: readonly Digest[];
  /** Bytes of all contents that are still kept. */
  readonly bytes: number;
}

/** The rows first, in one transaction; the files after that (`removeContents`), so that no row ever names what went. */
export function pruneRows({ connection, limits, bytes, room, now }: PruneInput): Pruned {
  const contents: Digest[] = [];
  // What is larger than all of the history may be finds no place in it anyway.
  const most = room > limits.maxBytes ? limits.maxBytes : limits.maxBytes - room;
  let kept = bytes;
  let versions = 0;
  const drop = (content: Uint8Array): void => {
    const row = connection.get(dropContent, content);
    if (row === undefined) return;
    contents.push(row.digest as Digest);
    kept -= row.size as number;
  };
  connection.transaction(() => {
    trimArrivals(connection, now - limits.maxAge);
    for (const { content } of connection.all(dropOlder, now - limits.maxAge)) {
      versions += 1;
      if (content !== null) drop(content as Uint8Array);
    }
    while (kept > most) {
      const oldest = connection.all(oldestKept);
      if (oldest.length === 0) break;
      for (const { id, content } of oldest) {
        if (kept <= most) break;
        connection.run(dropVersion, id as number);
        versions += 1;
        drop(content as Uint8Array);
      }
    }
  });
  return { versions, contents, bytes: kept };
}

/**
 * Removes the files of contents that no row names, and returns the bytes that this freed. One that
 * was put since a row named it last stays for the commit to come.
 */
export function removeContents(contents: ContentStore, digests: readonly Digest[]): number {
  let bytes = 0;
  for (const digest of digests) if (!contents.isNew(digest)) bytes += contents.remove(digest);
  return bytes;
}
