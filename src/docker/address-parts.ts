/** What the kinds of addresses have in common: percent-encoding, absolute paths, refusals. Pure. */
import { posix } from 'node:path';
import { CaiError } from '../errors.ts';

export function decodePart(text: string, part: string): string {
  try {
    const decoded = decodeURIComponent(part);
    if (!decoded.includes('\0')) return decoded;
  } catch {
    // Falls through to the error, which says more than URIError does.
  }
  throw usage(text, `"${part}" is not percent-encoded correctly.`, 'Write a percent sign as %25.');
}

export function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

/** The path, normal and without a slash at the end; `whose` and `example` are for the refusal. */
export function absolutePath(
  text: string,
  path: string,
  { whose, example, otherwise = '' }: { whose: string; example: string; otherwise?: string },
): string {
  if (!path.startsWith('/')) {
    const what = path === '' ? 'The path is missing' : `The path "${path}" is not absolute`;
    throw usage(text, `${what} in the address of ${whose}.`, `Write ${example}/PATH.${otherwise}`);
  }
  const normal = posix.normalize(path).replace(/(?<=.)\/+$/, '');
  if (normal !== '/') return normal;
  throw usage(
    text,
    'The root of a file system cannot be synchronised.',
    `Name a directory in it, such as ${example}/workspace.`,
  );
}

export function usage(text: string, message: string, next: string): CaiError {
  return new CaiError('USAGE', message, { path: text, next });
}
