/** From a path that a person typed to a path inside a session's root. */
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { contains } from '../control/find.ts';
import { realPathOfFuture } from '../control/overlap.ts';
import { CaiError } from '../errors.ts';
import type { Path } from '../tree/path.ts';

/** The path below the root that `typed` means; undefined when it lies outside. `''` is the root. */
export function insideRoot(root: string, typed: string, cwd: string): Path | undefined {
  const absolute = resolve(cwd, typed);
  // Only the parent is resolved: the path itself may be a link, or gone.
  const real = absolute === resolve(root) ? absolute : realParent(absolute);
  if (!contains(root, real)) return undefined;
  return relative(root, real).split(sep).join('/');
}

/** As insideRoot; outside the root a relative path is taken from the root. Throws USAGE. */
export function pathInRoot(root: string, typed: string, cwd: string): Path {
  const direct = insideRoot(root, typed, cwd);
  const path = direct ?? (isAbsolute(typed) ? undefined : insideRoot(root, typed, root));
  if (path !== undefined) return path;
  throw new CaiError('USAGE', `${typed} is not in the session's directory ${root}.`, {
    path: typed,
    next: 'Give a path below it, or choose another session with --name.',
  });
}

function realParent(absolute: string): string {
  const parent = resolve(absolute, '..');
  return resolve(realPathOfFuture(parent), relative(parent, absolute));
}
