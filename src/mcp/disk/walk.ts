/**
 * Goes through a directory's names, depth first and sorted; every directory is held open while it is gone through, and
 * links are not followed. What sync ignores can be left out; what cannot be read is told, not passed over.
 */
import type { Dirent, Stats } from 'node:fs';
import { readdirSync } from 'node:fs';
import { setImmediate as breathe } from 'node:timers/promises';
import type { CaiError } from '../../errors.ts';
import type { Path } from '../../tree/path.ts';
import { baseName, fromBytes, joinPath, ownPrefix, parentPath } from '../../tree/path.ts';
import type { Access } from './access.ts';
import { holdDirectory, withSpot } from './descend.ts';
import { fromErrno } from './fault.ts';
import type { DiskPath, Held } from './held.ts';
import { hold, letGo, look, reach } from './held.ts';
import type { IgnoreRules } from './ignore-rules.ts';

export type Kind = 'file' | 'directory' | 'link' | 'other';

export interface Walked {
  readonly path: Path;
  readonly name: string;
  readonly kind: Kind;
  /** 1 for what is in the start. */
  readonly depth: number;
  /** A secret: its name may be known, what is in it not. */
  readonly refused: boolean;
  /** For system calls, as long as the walk stands here. */
  readonly at: DiskPath;
  /** A name beside it; the name itself again. */
  stat(): Stats | undefined;
}

export interface WalkOptions {
  readonly root: string;
  readonly start: Path;
  readonly access: Access;
  /** Leaves out what these rules ignore; all is told when left out. */
  readonly ignore?: IgnoreRules | undefined;
  readonly maxDepth: number;
  readonly signal: AbortSignal;
  /** The start may be a file: then that is all there is. */
  readonly orFile?: boolean;
  /** False: this directory is told, and not entered. */
  readonly enter?: (directory: Walked) => boolean;
  readonly onUnreadable?: (path: Path, error: CaiError) => void;
}

const breatheEvery = 200;

/** Throws what reaching the start throws, and what the signal says. */
export async function* walk(options: WalkOptions): AsyncGenerator<Walked> {
  const file = options.orFile === true ? await filePath(options) : undefined;
  if (file !== undefined) {
    yield* lone(options, file);
    return;
  }
  const start = await holdDirectory(options.root, options.start);
  const counter = { seen: 0 };
  try {
    options.access.check(start.path, 'read', true);
    options.ignore?.readAbove(start.path);
    yield* level(options, start, { depth: 1, counter });
  } finally {
    letGo(start);
  }
}

/** The start's real path if it is no directory. */
function filePath({ root, start, access }: WalkOptions): Promise<Path | undefined> {
  return withSpot({ root, path: start }, ({ path, stat }) => {
    if (stat === undefined || stat.isDirectory()) return undefined;
    access.check(start, 'read');
    access.check(path, 'read');
    return path;
  });
}

/** One file alone, in its directory, which is held open meanwhile. */
async function* lone({ root }: WalkOptions, path: Path): AsyncGenerator<Walked> {
  const directory = await holdDirectory(root, parentPath(path));
  try {
    const name = baseName(path);
    const at = reach(directory, name);
    const found = look(at, path);
    if (found === undefined) return;
    const kind = kindOf(found);
    yield { path, name, kind, depth: 0, refused: false, at, stat: () => look(at, path) };
  } finally {
    letGo(directory);
  }
}

interface At {
  readonly depth: number;
  readonly counter: { seen: number };
}

async function* level(options: WalkOptions, here: Held, at: At): AsyncGenerator<Walked> {
  const { depth, counter } = at;
  for (const found of list(options, here, depth)) {
    counter.seen += 1;
    if (counter.seen % breatheEvery === 0) await breathe();
    options.signal.throwIfAborted();
    yield found;
    if (found.kind !== 'directory' || found.refused || depth >= options.maxDepth) continue;
    if (options.enter?.(found) === false) continue;
    const below = tryHold(options, found);
    if (below === undefined) continue;
    try {
      yield* level(options, below, { depth: depth + 1, counter });
    } finally {
      letGo(below);
    }
  }
}

function tryHold({ onUnreadable }: WalkOptions, { at, path }: Walked): Held | undefined {
  try {
    return hold(at, path);
  } catch (error) {
    onUnreadable?.(path, fromErrno(error, path));
    return undefined;
  }
}

function list(options: WalkOptions, here: Held, depth: number): Walked[] {
  const { access, ignore, onUnreadable } = options;
  let entries: Dirent<Buffer>[];
  try {
    entries = readdirSync(`${here.prefix}.`, { withFileTypes: true, encoding: 'buffer' });
  } catch (error) {
    onUnreadable?.(here.path, fromErrno(error, here.path));
    return [];
  }
  ignore?.readHere(here);
  const found: Walked[] = [];
  for (const entry of entries) {
    const name = fromBytes(entry.name);
    if (name.startsWith(ownPrefix)) continue;
    const path = joinPath(here.path, name);
    const isDirectory = entry.isDirectory();
    if (ignore?.ignores(path, isDirectory)) continue;
    const at = reach(here, name);
    const refused = access.hides(path, isDirectory);
    found.push({ path, name, kind: kindOf(entry), depth, refused, at, stat: () => look(at, path) });
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

export function kindOf(
  entry: Pick<Dirent | Stats, 'isFile' | 'isDirectory' | 'isSymbolicLink'>,
): Kind {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'directory';
  return entry.isSymbolicLink() ? 'link' : 'other';
}
