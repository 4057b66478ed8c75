/** Splits what stands behind a command into words, as a shell does with quotes, but expands nothing. Pure. */
import { CaiError } from '../errors.ts';

/**
 * Phones make `—` of two hyphens and curly quotes of straight ones; here they are what the person typed.
 * Throws USAGE for a quote without its partner.
 */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] as string;
    if (quote !== undefined) {
      if (closes(quote, char)) quote = undefined;
      else if (char === '\\' && quote === '"' && /["\\]/.test(text[at + 1] ?? '')) {
        at += 1;
        word += text[at] as string;
      } else word += char;
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (/["'“‘]/.test(char)) {
      quote = char;
      word ??= '';
    } else if (/[—–]/.test(char) && word === undefined) word = '--';
    else word = (word ?? '') + char;
  }
  if (quote !== undefined)
    throw new CaiError('USAGE', `The quote ${quote} has no partner.`, {
      next: 'Close it, or send the arguments as JSON.',
    });
  return word === undefined ? words : [...words, word];
}

function closes(quote: string, char: string): boolean {
  if (quote === '“') return char === '”' || char === '“' || char === '"';
  if (quote === '‘') return char === '’' || char === "'";
  return char === quote;
}
