/**
 * Looks at what is wanted of a source directory. A wanted path may itself be a link, as managers of
 * dotfiles make them: then what it leads to is meant. Reads no contents but where a flag asks for it.
 */
import type { Stats } from 'node:fs';
import { access, constants, lstat, readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CaiError, toCaiError } from '../../errors.ts';
import { parentPath } from '../../tree/path.ts';
import { stopIfCancelled } from '../cancelled.ts';
import { mayRead, scanTree, unreadable, type Walk } from './scan-tree.ts';
import type { Selection } from './select.ts';
import type { Covered, ScannedRoot, SourceNode, SourceScan } from './source.ts';
import type { Wanted } from './wanted.ts';

export interface ScanOptions {
  /** The source directory. */
  readonly root: string;
  readonly wanted: readonly Wanted[];
  /** Further directories that absolute links may mean by the source: the user's home. */
  readonly aliases: readonly string[];
  /** Links of wanted paths may lead out of the source: it is the user's own home. */
  readonly mayLeave: boolean;
  readonly selection: Selection;
  readonly signal?: AbortSignal | undefined;
}

/** Throws ROOT when the source is no directory, PERMISSION for what may not be read. */
export async function scanSource(options: ScanOptions): Promise<SourceScan> {
  const root = await sourceRoot(options.root);
  const places = await Promise.all(options.wanted.map((wanted) => locate(wanted, root, options)));
  const homes = [...new Set([root, options.root, ...options.aliases])];
  const coverage = coverageOf(places, homes);
  const walk: Walk = {
    root,
    coverage,
    own: new Set(options.wanted.map(({ path }) => path)),
    omit: options.selection.omit,
    omitBehind: options.selection.omitBehind,
    signal: options.signal,
  };
  const roots: ScannedRoot[] = [];
  for (const place of places) {
    stopIfCancelled(options.signal);
    roots.push(place.state === 'found' ? await scanRoot(place, walk) : place);
  }
  return { root, roots, homes, coverage, parentModes: await parentModes(options.wanted, root) };
}

async function sourceRoot(path: string): Promise<string> {
  try {
    const real = await realpath(path);
    const isDirectory = (await stat(real)).isDirectory();
    if (isDirectory) await access(real, constants.R_OK | constants.X_OK);
    if (isDirectory) return real;
  } catch (error) {
    const { code } = toCaiError(error);
    if (code === 'PERMISSION') throw unreadable(path, error);
    throw noDirectory(path, error);
  }
  throw noDirectory(path);
}

function noDirectory(path: string, cause?: unknown): CaiError {
  return new CaiError('ROOT', `There is no directory ${path} to import from.`, {
    path,
    next: 'Name a directory or an archive with --from.',
    cause,
  });
}

type Place =
  | {
      readonly wanted: Wanted;
      readonly state: 'found';
      /** Absolute, links resolved. */
      readonly real: string;
      readonly stats: Stats;
    }
  | Extract<ScannedRoot, { state: 'missing' | 'omitted' }>;

async function locate(wanted: Wanted, root: string, options: ScanOptions): Promise<Place> {
  const why = options.selection.omitRoot(wanted);
  if (why !== undefined) return { wanted, state: 'omitted', why };
  const path = join(root, wanted.path);
  try {
    const real = await realpath(path);
    const stats = await lstat(real);
    const outside = real !== root && !real.startsWith(`${root}/`);
    if (outside && !options.mayLeave)
      return { wanted, state: 'omitted', why: `a link that leads out of ${root}` };
    const fault = kindFault(wanted, stats);
    if (fault !== undefined) return { wanted, state: 'omitted', why: fault };
    return { wanted, state: 'found', real, stats };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ELOOP') return { wanted, state: 'omitted', why: 'a link that leads to itself' };
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw unreadable(path, error);
    const dangling = await lstat(path).catch(() => undefined);
    const why = dangling === undefined ? 'not there' : 'a link that leads nowhere';
    return { wanted, state: 'missing', why };
  }
}

function kindFault({ kind }: Wanted, stats: Stats): string | undefined {
  const found = stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : 'other';
  if (found === 'other') return 'neither a file nor a directory';
  return kind === 'any' || kind === found ? undefined : `a ${found}, not a ${kind}`;
}

/** Both spellings of each place, so that links find it whichever way they are written. */
function coverageOf(places: readonly Place[], homes: readonly string[]): readonly Covered[] {
  return places.flatMap((place) => {
    if (place.state !== 'found') return [];
    const { path, target } = place.wanted;
    const spelled = homes.map((home) => ({ place: join(home, path), target }));
    return [...spelled, { place: place.real, target }];
  });
}

async function scanRoot(
  place: Extract<Place, { state: 'found' }>,
  walk: Walk,
): Promise<ScannedRoot> {
  const { wanted, real, stats } = place;
  const node = await scanTree({ wanted, path: wanted.path, real, stats }, walk);
  return { wanted, state: 'found', node: await withText(wanted, node) };
}

async function withText(wanted: Wanted, node: SourceNode): Promise<SourceNode> {
  const asked = wanted.flags.has('git-filter') || wanted.flags.has('home-paths');
  if (node.kind !== 'file' || !asked) return node;
  return { ...node, text: await mayRead(node.real, readFile(node.real, 'utf8')) };
}

async function parentModes(
  wanted: readonly Wanted[],
  root: string,
): Promise<ReadonlyMap<string, number>> {
  const modes = new Map<string, number>();
  for (const { path } of wanted)
    for (let above = parentPath(path); above !== ''; above = parentPath(above)) {
      const stats = modes.has(above)
        ? undefined
        : await stat(join(root, above)).catch(() => undefined);
      if (stats?.isDirectory() === true) modes.set(above, stats.mode & 0o777);
    }
  return modes;
}
