/**
 * Contents one after the other in one file, and beside it a list of where each stands. Both are only
 * ever appended to. Nothing here is made durable, and nothing needs to be: what a crash leaves is cut
 * to whole rows when it is opened, and every content is checked against its digest when it is read.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import type { Digest } from '../tree/entry.ts';
import { fileMode } from './files.ts';

/** Digest (32 bytes), offset (6), length (4). */
const rowBytes = 42;

interface Place {
  readonly offset: number;
  readonly length: number;
}

export interface PackFiles {
  readonly contents: string;
  readonly index: string;
}

export interface Pack {
  /** Bytes of all contents in it. */
  readonly bytes: number;
  has(digest: Digest): boolean;
  /** All digests, oldest first, with the bytes of each. */
  digests(): Iterable<readonly [Digest, number]>;
  /** undefined when it is not there, not any more what it was, or of no length. */
  read(digest: Digest): Promise<Uint8Array | undefined>;
  /** Appends; call it again only when it has resolved. */
  append(contents: readonly (readonly [Digest, Uint8Array])[]): Promise<void>;
  close(): Promise<void>;
}

/** Opens a pack; for writing it is made when it is not there. */
export async function openPack(files: PackFiles, readOnly: boolean): Promise<Pack> {
  const flags = readOnly ? 'r' : existsSync(files.contents) ? 'r+' : 'w+';
  const contents = await open(files.contents, flags, fileMode);
  let index: FileHandle | undefined;
  try {
    const end = (await contents.stat()).size;
    const rows = readRows(files.index, end);
    if (!readOnly) index = await open(files.index, 'a', fileMode);
    // A row that was cut short would shift all that are appended after it.
    await index?.truncate(rows.bytes);
    return makePack({ contents, index, places: rows.places, end });
  } catch (thrown) {
    await contents.close();
    await index?.close();
    throw thrown;
  }
}

function readRows(file: string, end: number): { places: Map<Digest, Place>; bytes: number } {
  const places = new Map<Digest, Place>();
  const rows = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
  const bytes = rows.length - (rows.length % rowBytes);
  for (let at = 0; at < bytes; at += rowBytes) {
    const digest = rows.toString('hex', at, at + 32);
    const place = { offset: rows.readUIntLE(at + 32, 6), length: rows.readUInt32LE(at + 38) };
    if (place.offset + place.length <= end) places.set(digest, place);
  }
  return { places, bytes };
}

interface Open {
  readonly contents: FileHandle;
  readonly index: FileHandle | undefined;
  readonly places: Map<Digest, Place>;
  /** Where the next content goes. */
  readonly end: number;
}

function makePack({ contents, index, places, end }: Open): Pack {
  let bytes = end;
  return {
    get bytes() {
      return bytes;
    },
    has: (digest) => places.has(digest),
    *digests() {
      for (const [digest, { length }] of places) yield [digest, length];
    },
    async read(digest) {
      const place = places.get(digest);
      if (place === undefined || place.length === 0) return undefined;
      const found = Buffer.alloc(place.length);
      const { bytesRead } = await contents.read(found, 0, place.length, place.offset);
      const actual = createHash('sha256').update(found).digest('hex');
      if (bytesRead === place.length && actual === digest) return found;
      places.delete(digest);
      return undefined;
    },
    async append(added) {
      const rows = Buffer.alloc(rowBytes * added.length);
      let offset = bytes;
      for (const [at, [digest, content]] of added.entries()) {
        rows.write(digest, at * rowBytes, 'hex');
        rows.writeUIntLE(offset, at * rowBytes + 32, 6);
        rows.writeUInt32LE(content.length, at * rowBytes + 38);
        offset += content.length;
      }
      await writeAll(contents, Buffer.concat(added.map(([, content]) => content)), bytes);
      await index?.appendFile(rows);
      for (const [digest, { length }] of added) {
        places.set(digest, { offset: bytes, length });
        bytes += length;
      }
    },
    async close() {
      await contents.close();
      await index?.close();
    },
  };
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
}
