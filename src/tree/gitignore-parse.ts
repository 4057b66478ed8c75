/** Lines of ignore files, read as git reads them: what each pattern matches, and by which means. */
import { compileGlob, type Glob } from './gitignore-glob.ts';

export interface IgnoreRule {
  /** A `!` line: takes back what an earlier line excluded. */
  readonly negated: boolean;
  /** The line ends in a slash: it matches directories only. */
  readonly directoryOnly: boolean;
  readonly match: Match;
}

/** From cheap to dear. `on` says what is matched: the last name, or the path from the file's directory. */
export type Match =
  | { readonly kind: 'literal'; readonly on: 'name' | 'path'; readonly text: string }
  | { readonly kind: 'suffix'; readonly on: 'name'; readonly text: string }
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
  const prefix = literalPrefix(pattern);
  if (prefix === pattern) return { kind: 'literal', on: 'path', text: pattern };
  // As in git, the rest is a pattern of its own: `a**/b` has a `**` at its start, and so crosses
  // directories although the `**` stands behind a letter.
  const glob = compileGlob(pattern.slice(prefix.length));
  return glob && { kind: 'glob', on: 'path', prefix, glob };
}

function parseNamePattern(pattern: string): Match | undefined {
  const prefix = literalPrefix(pattern);
  if (prefix === pattern) return { kind: 'literal', on: 'name', text: pattern };
  const rest = pattern.slice(1);
  if (pattern.startsWith('*') && literalPrefix(rest) === rest) {
    return { kind: 'suffix', on: 'name', text: rest };
  }
  const glob = compileGlob(pattern.slice(prefix.length));
  return glob && { kind: 'glob', on: 'name', prefix, glob };
}

/** What stands before the first special character. */
function literalPrefix(pattern: string): string {
  const special = pattern.search(/[*?[\\]/);
  return special < 0 ? pattern : pattern.slice(0, special);
}
