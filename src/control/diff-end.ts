/** Reads one end of a comparison: a side, the base, a version. */
import { lstat, readFile, readlink } from 'node:fs/promises';
import { toCaiError } from '../errors.ts';
import type { Store } from '../store/store.ts';
import type { Entry } from '../tree/entry.ts';
import { isText, maxTextBytes } from '../tree/merge-text.ts';
import type { Path } from '../tree/path.ts';
import { fromBytes } from '../tree/path.ts';
import type { SessionRecord, SideContent } from './api.ts';
import { callSession } from './client.ts';
import { diskPath } from './restore-disk.ts';
import { openSessionStore } from './session-store.ts';
import { needVersion } from './version-content.ts';

export type DiffEnd = 'local' | 'container' | 'base' | { readonly version: string };

/** What stands at one end of a comparison. */
export interface EndContent {
  /** `local`, `container`, `base` or `version 42`. */
  readonly label: string;
  readonly kind: Entry['kind'] | 'nothing';
  readonly size?: number;
  readonly executable?: boolean;
  /** The content of a text, the target of a link. */
  readonly text?: string;
  /** Why there is no text of a file. */
  readonly without?: SideContent['without'];
}

/** Throws NO_VERSION; NO_SESSION where only a running session knows. */
export async function readEnd(
  record: SessionRecord,
  path: Path,
  end: DiffEnd,
): Promise<EndContent> {
  if (end === 'local') return readLocal(record.local, path);
  if (end === 'container') return readContainer(record, path);
  if (end === 'base') return readBase(record, path);
  return withStore(record, async (store) => {
    const version = needVersion(store, end.version);
    const label = `version ${version.id}`;
    return ofEntry(label, version.entry, (digest) => store.contents.read(digest));
  });
}

async function readLocal(root: string, path: Path): Promise<EndContent> {
  const at = diskPath(root, path);
  const label = 'local';
  try {
    const stat = await lstat(at);
    if (stat.isSymbolicLink())
      return { label, kind: 'link', text: fromBytes(await readlink(at, { encoding: 'buffer' })) };
    if (!stat.isFile()) return { label, kind: 'directory' };
    const { size } = stat;
    const executable = (stat.mode & 0o100) !== 0;
    const bytes = size > maxTextBytes ? undefined : await readFile(at);
    return { label, kind: 'file', size, executable, ...contentOf(size, bytes) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { label, kind: 'nothing' };
    throw toCaiError(error, path);
  }
}

async function readContainer(record: SessionRecord, path: Path): Promise<EndContent> {
  const { container } = await callSession(record, 'contents', { path }, { timeoutMs: 60_000 });
  return endOf('container', container);
}

/** As the running session knows it, else as it was last written down. */
async function readBase(record: SessionRecord, path: Path): Promise<EndContent> {
  try {
    const { base } = await callSession(record, 'contents', { path }, { timeoutMs: 60_000 });
    return endOf('base', base);
  } catch (error) {
    if (toCaiError(error).code !== 'NO_SESSION') throw error;
  }
  return withStore(record, async (store) => {
    for (const [at, entry] of store.loadBase())
      if (at === path) return ofEntry('base', entry, (digest) => store.texts.read(digest));
    return { label: 'base', kind: 'nothing' };
  });
}

async function withStore<T>(record: SessionRecord, work: (store: Store) => Promise<T>): Promise<T> {
  const store = openSessionStore(record, true);
  try {
    return await work(store);
  } finally {
    store.close();
  }
}

type Read = (digest: string) => Uint8Array | undefined | Promise<Uint8Array | undefined>;

async function ofEntry(label: string, entry: Entry, read: Read): Promise<EndContent> {
  if (entry.kind === 'link') return { label, kind: 'link', text: entry.target };
  if (entry.kind === 'directory') return { label, kind: 'directory' };
  const { size, executable, digest } = entry;
  const bytes = size > maxTextBytes ? undefined : await read(digest);
  return { label, kind: 'file', size, executable, ...contentOf(size, bytes) };
}

/** An end of which the session told. */
export function endOf(label: string, { entry, content, without }: SideContent): EndContent {
  if (entry === null) return { label, kind: 'nothing' };
  if (entry.kind === 'link') return { label, kind: 'link', text: entry.target };
  if (entry.kind === 'directory') return { label, kind: 'directory' };
  const { size, executable } = entry;
  if (content === undefined)
    return { label, kind: 'file', size, executable, without: without ?? 'unknown' };
  const text = Buffer.from(content, 'base64').toString();
  return { label, kind: 'file', size, executable, text };
}

function contentOf(
  size: number,
  bytes: Uint8Array | undefined,
): Pick<EndContent, 'text' | 'without'> {
  if (size > maxTextBytes) return { without: 'large' };
  if (bytes === undefined) return { without: 'unknown' };
  return isText(bytes) ? { text: Buffer.from(bytes).toString() } : { without: 'binary' };
}
