/**
 * git's wildmatch over bytes: `*`, `?`, `[…]`, `**` and escapes, on "binary" strings (one character a
 * byte). Patterns may come from a hostile container, so this is not done with regular expressions,
 * whose backtracking explodes on `*a*a*a*a`: only the last `*` and the last `**` are ever retried.
 */
import { type ByteSet, bytesBut, parseClass } from './gitignore-class.ts';

/** A compiled pattern. A step is a byte to match, one of the wildcards, or a set of bytes. */
export interface Glob {
  readonly steps: readonly number[];
  readonly sets: readonly ByteSet[];
}

const star = -1;
/** `**` that may cross slashes. */
const deep = -2;
/** The same with the slash behind it: any number of whole directories, also none. */
const deepSlash = -3;
/** Step `firstSet - n` is set number n. */
const firstSet = -4;

const slash = 0x2f;
const anyByte = bytesBut(slash);

/** Compiles a pattern; undefined when it is malformed, which in git means that it never matches. */
export function compileGlob(pattern: string): Glob | undefined {
  const steps: number[] = [];
  const sets: ByteSet[] = [];
  let at = 0;
  while (at < pattern.length) {
    const char = pattern[at];
    if (char === '*') {
      const wildcard = readStars(pattern, at);
      steps.push(wildcard.step);
      at = wildcard.next;
    } else if (char === '?' || char === '[') {
      const parsed = char === '?' ? { set: anyByte, next: at + 1 } : parseClass(pattern, at);
      if (parsed === undefined) return undefined;
      steps.push(firstSet - sets.length);
      sets.push(parsed.set);
      at = parsed.next;
    } else {
      if (char === '\\') at += 1;
      if (at === pattern.length) return undefined;
      steps.push(pattern.charCodeAt(at));
      at += 1;
    }
  }
  return { steps, sets };
}

function readStars(pattern: string, start: number): { step: number; next: number } {
  let next = start;
  while (pattern[next] === '*') next += 1;
  const opens = start === 0 || pattern[start - 1] === '/';
  if (next - start === 1 || !opens) return { step: star, next };
  if (pattern[next] === '/') return { step: deepSlash, next: next + 1 };
  const closes = next === pattern.length || pattern.startsWith('\\/', next);
  return { step: closes ? deep : star, next };
}

/** True when the pattern matches all of `text` from `start` on. */
export function matchGlob({ steps, sets }: Glob, text: string, start: number): boolean {
  let step = 0;
  let at = start;
  // Where to go on when something does not match: behind the last `*`, else behind the last `**`.
  let starStep = -1;
  let starAt = 0;
  let deepStep = -1;
  let deepAt = 0;
  for (;;) {
    if (step === steps.length) {
      if (at === text.length) return true;
    } else {
      const wanted = steps[step] as number;
      if (wanted === star) {
        starStep = step++;
        starAt = at;
        continue;
      }
      if (wanted === deep || wanted === deepSlash) {
        deepStep = step++;
        deepAt = at;
        starStep = -1;
        continue;
      }
      // Retrying from further right would leave even less text.
      if (at === text.length) return false;
      const byte = text.charCodeAt(at);
      const fits = wanted >= 0 ? wanted === byte : sets[firstSet - wanted]?.[byte] === 1;
      if (fits) {
        step += 1;
        at += 1;
        continue;
      }
    }
    if (starStep >= 0 && text.charCodeAt(starAt) !== slash) {
      at = ++starAt;
      step = starStep + 1;
      continue;
    }
    if (deepStep < 0) return false;
    deepAt = steps[deepStep] === deep ? deepAt + 1 : text.indexOf('/', deepAt) + 1;
    if (deepAt === 0) return false;
    at = deepAt;
    step = deepStep + 1;
    starStep = -1;
  }
}
