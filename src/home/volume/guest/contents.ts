/**
 * Reads a file that somebody may be writing to. A small one is read until it stood still; of a large one
 * exactly as many bytes are given as were announced, and whether it stood still is said afterwards.
 */
import { createHash } from 'node:crypto';
import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { VolumeEntry } from '../entry.ts';
import { maxData } from '../frames.ts';

export interface ContentSink {
  entry(entry: VolumeEntry): Promise<void>;
  data(bytes: Uint8Array): Promise<void>;
  end(end: { readonly digest: string; readonly torn: boolean }): Promise<void>;
}

const small = 8 * 1024 * 1024;
const tries = 6;
const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Gives the file at `entry.path` to the sink. Throws the system's error when it is not to be read. */
export async function readContent(
  root: string,
  entry: VolumeEntry,
  sink: ContentSink,
): Promise<void> {
  const file = openSync(join(root, entry.path), flags);
  try {
    const stat = fstatSync(file, { bigint: true });
    if (!stat.isFile()) throw new Error('it is no file any more');
    if (stat.size <= small) await readSmall(file, entry, sink);
    else await readLarge(file, stat, entry, sink);
  } finally {
    closeSync(file);
  }
}

async function readSmall(file: number, entry: VolumeEntry, sink: ContentSink): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const before = fstatSync(file, { bigint: true });
    const bytes = readAll(file, Math.min(Number(before.size), 2 * small));
    const torn = !same(before, fstatSync(file, { bigint: true }));
    if (torn && attempt < tries) {
      await new Promise((resolve) => setTimeout(resolve, 10 * 2 ** attempt));
      continue;
    }
    await sink.entry(announced(entry, before, bytes.length));
    for (let at = 0; at < bytes.length; at += maxData)
      await sink.data(bytes.subarray(at, at + maxData));
    await sink.end({ digest: createHash('sha256').update(bytes).digest('hex'), torn });
    return;
  }
}

function readAll(file: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  let done = 0;
  while (done < size) {
    const got = readSync(file, bytes, done, size - done, done);
    if (got === 0) break;
    done += got;
  }
  return bytes.subarray(0, done);
}

async function readLarge(
  file: number,
  before: BigIntStats,
  entry: VolumeEntry,
  sink: ContentSink,
): Promise<void> {
  const size = Number(before.size);
  await sink.entry(announced(entry, before, size));
  const hash = createHash('sha256');
  const buffer = Buffer.alloc(maxData);
  for (let at = 0; at < size; ) {
    const want = Math.min(maxData, size - at);
    const got = readSync(file, buffer, 0, want, at);
    // What was cut off meanwhile is made up with zeros: the size is announced already.
    if (got === 0) buffer.fill(0);
    const bytes = buffer.subarray(0, got === 0 ? want : got);
    hash.update(bytes);
    await sink.data(bytes);
    at += bytes.length;
  }
  const torn = !same(before, fstatSync(file, { bigint: true }));
  await sink.end({ digest: hash.digest('hex'), torn });
}

function same(before: BigIntStats, after: BigIntStats): boolean {
  return (
    before.size === after.size &&
    before.mtimeNs === after.mtimeNs &&
    before.ctimeNs === after.ctimeNs
  );
}

function announced(entry: VolumeEntry, stat: BigIntStats, size: number): VolumeEntry {
  const mode = Number(stat.mode) & 0o7777;
  const owner = { uid: Number(stat.uid), gid: Number(stat.gid) };
  return { kind: 'file', path: entry.path, mode, ...owner, mtime: Number(stat.mtimeMs), size };
}
