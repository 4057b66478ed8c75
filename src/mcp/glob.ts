/**
 * Patterns for paths, matched in linear time whatever they hold (no regular expressions). One that cannot
 * be is refused, rather than matching nothing.
 */
import { CaiError } from '../errors.ts';
import { compileGlob, type Glob, matchGlob } from '../tree/gitignore-glob.ts';
import type { Path } from '../tree/path.ts';
import { toBinary } from '../tree/path.ts';

export type Matches = (path: Path) => boolean;

const maxAlternatives = 256;

/** Without a slash it is a pattern for names at any depth, else for paths from the workspace. */
export function compilePattern(pattern: string): Matches {
  const plain = pattern.replace(/^\.?\/+/, '').replace(/\/+$/, '');
  const anchored =
    pattern.includes('/') && plain !== '' && pattern.replace(/\/+$/, '').includes('/');
  const globs: Glob[] = [];
  for (const alternative of expandBraces(plain, pattern)) {
    const glob = compileGlob(toBinary(anchored ? alternative : `**/${alternative}`));
    if (glob === undefined || alternative === '') throw invalid(pattern);
    globs.push(glob);
  }
  return (path) => {
    const text = toBinary(path);
    return globs.some((glob) => matchGlob(glob, text, 0));
  };
}

/** Any of the patterns; nothing for an empty list. */
export function compilePatterns(patterns: readonly string[]): Matches {
  const all = patterns.map(compilePattern);
  return (path) => all.some((matches) => matches(path));
}

/** `{a,b}` to both, also one in another. */
function expandBraces(text: string, whole: string): string[] {
  const done: string[] = [];
  const waiting = [text];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const braces = firstBraces(next, whole);
    if (braces === undefined) done.push(next);
    else {
      const { open, close, parts } = braces;
      const [head, tail] = [next.slice(0, open), next.slice(close + 1)];
      for (const part of parts) waiting.push(head + part + tail);
    }
    if (done.length + waiting.length > maxAlternatives) throw invalid(whole);
  }
  return done;
}

interface Braces {
  readonly open: number;
  readonly close: number;
  readonly parts: readonly string[];
}

/** The first outer pair; undefined when there is none, USAGE when one has no partner. */
function firstBraces(text: string, whole: string): Braces | undefined {
  let depth = 0;
  let open = -1;
  let from = 0;
  const parts: string[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === '\\') at += 1;
    else if (char === '{') {
      if (depth === 0) [open, from] = [at, at + 1];
      depth += 1;
    } else if (char === ',' && depth === 1) {
      parts.push(text.slice(from, at));
      from = at + 1;
    } else if (char === '}') {
      depth -= 1;
      if (depth < 0) throw invalid(whole);
      if (depth === 0) return { open, close: at, parts: [...parts, text.slice(from, at)] };
    }
  }
  if (depth !== 0) throw invalid(whole);
  return undefined;
}

function invalid(pattern: string): CaiError {
  return new CaiError('USAGE', `"${pattern.slice(0, 200)}" is no pattern.`, {
    next: 'Use * and ? within a name, ** across directories, {a,b} and [abc]; a bracket needs its partner.',
  });
}
