/**
 * Takes the entries of a write into the hidden area of the volume: contents as files that nobody sees,
 * each with its final mode, owner and time, and durable before the first switch.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  fsyncSync,
  lchownSync,
  lutimesSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { CaiError } from '../../../errors.ts';
import { checkVolumePath } from '../entry.ts';
import type { WireEntry } from '../protocol.ts';
import { areaOf, lookAt } from './disk.ts';

export interface Staged extends WireEntry {
  /** Its name in the area's `new`. */
  readonly id: number;
  /** Files. */
  readonly digest?: string;
}

export interface Stage {
  /** Begins an entry; a file's bytes follow. Throws when the entry must not be. */
  add(entry: WireEntry): void;
  data(bytes: Uint8Array): void;
  /** All entries by path. */
  end(): ReadonlyMap<string, Staged>;
  /** Brings their contents onto the disk; before the first switch. */
  makeDurable(): void;
  drop(): void;
}

export const newPlace = (root: string, id: number): string => join(areaOf(root), 'new', String(id));
export const oldPlace = (root: string, id: number): string => join(areaOf(root), 'old', String(id));

interface Open {
  readonly entry: WireEntry;
  readonly id: number;
  readonly file: number;
  readonly hash: ReturnType<typeof createHash>;
  left: number;
}

export function openStage(root: string): Stage {
  const area = areaOf(root);
  rmSync(area, { recursive: true, force: true });
  for (const name of ['', 'new', 'old']) mkdirSync(join(area, name), { mode: 0o700 });
  const entries = new Map<string, Staged>();
  let open: Open | undefined;

  function finish(): void {
    if (open === undefined) return;
    const { entry, id, file, hash, left } = open;
    open = undefined;
    closeSync(file);
    if (left > 0) throw new CaiError('PROTOCOL', `The content of ${entry.path} is incomplete.`);
    dress(newPlace(root, id), entry);
    entries.set(entry.path, { ...entry, id, digest: hash.digest('hex') });
  }

  function add(entry: WireEntry): void {
    finish();
    check(entry, entries);
    const id = entries.size;
    const place = newPlace(root, id);
    if (entry.kind === 'file') {
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
      const file = openSync(place, flags, 0o600);
      open = { entry, id, file, hash: createHash('sha256'), left: entry.size ?? 0 };
      if (open.left === 0) finish();
      return;
    }
    if (entry.kind === 'link') symlinkSync(entry.target ?? '', place);
    else mkdirSync(place, { mode: 0o700 });
    dress(place, entry);
    entries.set(entry.path, { ...entry, id });
  }

  return {
    add,
    data(bytes) {
      if (open === undefined || bytes.length > open.left)
        throw new CaiError('PROTOCOL', 'There is more content than was announced.');
      for (let at = 0; at < bytes.length; ) at += writeSync(open.file, bytes, at);
      open.hash.update(bytes);
      open.left -= bytes.length;
      if (open.left === 0) finish();
    },
    end() {
      finish();
      return entries;
    },
    makeDurable: () => makeDurable(root, entries),
    drop() {
      if (open !== undefined) closeSync(open.file);
      open = undefined;
      rmSync(area, { recursive: true, force: true });
    },
  };
}

function check(entry: WireEntry, entries: ReadonlyMap<string, Staged>): void {
  checkVolumePath(entry.path);
  if (entries.has(entry.path))
    throw new CaiError('NAME', `${entry.path} comes twice.`, { path: entry.path });
}

/** Gives what stands at `place` the owner, mode and time of an entry. Never setuid or setgid on a file. */
export function dress(place: string, entry: WireEntry): void {
  lchownSync(place, entry.uid, entry.gid);
  if (entry.kind !== 'link') chmodSync(place, modeOf(entry));
  if (entry.mtime !== undefined) lutimesSync(place, entry.mtime / 1000, entry.mtime / 1000);
}

export function modeOf({ kind, mode }: Pick<WireEntry, 'kind' | 'mode'>): number {
  return mode & (kind === 'directory' ? 0o3777 : 0o777);
}

/** One call for the whole file system where there is one; a call for each file takes its time. */
function makeDurable(root: string, entries: ReadonlyMap<string, Staged>): void {
  if (entries.size > 64 && spawnSync('sync', ['-f', root], { stdio: 'ignore' }).status === 0)
    return;
  for (const { kind, id } of entries.values()) if (kind === 'file') syncPlace(newPlace(root, id));
  syncPlace(join(areaOf(root), 'new'));
}

/** Makes a file's content, or a directory's names, durable. */
export function syncPlace(place: string): void {
  if (lookAt(place) === undefined) return;
  const file = openSync(place, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
