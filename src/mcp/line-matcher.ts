/**
 * Finds the lines that match. A regular expression is a model's, and can take for ever on the wrong text: it runs
 * in a context of its own, which is stopped when its time is over.
 */
import { createContext, Script } from 'node:vm';
import { CaiError } from '../errors.ts';

export interface Matching {
  readonly pattern: string;
  /** The pattern is the text itself. */
  readonly literal: boolean;
  readonly ignoreCase: boolean;
  readonly wholeWords: boolean;
}

/** Numbers of the lines (from 0) that match, at most `limit`. Throws TIMEOUT. */
export type FindLines = (lines: readonly string[], limit: number) => readonly number[];

const timeoutMs = 2000;
const search = new Script(`{
  const found = [];
  for (let at = 0; at < lines.length && found.length < limit; at += 1)
    if (expression.test(lines[at])) found.push(at);
  found.join(',');
}`);

/** Throws USAGE for what is no regular expression. */
export function compileMatcher(matching: Matching): FindLines {
  const expression = toExpression(matching);
  const context = createContext({ expression, lines: [], limit: 0 });
  return (lines, limit) => {
    Object.assign(context, { lines, limit });
    try {
      const found = search.runInContext(context, { timeout: timeoutMs }) as string;
      return found === '' ? [] : found.split(',').map(Number);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw cause;
      throw new CaiError(
        'TIMEOUT',
        `The pattern takes too long (over ${timeoutMs} ms in one file).`,
        {
          next: 'Make it simpler: nested repetitions like (a+)+ are slow.',
          cause,
        },
      );
    }
  };
}

function toExpression({ pattern, literal, ignoreCase, wholeWords }: Matching): RegExp {
  const plain = literal ? pattern.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&') : pattern;
  const source = wholeWords ? `(?<![\\p{L}\\p{N}_])(?:${plain})(?![\\p{L}\\p{N}_])` : plain;
  const flags = ignoreCase ? 'iu' : 'u';
  try {
    return new RegExp(source, flags);
  } catch {
    // Without `u`, more is forgiven.
    try {
      return new RegExp(source.replaceAll('\\p{L}\\p{N}_', '\\w'), ignoreCase ? 'i' : '');
    } catch (cause) {
      throw new CaiError('USAGE', `That is no regular expression: ${(cause as Error).message}`, {
        next: 'Correct it, or set literal to search for the text itself.',
        cause,
      });
    }
  }
}
