/**
 * Puts a version back into the local root, as an ordinary edit that sync then carries on. What
 * stood there goes into the history first (invariant 1), and the path shows its old or its new
 * content, nothing between (invariant 2). Links on the way are never followed (invariant 7).
 */
import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { chmod, link, lstat, mkdir, open, rename, rm, symlink } from 'node:fs/promises';
import { CaiError, toCaiError } from '../errors.ts';
import type { Store, Version } from '../store/store.ts';
import type { Entry, FileEntry } from '../tree/entry.ts';
import type { Path } from '../tree/path.ts';
import { baseName, joinPath, ownPrefix, parentPath } from '../tree/path.ts';
import type { RestoreResult } from './api.ts';
import { describeFile, diskPath, sameLook, takeFile } from './restore-disk.ts';
import { needVersion, versionContent } from './version-content.ts';

export interface RestoreInput {
  readonly store: Pick<Store, 'version' | 'contents' | 'commit' | 'history'>;
  /** The local root, a real path. */
  readonly root: string;
  readonly version: string;
  /** Inside the root; the version's own path when left out. */
  readonly to?: Path;
  /** Who asks for it. */
  readonly author?: string;
}

/** Restores inside the root. Throws NO_VERSION, IO and the like; then nothing has changed. */
export async function restoreVersion(input: RestoreInput): Promise<RestoreResult> {
  const version = needVersion(input.store, input.version);
  const path = input.to ?? version.path;
  const { kind } = version.entry;
  await makeParents(input, path);
  if (version.entry.kind === 'directory') {
    const made = await makeDirectory(input.root, path, version.entry.mode);
    if (made) note(input, { path, before: null, after: version.entry });
    return { id: version.id, path, kind };
  }
  const draft = temporary(path);
  try {
    await writeDraft(input, version, draft);
    const displaced = await putInPlace(input, path, draft);
    const before = displaced === undefined ? undefined : input.store.version(displaced);
    note(input, { path, before: before?.entry ?? null, after: version.entry });
    return { id: version.id, path, kind, ...(displaced === undefined ? {} : { displaced }) };
  } catch (error) {
    throw toCaiError(error, path);
  } finally {
    await rm(diskPath(input.root, draft), { force: true });
  }
}

/** Beside the target, so that the rename stays on one file system; sync leaves such names alone. */
function temporary(path: Path): Path {
  return joinPath(parentPath(path), `${ownPrefix}restore-${randomBytes(6).toString('hex')}`);
}

/** For an undo of the restore. */
function note(
  { store, author = 'restore' }: RestoreInput,
  {
    path,
    before,
    after,
  }: { readonly path: Path; readonly before: Entry | null; readonly after: Entry },
): void {
  const time = Date.now();
  const arrival = { path, side: 'local', time, batch: time, before, after, by: author } as const;
  store.commit({ base: [], versions: [], events: [], arrivals: [arrival] });
}

/** Directories that are gone come back with the mode that they had last. */
async function makeParents({ root, store }: RestoreInput, path: Path): Promise<void> {
  const names = path.split('/').slice(0, -1);
  await needDirectory(root, '');
  let parent = '';
  for (const name of names) {
    parent = joinPath(parent, name);
    const known = store.history({ path: parent, exact: true });
    const last = known.find(({ entry }) => entry.kind === 'directory')?.entry;
    await makeDirectory(root, parent, last?.kind === 'directory' ? last.mode : undefined);
  }
}

/** True when it was not there. */
async function makeDirectory(root: string, path: Path, mode: number | undefined): Promise<boolean> {
  try {
    await mkdir(diskPath(root, path));
    if (mode !== undefined) await chmod(diskPath(root, path), mode & 0o777);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw toCaiError(error, path);
    await needDirectory(root, path);
    return false;
  }
}

async function needDirectory(root: string, path: Path): Promise<void> {
  const found = await lookAt(root, path);
  if (found?.isDirectory()) return;
  if (path === '')
    throw new CaiError('ROOT', `The directory ${root} is not there.`, {
      path: root,
      next: 'Make it, or restore elsewhere with --to.',
    });
  throw new CaiError('IO', `${path} is not a directory.`, {
    path,
    next: 'Restore to another place with --to.',
  });
}

async function writeDraft(
  { store, root }: RestoreInput,
  version: Version,
  draft: Path,
): Promise<void> {
  const { entry } = version;
  if (entry.kind === 'link') return symlink(entry.target, diskPath(root, draft));
  const file = await open(diskPath(root, draft), 'wx', 0o600);
  try {
    // Not write(), which writes less than it is given where the disk is full.
    for await (const chunk of versionContent(store, version)) await file.writeFile(chunk);
    await file.chmod((entry as FileEntry).mode & 0o777);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Returns the id of what was displaced. */
async function putInPlace(
  input: RestoreInput,
  path: Path,
  draft: Path,
): Promise<string | undefined> {
  const { root } = input;
  const target = diskPath(root, path);
  const found = await lookAt(root, path);
  if (found === undefined) {
    // A hard link never replaces what appeared meanwhile.
    const linked = await link(diskPath(root, draft), target).catch(
      (error) => error as NodeJS.ErrnoException,
    );
    if (linked === undefined) return undefined;
    if (linked.code === 'EEXIST') throw busy(path);
    await rename(diskPath(root, draft), target);
    return undefined;
  }
  if (!found.isFile() && !found.isSymbolicLink()) {
    throw new CaiError('IO', `Something else stands at ${path}.`, {
      path,
      next: 'Move it away, or restore to another place with --to.',
    });
  }
  return replace(input, path, draft, found);
}

async function replace(
  input: RestoreInput,
  path: Path,
  draft: Path,
  found: Stats,
): Promise<string> {
  const { store, root } = input;
  const target = diskPath(root, path);
  const keep = diskPath(root, temporary(path));
  try {
    const kept = await takeFile(target, keep, found);
    const before = remember(input, path, await describeFile(keep, store.contents, found));
    const now = await lstat(target);
    if (now.ino !== found.ino || !sameLook(now, found)) throw busy(path);
    await rename(diskPath(root, draft), target);
    // Who had the old file open may have written to it until now.
    const after = await lstat(keep);
    if (kept === 'copied' || sameLook(after, found)) return before;
    return remember(input, path, await describeFile(keep, store.contents, after));
  } finally {
    await rm(keep, { force: true });
  }
}

function remember({ store, author }: RestoreInput, path: Path, entry: Entry): string {
  const by = author === undefined ? {} : { by: author };
  store.commit({
    base: [],
    events: [],
    versions: [{ path, side: 'local', time: Date.now(), reason: 'restored', entry, ...by }],
  });
  const newest = store.history({ path, limit: 1 })[0];
  if (newest === undefined)
    throw new CaiError('STATE', 'The history did not take what stands there.', { path });
  return newest.id;
}

async function lookAt(root: string, path: Path): Promise<Stats | undefined> {
  try {
    return await lstat(diskPath(root, path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw toCaiError(error, path);
  }
}

function busy(path: Path): CaiError {
  return new CaiError('BUSY', `${baseName(path)} is being written to.`, {
    path,
    next: 'Try again.',
  });
}
