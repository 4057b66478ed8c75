/**
 * Brings a volume back to what an archive holds. The archive is read to its end and checked before the
 * volume is touched, or made; then all of it comes in at once, or nothing does.
 */
import { createHash } from 'node:crypto';
import { type EngineCommand, runEngine } from '../../docker/engine.ts';
import { ensureVolume, volumeExists } from '../../docker/volume.ts';
import { CaiError } from '../../errors.ts';
import { stopIfCancelled } from '../cancelled.ts';
import { checkVolumeName } from '../names.ts';
import type { VolumeEntry } from '../volume/entry.ts';
import { type NewEntry, openVolume, type WriteProgress, type WriteResult } from '../volume.ts';
import { type ArchiveLimits, readArchive } from './read.ts';
import { type Spool, spoolArchive } from './spool.ts';

export interface RestoreOptions {
  readonly command: EngineCommand;
  readonly volume: string;
  /** A path, or '-' for standard input. */
  readonly archive: string;
  readonly limits: ArchiveLimits;
  /** For the volume, should it have to be made. */
  readonly labels: Readonly<Record<string, string>>;
  /** What an export leaves out: it is not in the archive, and what the volume has of it stays. */
  readonly isExcluded?: ((path: string, isDirectory: boolean) => boolean) | undefined;
  /** Not taken out of the archive (secrets, when they are not wanted); what the volume has of it stays. */
  readonly isUnwanted?: ((path: string, isDirectory: boolean) => boolean) | undefined;
  readonly dryRun?: boolean | undefined;
  readonly image?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((line: string) => void) | undefined;
  readonly onWritten?: ((progress: WriteProgress & ArchiveContents) => void) | undefined;
}

export interface ArchiveContents {
  readonly entriesTotal: number;
  readonly bytesTotal: number;
}

export interface RestoreResult extends WriteResult {
  readonly volume: string;
  /** The volume was not there before. */
  readonly made: boolean;
  readonly dryRun: boolean;
  readonly entries: number;
  readonly bytes: number;
  /** In the archive, and not wanted. */
  readonly leftOut: readonly string[];
}

interface Checked {
  readonly digest: string;
  /** The archive's paths, and the directories that are on the way to them. */
  readonly paths: ReadonlySet<string>;
  readonly entries: number;
  readonly bytes: number;
  readonly leftOut: ReadonlySet<string>;
}

/** Throws ARCHIVE before anything is touched; what openVolume throws; NO_SPACE and others with the old state. */
export async function restoreArchive(options: RestoreOptions): Promise<RestoreResult> {
  checkVolumeName(options.volume);
  const { archive, limits, signal } = options;
  const spool = await spoolArchive({ archive, maxBytes: limits.maxBytes, signal });
  try {
    const checked = await checkArchive(spool, options);
    return await restoreChecked(spool, checked, options);
  } finally {
    await spool.close();
  }
}

async function checkArchive(
  spool: Spool,
  { limits, signal, isUnwanted }: RestoreOptions,
): Promise<Checked> {
  const hash = createHash('sha256');
  const paths = new Set<string>();
  const leftOut = new Set<string>();
  let entries = 0;
  let bytes = 0;
  for await (const entry of readArchive(hashed(spool.read(), hash), limits)) {
    stopIfCancelled(signal);
    if (isUnwanted?.(entry.path, entry.kind === 'directory') === true) {
      leftOut.add(entry.path);
      continue;
    }
    entries += 1;
    bytes += entry.size;
    for (let at = entry.path.length; at > 0; at = entry.path.lastIndexOf('/', at - 1))
      paths.add(entry.path.slice(0, at));
  }
  return { digest: hash.digest('hex'), paths, entries, bytes, leftOut };
}

async function restoreChecked(
  spool: Spool,
  checked: Checked,
  options: RestoreOptions,
): Promise<RestoreResult> {
  const { command, volume, signal, labels, dryRun = false } = options;
  const { entries, bytes } = checked;
  const there = await volumeExists({ command, volume, signal });
  const leftOut = [...checked.leftOut];
  const common = { volume, made: !there, dryRun, entries, bytes, leftOut };
  if (!there && dryRun) return { ...common, ...allNew(checked) };
  if (!there) await ensureVolume({ command, volume, signal, labels });
  try {
    return { ...common, ...(await writeInto(spool, checked, options)) };
  } catch (error) {
    // What was made for this is taken back; without force, so never one that is in use.
    if (!there) await runEngine(command, ['volume', 'rm', volume]).catch(() => {});
    throw error;
  }
}

async function writeInto(
  spool: Spool,
  checked: Checked,
  options: RestoreOptions,
): Promise<WriteResult> {
  const { command, volume: name, image, signal, onProgress, onWritten, dryRun = false } = options;
  const volume = await openVolume({ command, name, image, signal, onProgress });
  const totals = { entriesTotal: checked.entries, bytesTotal: checked.bytes };
  try {
    return await volume.write({
      entries: entriesOf(spool, checked, options),
      remove: surplus(await volume.list(), checked, options),
      dryRun,
      onProgress: (progress) => onWritten?.({ ...progress, ...totals }),
    });
  } finally {
    await volume.close();
  }
}

/** What the volume has and the archive has not; sockets and the like are left to whoever made them. */
function surplus(
  present: readonly VolumeEntry[],
  { paths }: Checked,
  { isExcluded = () => false, isUnwanted = () => false }: RestoreOptions,
): readonly string[] {
  const excluded = new Set<string>();
  const gone: string[] = [];
  for (const { path, kind } of present) {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    const isDirectory = kind === 'directory';
    if (excluded.has(parent) || isExcluded(path, isDirectory) || isUnwanted(path, isDirectory))
      excluded.add(path);
    else if (kind !== 'other' && !paths.has(path)) gone.push(path);
  }
  return gone;
}

async function* entriesOf(
  spool: Spool,
  { digest, leftOut }: Checked,
  { limits }: RestoreOptions,
): AsyncGenerator<NewEntry> {
  const hash = createHash('sha256');
  for await (const entry of readArchive(hashed(spool.read(), hash), limits)) {
    if (leftOut.has(entry.path)) continue;
    const { path, mode, mtime, size, target, content, kind } = entry;
    // Owners of another machine mean nothing here.
    const owner = entry.own ? { uid: entry.uid, gid: entry.gid } : {};
    if (kind === 'file') yield { kind, path, mode, mtime, size, content: () => content, ...owner };
    else if (kind === 'link') yield { kind, path, target, mtime, ...owner };
    else yield { kind, path, mode, mtime, ...owner };
  }
  if (hash.digest('hex') === digest) return;
  throw new CaiError('ARCHIVE', 'The archive was written to while it was read.', {
    next: 'Nothing was changed. Try again when it is complete.',
  });
}

async function* hashed(
  source: AsyncIterable<Uint8Array>,
  hash: ReturnType<typeof createHash>,
): AsyncGenerator<Uint8Array> {
  for await (const bytes of source) {
    hash.update(bytes);
    yield bytes;
  }
}

function allNew({ paths }: Checked): WriteResult {
  const none = { updated: [], attributes: [], removed: [], leftDirectories: [], unchanged: 0 };
  return { ...none, created: [...paths].sort() };
}
