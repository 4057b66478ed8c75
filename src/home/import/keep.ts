/**
 * Versions of the container that a write displaces: those that are no copy of an import, nor the same as
 * what comes, are kept beside their successor. Contents wait in a private directory of this machine.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keptName } from '../kept-name.ts';
import type { VolumeEntry } from '../volume/entry.ts';
import type { NewEntry, Volume } from '../volume.ts';
import { digestOf } from './contents.ts';
import type { ImportRecord } from './record.ts';
import type { Settled, Suspect } from './settle.ts';

const suffix = 'before-import';

export interface Kept {
  readonly path: string;
  /** Where it is now. */
  readonly as: string;
}

export interface Keeping {
  readonly entries: readonly NewEntry[];
  readonly kept: readonly Kept[];
  /** Removes what waits on this machine. */
  readonly drop: () => Promise<void>;
}

export interface KeepInput {
  readonly volume: Volume;
  readonly settled: Settled;
  readonly present: readonly VolumeEntry[];
  readonly record: ImportRecord | undefined;
}

export async function keepSuspects(input: KeepInput): Promise<Keeping> {
  const { settled, volume, present } = input;
  if (settled.suspects.length === 0) return { entries: [], kept: [], drop: async () => {} };
  const directory = await mkdtemp(join(tmpdir(), 'cai-kept-'));
  const drop = (): Promise<void> => rm(directory, { recursive: true, force: true });
  const taken = new Set([...present, ...settled.writes].map(({ path }) => path));
  const entries: NewEntry[] = [];
  const kept: Kept[] = [];
  const bySuspect = new Map(settled.suspects.map((suspect) => [suspect.entry.path, suspect]));
  try {
    for await (const item of volume.read(bySuspect.keys())) {
      if (!item.found) continue;
      const suspect = bySuspect.get(item.entry.path) as Suspect;
      const wait = join(directory, String(kept.length));
      const digest = await spool(item.content, wait);
      if (await isCopy(suspect, digest, input.record)) continue;
      const as = nameBeside(suspect, (path) => taken.has(path));
      const entry = keptEntry(item.entry, as, wait);
      if (entry === undefined) continue;
      taken.add(as);
      entries.push(entry);
      kept.push({ path: item.entry.path, as });
    }
  } catch (error) {
    await drop();
    throw error;
  }
  return { entries, kept, drop };
}

async function spool(content: AsyncIterable<Uint8Array>, path: string): Promise<string> {
  const hash = createHash('sha256');
  const file = await open(path, 'w', 0o600);
  try {
    for await (const bytes of content) {
      hash.update(bytes);
      await file.writeFile(bytes);
    }
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}

/** What an import wrote before, or what comes now anyway. */
async function isCopy(
  { entry, by }: Suspect,
  digest: string,
  record?: ImportRecord,
): Promise<boolean> {
  if (entry.kind !== 'file') return false;
  const known = record?.entries.get(entry.path);
  if (known?.kind === 'file' && known.digest === digest) return true;
  return by.kind === 'file' && by.path === entry.path && (await digestOf(by.content)) === digest;
}

/** Beside what displaces it: a file that stood in a directory keeps its place in that. */
function nameBeside({ entry, by }: Suspect, isTaken: (path: string) => boolean): string {
  if (entry.path === by.path) return keptName(by.path, isTaken, suffix);
  const below = entry.path.slice(by.path.length);
  return keptName(by.path, (path) => isTaken(path + below), suffix) + below;
}

function keptEntry(entry: VolumeEntry, path: string, wait: string): NewEntry | undefined {
  const { uid, gid, mtime } = entry;
  if (entry.kind === 'link') return { kind: 'link', path, target: entry.target, uid, gid };
  if (entry.kind !== 'file') return undefined;
  const { mode, size } = entry;
  const content = (): AsyncIterable<Uint8Array> => createReadStream(wait);
  return { kind: 'file', path, mode, mtime, uid, gid, size, content };
}
