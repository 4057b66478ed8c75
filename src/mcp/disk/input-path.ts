/** From what a client calls a path to a path inside the root; nothing is trimmed, guessed or expanded. */
import { isAbsolute, posix, sep } from 'node:path';
import { CaiError } from '../../errors.ts';
import type { Path } from '../../tree/path.ts';
import { displayPath, pathFault } from '../../tree/path.ts';

export interface Roots {
  /** A real path. */
  readonly root: string;
  /** As it was given, which may go through links. */
  readonly given: string;
}

/** '' is the root. Throws REFUSED for what leads out of it, NAME for what cannot be a path. */
export function inputPath(text: string, roots: Roots): Path {
  if (text === '') throw bad(text, 'it is empty; "." is the workspace itself');
  if (text.includes('\0')) throw bad(text, 'it holds a NUL');
  const plain = sep === '\\' ? text.replaceAll('\\', '/') : text;
  const relative = isAbsolute(text) ? inside(text, plain, roots) : plain;
  const path = posix.normalize(relative).replace(/\/$/, '');
  if (path === '.' || path === '') return '';
  if (path === '..' || path.startsWith('../')) throw outside(text);
  const fault = pathFault(path);
  if (fault !== undefined) throw bad(text, fault);
  return path;
}

function inside(text: string, plain: string, { root, given }: Roots): string {
  for (const directory of [root, given].map((each) => each.replaceAll(sep, '/'))) {
    if (plain === directory) return '.';
    if (plain.startsWith(`${directory}/`)) return `./${plain.slice(directory.length + 1)}`;
  }
  throw outside(text);
}

function outside(text: string): CaiError {
  return new CaiError('REFUSED', `${shown(text)} is refused: it is not in the workspace.`, {
    path: text,
    next: 'Name paths relative to the workspace, for instance src/index.ts.',
  });
}

function bad(text: string, why: string): CaiError {
  return new CaiError('NAME', `${shown(text)} is no path: ${why}.`, { path: text });
}

function shown(text: string): string {
  const head = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return `"${displayPath(head)}"`;
}
