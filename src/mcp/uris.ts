/** The names of the resources. A file's path is percent-encoded byte by byte, so that any name has exactly one. */
import type { Path } from '../tree/path.ts';
import { toBytes } from '../tree/path.ts';

const filePrefix = 'cai://files/';

export function fileUri(path: Path): string {
  let text = filePrefix;
  for (const byte of toBytes(path)) {
    const char = String.fromCharCode(byte);
    text += /[A-Za-z0-9._~/-]/.test(char)
      ? char
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}
