/**
 * A volume's root on a disk, and how a path in it is named to the system. No link is followed on the way:
 * whatever goes to a path makes sure first that its parents are directories.
 */
import { lstatSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { CaiError } from '../../../errors.ts';
import { reservedName } from '../entry.ts';

export const areaOf = (root: string): string => join(root, reservedName);

/** What stands there, or undefined. */
export function lookAt(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Makes sure of parents; remembers the last one, since paths come in order. */
export function createParentCheck(root: string): (path: string) => boolean {
  let last: { readonly parent: string; readonly real: boolean } | undefined;
  return (path) => {
    const at = path.lastIndexOf('/');
    const parent = at < 0 ? '' : path.slice(0, at);
    if (last?.parent !== parent) last = { parent, real: allDirectories(root, parent) };
    return last.real;
  };
}

function allDirectories(root: string, parent: string): boolean {
  let place = root;
  for (const part of parent === '' ? [] : parent.split('/')) {
    place = join(place, part);
    if (lookAt(place)?.isDirectory() !== true) return false;
  }
  return true;
}

export function inTheWay(path: string, what: string): CaiError {
  return new CaiError('NAME', `${path} in the volume is ${what}, and something is to go into it.`, {
    path,
    next: 'Remove it from the volume, or leave out what is below it.',
  });
}
