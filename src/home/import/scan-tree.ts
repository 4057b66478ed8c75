/**
 * Walks one wanted path. Links below it stay links when they lead to what is imported too; one that leads
 * to something else of the source is replaced by what it leads to, since it could not hold in a container.
 */
import { isUtf8 } from 'node:buffer';
import type { Stats } from 'node:fs';
import { access, constants, lstat, readdir, readlink, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { CaiError } from '../../errors.ts';
import { joinPath } from '../../tree/path.ts';
import { stopIfCancelled } from '../cancelled.ts';
import type { Selection } from './select.ts';
import { type Covered, type SourceNode, volumePlace } from './source.ts';
import type { Wanted } from './wanted.ts';

export interface Walk {
  readonly root: string;
  readonly coverage: readonly Covered[];
  /** Wanted paths: each is scanned for itself, also when it lies below another. */
  readonly own: ReadonlySet<string>;
  readonly omit: Selection['omit'];
  readonly omitBehind: Selection['omitBehind'];
  readonly signal?: AbortSignal | undefined;
}

export interface Spot {
  readonly wanted: Wanted;
  readonly path: string;
  readonly real: string;
  readonly stats: Stats;
  /** The text of the link that led here. */
  readonly through?: string;
  /** Behind such a link, or a directory that is. */
  readonly behind?: true;
  /** Real paths of the directories above, to notice a circle. */
  readonly above?: readonly string[];
}

export async function scanTree(spot: Spot, walk: Walk): Promise<SourceNode> {
  const { path, stats } = spot;
  if (stats.isFile()) return scanFile(spot);
  if (stats.isDirectory()) return scanDirectory(spot, walk);
  if (stats.isSymbolicLink()) return scanLink(spot, walk);
  const what = stats.isSocket() ? 'a socket' : stats.isFIFO() ? 'a pipe' : 'a device';
  return { kind: 'omitted', path, why: what };
}

async function scanFile({ path, real, stats, through }: Spot): Promise<SourceNode> {
  await mustRead(real, constants.R_OK);
  const { mode, size, mtimeMs, ctimeMs } = stats;
  return {
    kind: 'file',
    path,
    real,
    mode: mode & 0o777,
    size,
    mtime: Math.floor(mtimeMs),
    ctime: ctimeMs,
    ...(through === undefined ? {} : { through }),
  };
}

async function scanDirectory(spot: Spot, walk: Walk): Promise<SourceNode> {
  const { path, real, stats, through, above = [] } = spot;
  if (above.includes(real))
    return { kind: 'omitted', path, why: 'a link into a directory above it' };
  await mustRead(real, constants.R_OK | constants.X_OK);
  const children: SourceNode[] = [];
  const names = await mayRead(real, readdir(real, { encoding: 'buffer' }));
  for (const name of names.sort(Buffer.compare)) {
    stopIfCancelled(walk.signal);
    const child = await scanChild(name, { ...spot, above: [...above, real] }, walk);
    if (child !== undefined) children.push(child);
  }
  const mode = stats.mode & 0o777;
  return {
    kind: 'directory',
    path,
    real,
    mode,
    children,
    ...(through === undefined ? {} : { through }),
  };
}

async function scanChild(name: Buffer, spot: Spot, walk: Walk): Promise<SourceNode | undefined> {
  const text = name.toString('utf8');
  const path = joinPath(spot.path, text);
  if (!isUtf8(name)) return { kind: 'omitted', path, why: 'its name is no UTF-8' };
  if (walk.own.has(path)) return undefined;
  const real = join(spot.real, text);
  const stats = await lstat(real).catch(() => undefined);
  // Gone while we looked.
  if (stats === undefined) return undefined;
  const why =
    walk.omit(spot.wanted, path, stats.isDirectory()) ??
    (spot.behind ? walk.omitBehind(belowRoot(real, walk), stats.isDirectory()) : undefined);
  if (why !== undefined) return { kind: 'omitted', path, why };
  const { through: _own, ...rest } = spot;
  return scanTree({ ...rest, path, real, stats }, walk);
}

async function scanLink(spot: Spot, walk: Walk): Promise<SourceNode> {
  const { path, real, wanted, above } = spot;
  const target = await readlink(real);
  const leads = isAbsolute(target) ? resolve(target) : resolve(dirname(real), target);
  const link = { kind: 'link', path, target, leads } as const;
  const final = await realpath(real).catch(() => undefined);
  if (volumePlace(walk.coverage, leads) !== undefined)
    return { ...link, state: final === undefined ? 'broken' : 'inside' };
  if (final === undefined) return { ...link, state: 'broken' };
  if (!final.startsWith(`${walk.root}/`)) return { ...link, state: 'outside' };
  const stats = await lstat(final);
  const behind = belowRoot(final, walk);
  const why = walk.omitBehind(behind, stats.isDirectory());
  if (why !== undefined) return { kind: 'omitted', path, why: `a link to ~/${behind}: ${why}` };
  const known = above === undefined ? {} : { above };
  const through = { through: target, behind: true as const };
  return scanTree({ wanted, path, real: final, stats, ...through, ...known }, walk);
}

function belowRoot(real: string, { root }: Walk): string {
  return real.slice(root.length + 1);
}

function mustRead(path: string, mode: number): Promise<void> {
  return mayRead(path, access(path, mode));
}

/** What reads a path, with an error that says that it could not. */
export async function mayRead<T>(path: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** What keeps an import from going on: better nothing than a part. */
export function unreadable(path: string, cause: unknown): CaiError {
  return new CaiError('PERMISSION', `${path} cannot be read.`, {
    path,
    next: 'Make it readable, or leave it out with an exclude. Nothing was changed.',
    cause,
  });
}
