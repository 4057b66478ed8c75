/**
 * The way from the root to a path, one directory at a time, each held open: nobody can swap a
 * directory on the way for a link once it was looked at (invariant 7). Links are resolved here, by
 * name, and never leave the root.
 */
import type { Stats } from 'node:fs';
import { mkdirSync, readlinkSync } from 'node:fs';
import { CaiError } from '../../errors.ts';
import type { Path } from '../../tree/path.ts';
import { displayPath, fromBytes, joinPath } from '../../tree/path.ts';
import { fromErrno } from './fault.ts';
import type { DiskPath, Held } from './held.ts';
import { hold, letGo, look, reach } from './held.ts';

/** A place in the root: a name in a directory that is held open, or that directory itself. */
export interface Spot {
  /** In the root, links resolved. */
  readonly path: Path;
  readonly at: DiskPath;
  /** What stood there a moment ago; undefined: nothing. */
  readonly stat: Stats | undefined;
  /** Another name in the same directory. */
  beside(name: string): DiskPath;
}

export interface Way {
  /** A real path. */
  readonly root: string;
  /** Lexically inside the root. */
  readonly path: Path;
  /** Where the last name is a link: go where it leads (default), or stay at the link. */
  readonly follow?: boolean;
  /** Make the directories on the way that are missing. */
  readonly make?: boolean;
}

const maxLinks = 40;
/** Opens the directory that a path leads to; the caller lets it go. */
export function holdDirectory(root: string, path: Path): Promise<Held> {
  return withSpot({ root, path }, ({ at, path: real, stat }) => {
    if (stat === undefined) throw fromErrno({ code: 'ENOENT' }, path);
    if (!stat.isDirectory())
      throw new CaiError('KIND', `${displayPath(path)} is not a directory.`, { path });
    try {
      return hold(at, real);
    } catch (error) {
      throw fromErrno(error, path);
    }
  });
}

/** Calls `use` with the place, and lets go of the directories afterwards. Throws REFUSED, NOT_FOUND, KIND. */
export async function withSpot<T>(way: Way, use: (spot: Spot) => Promise<T> | T): Promise<T> {
  const levels: Held[] = [];
  try {
    return await use(descend(way, levels));
  } finally {
    for (const level of levels) letGo(level);
  }
}

function descend(way: Way, levels: Held[]): Spot {
  const { root, path, follow = true } = way;
  levels.push(holdRoot(root));
  const pending = path === '' ? [] : path.split('/');
  let links = 0;
  for (let name = pending.shift(); name !== undefined; name = pending.shift()) {
    const here = levels.at(-1) as Held;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      goUp(levels, path);
      continue;
    }
    const at = reach(here, name);
    const stat = look(at, path);
    if (stat?.isSymbolicLink() && (pending.length > 0 || follow)) {
      links += 1;
      if (links > maxLinks) throw refused(path, 'there are too many links on the way');
      pending.unshift(...targetOf(way, at, levels));
      continue;
    }
    if (pending.every((next) => next === '' || next === '.')) return spot(here, name, stat);
    levels.push(enter(way, { here, name, at, stat }));
  }
  return itself(levels.at(-1) as Held, path);
}

function goUp(levels: Held[], path: Path): void {
  const left = levels.pop();
  if (left !== undefined) letGo(left);
  if (levels.length === 0) throw outside(path);
}

/** The names that a link leads to; from the root again where it is absolute and stays inside. */
function targetOf({ root, path }: Way, at: DiskPath, levels: Held[]): string[] {
  const target = fromBytes(readlinkSync(at, { encoding: 'buffer' }));
  if (!target.startsWith('/')) return target.split('/');
  if (target !== root && !target.startsWith(`${root}/`)) throw outside(path);
  while (levels.length > 1) goUp(levels, path);
  return target.slice(root.length + 1).split('/');
}

interface Step {
  readonly here: Held;
  readonly name: string;
  readonly at: DiskPath;
  readonly stat: Stats | undefined;
}

function enter({ path, make = false }: Way, { here, name, at, stat }: Step): Held {
  const there = joinPath(here.path, name);
  if (stat === undefined) {
    if (!make)
      throw new CaiError('NOT_FOUND', `There is no directory ${displayPath(there)}.`, {
        path,
        next: 'Look with list_files, or make it with create_directory.',
      });
    mkdirSync(at);
  } else if (!stat.isDirectory())
    throw new CaiError('KIND', `${displayPath(there)} is not a directory.`, { path });
  try {
    return hold(at, there);
  } catch (error) {
    throw fromErrno(error, path);
  }
}

function holdRoot(root: string): Held {
  try {
    return hold(root, '', true);
  } catch (cause) {
    throw new CaiError('ROOT', 'The workspace is not there any more.', {
      path: root,
      next: 'Make the directory again, or start the server in another one.',
      cause,
    });
  }
}

function spot(here: Held, name: string, stat: Stats | undefined): Spot {
  return {
    path: joinPath(here.path, name),
    at: reach(here, name),
    stat,
    beside: (other) => reach(here, other),
  };
}

function itself(here: Held, asked: Path): Spot {
  return {
    path: here.path,
    at: `${here.prefix}.`,
    stat: look(`${here.prefix}.`, asked),
    beside: () => {
      throw refused(asked, 'it is the root itself');
    },
  };
}

function outside(path: Path): CaiError {
  return refused(path, 'it leads out of the workspace');
}

function refused(path: Path, why: string): CaiError {
  return new CaiError('REFUSED', `${displayPath(path)} is refused: ${why}.`, { path });
}
