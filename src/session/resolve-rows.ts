/** What is to stand at a path when a conflict is settled: a version that gave way, a side's, a given file. */
import { lstat } from 'node:fs/promises';
import type { ConflictInfo } from '../control/api.ts';
import { CaiError, toCaiError } from '../errors.ts';
import type { Entry, FileEntry, Look } from '../tree/entry.ts';
import type { Path, Side } from '../tree/path.ts';
import { displayPath, isWithin, parentPath } from '../tree/path.ts';
import type { Core } from './core.ts';
import { sideLook } from './core.ts';
import type { Engine } from './engine.ts';
import { replicaOf } from './engine.ts';

/** A path and all below it. */
export type Rows = readonly (readonly [Path, Entry])[];

/** What stands at a path and below it on a side, a directory before what is in it. */
export function standingAt(core: Core, side: Side, path: Path): Map<Path, Exclude<Look, null>> {
  const paths = new Set<Path>([path]);
  for (const [below] of core.base.entries(path)) paths.add(below);
  for (const changed of core.sides[side].changes.keys())
    if (isWithin(path, changed)) paths.add(changed);
  const found = new Map<Path, Exclude<Look, null>>();
  for (const at of [...paths].sort()) {
    // What is below something that went is not told one by one.
    if (at !== path && found.get(parentPath(at))?.kind !== 'directory') continue;
    const look = sideLook(core, side, at);
    if (look !== null) found.set(at, look);
  }
  return found;
}

/** What gave way on a side; undefined when nothing is known to have. Throws when it is not kept any more. */
export function gaveWay({ store }: Engine, conflict: ConflictInfo, side: Side): Rows | undefined {
  const ids = conflict.versions[side];
  if (ids.length === 0) {
    if (conflict[side].kind === 'nothing') return [];
    if (conflict.settled === 'merged') return undefined;
    throw notKept(conflict.path);
  }
  const rows = new Map<Path, Entry>();
  for (const id of ids) {
    const version = store.version(id);
    if (version === undefined || !version.kept) throw notKept(conflict.path);
    rows.set(version.path, version.entry);
  }
  return [...rows];
}

/** What a side holds now, with all contents taken into the store. */
export async function takeInSide(engine: Engine, side: Side, path: Path): Promise<Rows> {
  const rows: [Path, Entry][] = [];
  const replica = replicaOf(engine, side);
  for (const [at, look] of standingAt(engine.core, side, path)) {
    if (look.kind === 'blocked') throw new CaiError('BUSY', look.message, { path: at });
    rows.push([at, look]);
    if (look.kind !== 'file' || engine.store.contents.has(look.digest)) continue;
    const { digest, size } = look;
    const put = await engine.store.contents.putStream(
      replica.read({ path: at, digest, size }),
      engine.core.options.maxFileSize,
    );
    if (put?.digest !== digest) throw changed(at);
  }
  return rows;
}

/** A file of the host, as it is to stand at a path; its content is taken into the store. */
export async function takeInFile(engine: Engine, file: string, there: Look): Promise<FileEntry> {
  const stat = await lstat(file).catch((error: unknown) => {
    throw toCaiError(error, file);
  });
  if (!stat.isFile()) throw new CaiError('USAGE', `${file} is no file.`, { path: file });
  const maxBytes = engine.core.options.maxFileSize;
  const put = await engine.store.contents.putFile(file, { maxBytes });
  if (put === undefined) throw new CaiError('USAGE', `${file} is too large.`, { path: file });
  const mode = there?.kind === 'file' ? there.mode : stat.mode & 0o777;
  return { kind: 'file', ...put, mode, executable: (mode & 0o100) !== 0, mtime: Date.now() };
}

function changed(path: Path): CaiError {
  return new CaiError('BUSY', `${displayPath(path)} is being written to.`, {
    path,
    next: 'Try again; nothing was lost.',
  });
}

function notKept(path: Path): CaiError {
  return new CaiError('NO_VERSION', `What gave way at ${displayPath(path)} is not kept any more.`, {
    path,
    next: 'Settle it with --take kept, or with a file: --file.',
  });
}
