/**
 * Writes an archive of a volume, also while containers work in it. Each file is whole, as it stood at one
 * moment, or it is said that it is not; what changed after its turn had come is said as well.
 */
import { createReadStream } from 'node:fs';
import type { EngineCommand } from '../../docker/engine.ts';
import { CaiError, toCaiError } from '../../errors.ts';
import { stopIfCancelled } from '../cancelled.ts';
import type { VolumeEntry } from '../volume/entry.ts';
import { openVolume, type Volume } from '../volume.ts';
import { type Output, openOutput } from './output.ts';
import { verifyArchive, type Written } from './verify.ts';
import { type ArchiveWriter, writeArchive } from './write.ts';

export interface ExportOptions {
  readonly command: EngineCommand;
  readonly volume: string;
  /** Absolute path of the archive, or '-' for standard output. */
  readonly output: string;
  readonly isExcluded?: ((path: string, isDirectory: boolean) => boolean) | undefined;
  /** Likewise left out, each file by itself: secrets, when they are not wanted. */
  readonly isUnwanted?: ((path: string, isDirectory: boolean) => boolean) | undefined;
  readonly image?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((line: string) => void) | undefined;
  readonly onWritten?: ((progress: ExportProgress) => void) | undefined;
}

export interface ExportProgress {
  readonly phase: 'write' | 'verify';
  readonly files: number;
  readonly bytes: number;
  readonly filesTotal: number;
  readonly bytesTotal: number;
}

export interface ExportResult {
  readonly volume: string;
  /** '-' for standard output. */
  readonly path: string;
  readonly entries: number;
  readonly files: number;
  readonly bytes: number;
  /** Of the archive; absent for standard output. */
  readonly size?: number;
  readonly excluded: readonly string[];
  /** Not in the archive, and why. */
  readonly skipped: readonly { readonly path: string; readonly why: string }[];
  /** Changed, made or removed after its turn had come: the archive has what stood there before. */
  readonly changed: readonly string[];
  /** Written to all the time while they were read: what the archive has of them may be a mixture. */
  readonly torn: readonly string[];
}

interface Report {
  readonly excluded: string[];
  readonly skipped: { path: string; why: string }[];
  readonly torn: string[];
  readonly written: Map<string, Written>;
  files: number;
  bytes: number;
}

/** Throws what openVolume throws, NO_SPACE and such for the output, CANCELLED. Then no file is left. */
export async function exportVolume(options: ExportOptions): Promise<ExportResult> {
  const { command, volume: name, image, signal, onProgress } = options;
  const volume = await openVolume({ command, name, image, signal, onProgress });
  try {
    if (options.output !== '-') return await exportToFile(volume, options);
    return await exportTo({ kind: 'stdout', stream: process.stdout }, volume, options);
  } finally {
    await volume.close();
  }
}

async function exportToFile(volume: Volume, options: ExportOptions): Promise<ExportResult> {
  const output = await openOutput(options.output);
  try {
    const result = await exportTo(output, volume, options);
    await output.commit();
    return result;
  } catch (error) {
    await output.discard();
    throw outputFault(error, options.output);
  }
}

function outputFault(thrown: unknown, path: string): CaiError {
  const error = toCaiError(thrown, path);
  if (error.code !== 'NO_SPACE') return error;
  return new CaiError('NO_SPACE', `No space is left for ${path}.`, {
    path,
    next: 'Make room, or name another place with -o; no archive was kept.',
    cause: thrown,
  });
}

async function exportTo(
  output: Output,
  volume: Volume,
  options: ExportOptions,
): Promise<ExportResult> {
  const report: Report = {
    excluded: [],
    skipped: [],
    torn: [],
    written: new Map(),
    files: 0,
    bytes: 0,
  };
  const entries = chosen(await volume.list(), report, options);
  const totals = totalsOf(entries);
  const writer = await writeArchive(output.stream);
  try {
    await writeAll(volume, entries, { writer, report, options, totals });
    await writer.end();
  } catch (error) {
    writer.destroy(toCaiError(error));
    throw error;
  }
  const changed = changes(report, await volume.list(), options);
  const { files, bytes, written, ...rest } = report;
  const result = { volume: volume.name, entries: written.size, files, bytes, ...rest, changed };
  if (output.kind === 'stdout') return { ...result, path: '-' };
  const verified = await verifyArchive(createReadStream(output.draft), written, {
    signal: options.signal,
    onEntry: (done) => options.onWritten?.({ phase: 'verify', ...done, ...totals }),
  });
  return { ...result, path: output.path, size: verified.size };
}

