/**
 * Contents on disk, each in a file named by its digest: `objects/ab/cdef…`. A content is written to
 * `objects/tmp/` and renamed, so that it is there completely or not at all. Digests may come from the
 * far side: nothing but 64 hexadecimal digits ever becomes part of a path (invariant 7).
 *
 * Durability: what is put is not yet on disk for good. `makeDurable` makes it so without anybody
 * waiting; for what is not by then, the store calls `sync` before a commit that names it (invariant 3).
 */
import { createHash, randomUUID } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { toCaiError } from '../errors.ts';
import type { Digest } from '../tree/entry.ts';
import { readChunks } from './chunks.ts';
import { directoryMode, fileMode, makePrivateDirectory } from './files.ts';
import type { ContentSizes } from './history.ts';
import type { Contents } from './store.ts';
import { syncFiles, syncFilesSoon } from './sync.ts';

/** A commit names a content at most this long after it was put. */
export const commitTime = 3_600_000;

/** Contents, with what only the store itself may do to them. */
export interface ContentStore extends Contents, ContentSizes {
  /** Makes these contents durable; those that are not there are passed over. */
  sync(digests: Iterable<Digest>): void;
  /** Tells that a commit has named these contents. */
  named(digests: Iterable<Digest>): void;
  /** True when a content was put and a commit may still name it; it must not be pruned. */
  isNew(digest: Digest): boolean;
  /** Removes a content; returns the bytes that this freed. */
  remove(digest: Digest): number;
}

interface Places {
  readonly objects: string;
  readonly tmp: string;
  readonly damaged: string;
}

/** `objects` need not be there for reading. For writing, half-written files of a crash are removed. */
export function openContents(
  objects: string,
  options: { readonly readOnly: boolean; readonly now: () => number },
): ContentStore {
  const places = { objects, tmp: join(objects, 'tmp'), damaged: join(objects, 'damaged') };
  const fresh = new Map<Digest, number>();
  const volatile = new Set<Digest>();
  if (!options.readOnly) prepare(places);

  const place = (tmp: string | Buffer, digest: Digest): void => {
    placeFile(places, tmp, digest);
    fresh.set(digest, options.now());
    volatile.add(digest);
  };
  const putStream: Contents['putStream'] = async (chunks, maxBytes) => {
    const tmp = join(places.tmp, randomUUID());
    return failingClean(tmp, async () => {
      const written = await writeChunks(tmp, chunks, maxBytes);
      if (written === undefined) rmSync(tmp, { force: true });
      else place(tmp, written.digest);
      return written;
    });
  };
  /** Those that are there and were put since they were last made durable. */
  const pending = (digests: Iterable<Digest>): Digest[] =>
    [...new Set(digests)].filter(
      (digest) => volatile.has(digest) && fileSize(places, digest) !== undefined,
    );
  const file = (digest: Digest): string => fileOf(places, digest) as string;
  return {
    has: (digest) => fileSize(places, digest) !== undefined,
    size: (digest) => fileSize(places, digest),
    file: (digest) => (fileSize(places, digest) === undefined ? undefined : fileOf(places, digest)),
    read: (digest) => readVerified(places, digest, options.readOnly),
    putBytes: (bytes) => {
      const digest = createHash('sha256').update(bytes).digest('hex');
      const tmp = join(places.tmp, randomUUID());
      putWhole(tmp, bytes, () => place(tmp, digest));
      return digest;
    },
    putStream,
    putMade: async (make, { maxBytes }) => {
      const directory = join(places.tmp, randomUUID());
      makePrivateDirectory(directory);
      try {
        const file = await make(directory);
        const found = await digestChunks(readChunks(file), maxBytes);
        if (found === undefined) return undefined;
        chmodSync(file, fileMode);
        place(file, found.digest);
        return found;
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    },
    putFile: (file, { maxBytes }) => putStream(readChunks(file), maxBytes),
    sync: (digests) => {
      const named = pending(digests);
      syncFiles(places.objects, named.map(file));
      for (const digest of named) volatile.delete(digest);
    },
    makeDurable: async (digests) => {
      const named = pending(digests);
      await syncFilesSoon(places.objects, named.map(file));
      for (const digest of named) volatile.delete(digest);
    },
    named: (digests) => {
      for (const digest of digests) fresh.delete(digest);
    },
    isNew: (digest) => options.now() - (fresh.get(digest) ?? Number.NEGATIVE_INFINITY) < commitTime,
    remove: (digest) => {
      const bytes = fileSize(places, digest) ?? 0;
      const file = fileOf(places, digest);
      if (file !== undefined) rmSync(file, { force: true });
      fresh.delete(digest);
      volatile.delete(digest);
      return bytes;
    },
  };
}

function prepare(places: Places): void {
  makePrivateDirectory(places.objects);
  rmSync(places.tmp, { recursive: true, force: true });
  makePrivateDirectory(places.tmp);
}

function fileOf(places: Places, digest: Digest): string | undefined {
  if (!/^[0-9a-f]{64}$/.test(digest)) return undefined;
  return join(places.objects, digest.slice(0, 2), digest.slice(2));
}

function fileSize(places: Places, digest: Digest): number | undefined {
  const file = fileOf(places, digest);
  const stats = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false });
  return stats?.isFile() ? stats.size : undefined;
}

function putWhole(tmp: string, bytes: Uint8Array, place: () => void): void {
  try {
    writeFileSync(tmp, bytes, { flag: 'wx', mode: fileMode });
    place();
  } catch (thrown) {
    rmSync(tmp, { force: true });
    throw toCaiError(thrown, tmp);
  }
}

/** Replaces a content that is there already: that one may have been damaged since it was written. */
function placeFile(places: Places, tmp: string | Buffer, digest: Digest): void {
  const directory = join(places.objects, digest.slice(0, 2));
  if (!existsSync(directory)) mkdirSync(directory, { mode: directoryMode });
  renameSync(tmp, join(directory, digest.slice(2)));
}

async function failingClean<T>(tmp: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    rmSync(tmp, { force: true });
    throw toCaiError(thrown, tmp);
  }
}

/** undefined when the chunks were more than `maxBytes`; the rest of them is not asked for then. */
async function writeChunks(tmp: string, chunks: AsyncIterable<Uint8Array>, maxBytes: number) {
  const handle = await open(tmp, 'wx', fileMode);
  try {
    const hash = createHash('sha256');
    let size = 0;
    for await (const chunk of chunks) {
      size += chunk.byteLength;
      if (size > maxBytes) return undefined;
      hash.update(chunk);
      await writeAll(handle, chunk);
    }
    return { digest: hash.digest('hex'), size };
  } finally {
    await handle.close();
  }
}

async function digestChunks(chunks: AsyncIterable<Uint8Array>, maxBytes: number) {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.byteLength;
    if (size > maxBytes) return undefined;
    hash.update(chunk);
  }
  return { digest: hash.digest('hex'), size };
}

async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  let at = 0;
  while (at < chunk.byteLength) at += (await handle.write(chunk, at)).bytesWritten;
}

function readVerified(places: Places, digest: Digest, readOnly: boolean): Uint8Array | undefined {
  const file = fileOf(places, digest);
  if (file === undefined) return undefined;
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw toCaiError(thrown, file);
  }
  if (createHash('sha256').update(bytes).digest('hex') === digest) return bytes;
  if (!readOnly) {
    makePrivateDirectory(places.damaged);
    renameSync(file, join(places.damaged, digest));
  }
  return undefined;
}
