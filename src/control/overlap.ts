/**
 * Roots must not lie inside one another, nor meet the state directory: sync would feed on its own
 * output and grow for ever. Real paths are compared, so a link cannot hide it.
 */
import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join, posix, relative, sep } from 'node:path';
import { CaiError } from '../errors.ts';
import { contains } from './find.ts';

/** The roots of a session on this machine: one, or two when both sides are directories. */
export interface Roots {
  readonly name: string;
  readonly paths: readonly string[];
  /** The root that is not on this machine; what is in one place has the same `place`. */
  readonly far?: { readonly place: string; readonly path: string };
}

/** Throws OVERLAP. `others` are the sessions there are already; paths are real paths. */
export function checkOverlap(roots: Roots, stateDirectory: string, others: readonly Roots[]): void {
  const state = realPathOfFuture(stateDirectory);
  for (const path of roots.paths) {
    if (!contains(state, path) && !contains(path, state)) continue;
    throw overlap(
      path,
      `${path} and the state directory ${state} lie inside one another.`,
      'Set CAI_STATE_DIR to a directory elsewhere.',
    );
  }
  const [first, second] = roots.paths;
  if (first !== undefined && second !== undefined && touches(first, second)) {
    throw overlap(
      second,
      `${first} and ${second} lie inside one another.`,
      'Choose two directories apart.',
    );
  }
  for (const other of others) checkOther(roots, other);
}

/**
 * Nested roots of different sessions are harmless (a package of a repository with a container of
 * its own) unless copies can come back into their source: over a session that has both its sides
 * here, or over two that nest differently on the far side.
 */
function checkOther(roots: Roots, other: Roots): void {
  const twice = nestedCopy(roots, other) ?? nestedCopy(other, roots);
  if (twice !== undefined) {
    throw overlap(
      twice.of,
      `With session ${other.name}, ${twice.of} would be at ${twice.places.join(' and at ')}, which lie inside one another.`,
      `End the other with \`cai unwatch ${other.name}\`, or choose another directory.`,
    );
  }
  if (roots.paths.length < 2 && other.paths.length < 2) return;
  for (const mine of roots.paths) {
    const clash = other.paths.find((path) => path !== mine && touches(path, mine));
    if (clash === undefined) continue;
    throw overlap(
      mine,
      `${mine} and ${clash}, a root of session ${other.name}, lie inside one another.`,
      `End the other with \`cai unwatch ${other.name}\`, or choose another directory.`,
    );
  }
}

/** The inner local directory, where two sessions have it in one place at paths that nest. */
function nestedCopy(
  outer: Roots,
  inner: Roots,
): { readonly of: string; readonly places: readonly string[] } | undefined {
  const [around] = outer.paths;
  const [of] = inner.paths;
  if (around === undefined || of === undefined || !contains(around, of)) return undefined;
  if (outer.far === undefined || outer.far.place !== inner.far?.place) return undefined;
  const copy = posix.join(outer.far.path, ...relative(around, of).split(sep));
  const places = [copy, inner.far.path];
  return copy !== inner.far.path && touches(copy, inner.far.path) ? { of, places } : undefined;
}

function touches(a: string, b: string): boolean {
  return contains(a, b) || contains(b, a);
}

function overlap(path: string, message: string, next: string): CaiError {
  return new CaiError('OVERLAP', message, { path, next });
}

/** Where a path will really be when its missing directories are made. */
export function realPathOfFuture(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  const parent = dirname(path);
  return parent === path ? path : join(realPathOfFuture(parent), basename(path));
}