/** What is not excluded; what is in something excluded is so, too. */
function chosen(
  all: readonly VolumeEntry[],
  report: Report,
  { isExcluded = () => false, isUnwanted = () => false }: ExportOptions,
): readonly VolumeEntry[] {
  const out = new Set<string>();
  return all.filter((entry) => {
    const { path, kind } = entry;
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    const isDirectory = kind === 'directory';
    if (out.has(parent) || isExcluded(path, isDirectory) || isUnwanted(path, isDirectory)) {
      if (!out.has(parent)) report.excluded.push(path);
      out.add(path);
      return false;
    }
    if (kind !== 'other') return true;
    const why = entry.what === 'name' ? 'its name is no UTF-8' : `it is a ${entry.what}`;
    report.skipped.push({ path, why });
    return false;
  });
}

type Totals = Pick<ExportProgress, 'filesTotal' | 'bytesTotal'>;

function totalsOf(entries: readonly VolumeEntry[]): Totals {
  const files = entries.filter((entry) => entry.kind === 'file');
  return { filesTotal: files.length, bytesTotal: files.reduce((sum, { size }) => sum + size, 0) };
}

interface Work {
  readonly writer: ArchiveWriter;
  readonly report: Report;
  readonly options: ExportOptions;
  readonly totals: Totals;
}

async function writeAll(
  volume: Volume,
  entries: readonly VolumeEntry[],
  { writer, report, options, totals }: Work,
): Promise<void> {
  for await (const item of volume.read(entries.map(({ path }) => path))) {
    stopIfCancelled(options.signal);
    if (!item.found) {
      report.skipped.push({ path: item.path, why: item.why });
      continue;
    }
    const { entry } = item;
    if (entry.kind === 'other') {
      report.skipped.push({ path: entry.path, why: `it became a ${entry.what}` });
      continue;
    }
    if (entry.kind !== 'file') {
      await writer.add(entry);
      report.written.set(entry.path, { entry, digest: '' });
      continue;
    }
    await writer.addFile(entry, item.content);
    const { digest, torn } = item.end();
    if (torn) report.torn.push(entry.path);
    report.written.set(entry.path, { entry, digest });
    report.files += 1;
    report.bytes += entry.size;
    options.onWritten?.({ phase: 'write', files: report.files, bytes: report.bytes, ...totals });
  }
}

/** Compares what was written with what stands there afterwards. */
function changes(
  report: Report,
  after: readonly VolumeEntry[],
  options: ExportOptions,
): readonly string[] {
  const ignored: Report = { ...report, excluded: [], skipped: [] };
  const now = new Map(chosen(after, ignored, options).map((entry) => [entry.path, entry]));
  const skipped = new Set(report.skipped.map(({ path }) => path));
  const gone = [...report.written.keys()].filter((path) => !now.has(path));
  const others = [...now.values()].filter((entry) => {
    const written = report.written.get(entry.path)?.entry;
    return written === undefined ? !skipped.has(entry.path) : !same(written, entry);
  });
  const torn = new Set(report.torn);
  return [...gone, ...others.map(({ path }) => path)].filter((path) => !torn.has(path)).sort();
}

function same(a: VolumeEntry, b: VolumeEntry): boolean {
  // Whatever is made in a directory changes its time, and is told by itself.
  const picture = (entry: VolumeEntry): unknown[] => [
    entry.kind,
    entry.uid,
    entry.gid,
    'mode' in entry ? entry.mode : '',
    'size' in entry ? entry.size : '',
    'target' in entry ? entry.target : '',
    entry.kind === 'directory' ? 0 : entry.mtime,
  ];
  return JSON.stringify(picture(a)) === JSON.stringify(picture(b));
}
