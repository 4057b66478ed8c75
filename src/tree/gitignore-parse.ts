/** Lines of ignore files, read as git reads them: what each pattern matches, and by which means. */
import { compileGlob, type Glob } from './gitignore-glob.ts';

export interface IgnoreRule {
  /** A `!` line: takes back what an earlier line excluded. */
  readonly negated: boolean;
  /** The line ends in a slash: it matches directories only. */
  readonly directoryOnly: boolean;
  readonly match: Match;
}

/** What is matched: the last name, or the path from the ignore file's directory; cheap ones first. */
export type Match =
  /** That name, that path. */
  | { readonly kind: 'name' | 'path'; readonly text: string }
  /** Names with that ending; an extension is what stands from the last dot on. */
  | { readonly kind: 'extension' | 'suffix'; readonly text: string }
  /** Paths that end in these names. */
  | { readonly kind: 'tail'; readonly text: string }
  | {
      readonly kind: 'glob';
      readonly on: 'name' | 'path';
      readonly prefix: string;
      readonly glob: Glob;
    };

/** The lines of a file (one character a byte) that can match anything, as git sees them. */
export function patternLines(text: string): string[] {
  const lines = text.startsWith(byteOrderMark) ? text.slice(byteOrderMark.length) : text;
  return lines
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .map((line) => trimSpaces(endAtNul(line.endsWith('\r') ? line.slice(0, -1) : line)))
    .filter((line) => line !== '' && line !== '!');
}

const byteOrderMark = '\xef\xbb\xbf';

/** git keeps patterns as C strings. */
function endAtNul(line: string): string {
  const nul = line.indexOf('\0');
  return nul < 0 ? line : line.slice(0, nul);
}

/** Takes trailing spaces (not tabs) off, up to one that a backslash protects. */
function trimSpaces(line: string): string {
  let end = line.length;
  while (end > 0 && line[end - 1] === ' ') end -= 1;
  if (end === line.length) return line;
  let backslashes = 0;
  while (line[end - 1 - backslashes] === '\\') backslashes += 1;
  return line.slice(0, end + (backslashes % 2));
}

/** Understands one line; undefined when it can never match. */
export function parseRule(line: string): IgnoreRule | undefined {
  const negated = line.startsWith('!');
  const body = negated ? line.slice(1) : line;
  const directoryOnly = body.endsWith('/');
  const pattern = directoryOnly ? body.slice(0, -1) : body;
  const match = pattern.includes('/')
    ? parsePathPattern(pattern.startsWith('/') ? pattern.slice(1) : pattern)
    : parseNamePattern(pattern);
  return match && { negated, directoryOnly, match };
}

/** A pattern with a slash in it (not counting one at the end): matches from the file's directory on. */
function parsePathPattern(pattern: string): Match | undefined {
  if (isLiteral(pattern)) return { kind: 'path', text: pattern };
  if (pattern.startsWith('**/')) {
    const tail = pattern.slice(3);
    if (tail !== '' && !tail.includes('/')) return parseNamePattern(tail);
    if (isLiteral(tail)) return { kind: 'tail', text: tail };
  }
  return parseGlob(pattern, 'path');
}

function parseNamePattern(pattern: string): Match | undefined {
  if (isLiteral(pattern)) return { kind: 'name', text: pattern };
  const ending = pattern.slice(1);
  if (!pattern.startsWith('*') || !isLiteral(ending)) return parseGlob(pattern, 'name');
  return { kind: ending.lastIndexOf('.') === 0 ? 'extension' : 'suffix', text: ending };
}

function parseGlob(pattern: string, on: 'name' | 'path'): Match | undefined {
  const prefix = pattern.slice(0, pattern.search(special));
  // As in git, the rest is a pattern of its own: `a**/b` has a `**` at its start, and so crosses
  // directories although the `**` stands behind a letter.
  const glob = compileGlob(pattern.slice(prefix.length));
  return glob && { kind: 'glob', on, prefix, glob };
}

const special = /[*?[\\]/;

function isLiteral(pattern: string): boolean {
  return !special.test(pattern);
}
