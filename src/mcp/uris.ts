/** The names of the resources. A file's path is percent-encoded byte by byte, so that any name has exactly one. */
import type { Path } from '../tree/path.ts';
import { fromBytes, toBytes } from '../tree/path.ts';

export const statusUri = 'cai://status';
export const conflictsUri = 'cai://conflicts';
export const eventsUri = 'cai://events';
export const fileTemplate = 'cai://files/{+path}';
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
/** undefined for what is no file's URI. */
export function pathOfUri(uri: string): Path | undefined {
  if (!uri.startsWith(filePrefix)) return undefined;
  const encoded = uri.slice(filePrefix.length).replace(/[?#].*$/s, '');
  if (/%(?![0-9a-f]{2})/i.test(encoded)) return undefined;
  const bytes = Buffer.from(encoded, 'utf8').toString('latin1');
  const raw = bytes.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return fromBytes(Buffer.from(raw, 'latin1'));
}
