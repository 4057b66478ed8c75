/**
 * Exact replacements in a text. A text to replace must be there, and only once unless all are meant. Where
 * a file ends its lines with CR LF, an edit that was written with LF fits too, and keeps the file's ends.
 */
import { CaiError } from '../errors.ts';
import { eolOf, linesOf } from './text.ts';

export interface Edit {
  readonly old_text: string;
  readonly new_text: string;
  readonly replace_all?: boolean | undefined;
}

export interface Edited {
  readonly text: string;
  readonly replacements: number;
}

/** One after the other. Throws NO_MATCH, with the number of the edit. */
export function applyEdits(text: string, edits: readonly Edit[], path: string): Edited {
  let result = text;
  let replacements = 0;
  const crlf = eolOf(text) === 'crlf';
  for (const [index, edit] of edits.entries()) {
    const { from, to } = fitting(result, edit, crlf);
    const count = result.split(from).length - 1;
    if (count === 0) throw missing(path, index, result, from);
    if (count > 1 && edit.replace_all !== true) throw ambiguous(path, index, result, from);
    // Not String.replace: a `$` in the new text is a dollar sign.
    result = result.split(from).join(to);
    replacements += count;
  }
  return { text: result, replacements };
}

function fitting(text: string, { old_text, new_text }: Edit, crlf: boolean) {
  if (!crlf || old_text.includes('\r\n')) return { from: old_text, to: new_text };
  const [from, to] = [toCrlf(old_text), toCrlf(new_text)];
  if (text.includes(from)) return { from, to };
  return { from: old_text, to };
}

function toCrlf(text: string): string {
  return text.replace(/\r?\n/g, '\r\n');
}

function missing(path: string, index: number, text: string, from: string): CaiError {
  const first =
    linesOf(from)
      .find((line) => line.trim() !== '')
      ?.trim() ?? '';
  const near = linesOf(text).flatMap((line, at) =>
    first !== '' && line.trim() === first ? [at + 1] : [],
  );
  const hint =
    near.length === 0 ? '' : ` Its first line stands at line ${near.slice(0, 5).join(', ')}.`;
  return new CaiError('NO_MATCH', `Edit ${index + 1}: old_text is not in ${path}.${hint}`, {
    path,
    next: 'Nothing was changed. Read the file; the text must be the same to the blank.',
  });
}

function ambiguous(path: string, index: number, text: string, from: string): CaiError {
  const lines: number[] = [];
  for (let at = text.indexOf(from); at >= 0 && lines.length < 10; at = text.indexOf(from, at + 1))
    lines.push(text.slice(0, at).split('\n').length);
  const where = `lines ${lines.join(', ')}${lines.length === 10 ? ' …' : ''}`;
  return new CaiError(
    'NO_MATCH',
    `Edit ${index + 1}: old_text is more than once in ${path}: ${where}.`,
    {
      path,
      next: 'Nothing was changed. Take more of the lines around it, or set replace_all.',
    },
  );
}
