/** Texts in files: what counts as one, its lines and its line ends. Pure. */
import { isUtf8 } from 'node:buffer';

export type Eol = 'lf' | 'crlf' | 'mixed' | 'none';

/** The text of bytes that are valid UTF-8 without NUL; undefined for all else. A mark at the start stays. */
export function textOf(bytes: Buffer): string | undefined {
  if (bytes.includes(0) || !isUtf8(bytes)) return undefined;
  return bytes.toString('utf8');
}

export function eolOf(text: string): Eol {
  const ends = text.match(/\r?\n/g);
  if (ends === null) return 'none';
  const crlf = ends.filter((end) => end === '\r\n').length;
  if (crlf === 0) return 'lf';
  return crlf === ends.length ? 'crlf' : 'mixed';
}

/** With their ends; the last one may have none. */
export function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** True for a string that stands for exactly one sequence of bytes. */
export function isWellFormed(text: string): boolean {
  return !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text);
}
