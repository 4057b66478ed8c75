/**
 * The agent's root directory: found, checked, and with its links resolved, also below the root of
 * another process (a helper container serves its target's files below /proc/1/root). There, a link must
 * be followed as that process would follow it: the system would follow it in this process's own files.
 */
import { accessSync, constants, lstatSync, mkdirSync, readlinkSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { CaiError, toCaiError } from '../errors.ts';

export interface RootWanted {
  /** Absolute, as it is called where `base` is the root. */
  readonly root: string;
  /** Root of the file system that is meant; this process's own when left out. */
  readonly base?: string | undefined;
  /** Make it when it is missing. */
  readonly create: boolean;
}

/** The directory's path for this process. Fails with ROOT or PERMISSION. */
export function findRoot({ root, base, create }: RootWanted): string {
  try {
    if (create) mkdirSync(`${base ?? ''}${root}`, { recursive: true });
    const path = base === undefined ? root : `${base}${resolveBelow(base, root)}`;
    if (!statSync(path).isDirectory()) throw new CaiError('ROOT', `${root} is not a directory.`);
    accessSync(path, constants.R_OK | constants.X_OK);
    return path;
  } catch (error) {
    throw rootError(root, error);
  }
}

const mostLinks = 40;

/** What a path is with its links resolved, where `base` is the root; without `base` in front. */
export function resolveBelow(base: string, path: string): string {
  const rest = namesOf(path);
  let done = '';
  for (let links = 0; rest.length > 0; ) {
    const name = rest.pop() as string;
    if (name === '..') {
      done = done === '' ? '' : dirname(done).replace(/^\/$/, '');
      continue;
    }
    const at = `${done}/${name}`;
    if (!lstatSync(base + at).isSymbolicLink()) {
      done = at;
      continue;
    }
    links += 1;
    if (links > mostLinks) throw new CaiError('ROOT', `${path} leads through too many links.`);
    const target = readlinkSync(base + at);
    if (target.startsWith('/')) done = '';
    rest.push(...namesOf(target));
  }
  return done;
}

/** The names of a path, the first of them last. */
function namesOf(path: string): string[] {
  return path
    .split('/')
    .filter((name) => name !== '' && name !== '.')
    .reverse();
}

function rootError(root: string, error: unknown): CaiError {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return new CaiError('ROOT', `${root} does not exist.`);
  if (code === 'ENOTDIR' || code === 'EEXIST') {
    return new CaiError('ROOT', `${root} is not a directory.`);
  }
  return toCaiError(error, root);
}
