/**
 * Paths inside a root: names joined by '/', the root itself being ''.
 *
 * Names are bytes on disk. Those that are valid UTF-8 are ordinary strings; every byte that is not
 * part of valid UTF-8 becomes one lone surrogate U+DC80..U+DCFF (Python's "surrogateescape"), so
 * that any name survives the way through strings and JSON unharmed. `toBytes` is the inverse.
 * A path from the other side is untrusted until `checkPath` has passed it (invariant 7).
 */

/** A path inside a root; '' is the root. */
export type Path = string;

export type Side = 'local' | 'container';

export function otherSide(side: Side): Side {
  return side === 'local' ? 'container' : 'local';
}

export const maxNameBytes = 255;
export const maxPathBytes = 4096;

/** The names with which cai's own staging areas and temporary files begin; never synchronised. */
export const ownPrefix = '.cai-';

export function joinPath(parent: Path, name: string): Path {
  return parent === '' ? name : `${parent}/${name}`;
}

/** The directory that holds `path`; the parent of a top-level name is ''. */
export function parentPath(path: Path): Path {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

export function baseName(path: Path): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** True when `path` is `ancestor` or lies below it. */
export function isWithin(ancestor: Path, path: Path): boolean {
  return ancestor === '' || path === ancestor || path.startsWith(`${ancestor}/`);
}

const loneSurrogate = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/u;
// Without the u flag the lookarounds see code units, which is what is wanted here.
const surrogate = /[\ud800-\udfff]/;

/** True when the path holds bytes that are not UTF-8. */
export function hasRawBytes(path: string): boolean {
  return surrogate.test(path) && new RegExp(loneSurrogate.source).test(path);
}

/** The bytes of a path as they stand on disk. */
export function toBytes(path: string): Buffer {
  if (!hasRawBytes(path)) return Buffer.from(path, 'utf8');
  const parts: Buffer[] = [];
  let plain = '';
  for (const char of path) {
    const code = char.codePointAt(0) as number;
    if (code >= 0xdc80 && code <= 0xdcff) {
      if (plain !== '') parts.push(Buffer.from(plain, 'utf8'));
      plain = '';
      parts.push(Buffer.from([code - 0xdc00]));
    } else plain += char;
  }
  if (plain !== '') parts.push(Buffer.from(plain, 'utf8'));
  return Buffer.concat(parts);
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A path or name from the bytes that stand on disk. */
export function fromBytes(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    return fromRawBytes(bytes);
  }
}

function fromRawBytes(bytes: Uint8Array): string {
  let text = '';
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at);
    if (length === 0) {
      text += String.fromCharCode(0xdc00 + (bytes[at] as number));
      at += 1;
    } else {
      text += strict.decode(bytes.subarray(at, at + length));
      at += length;
    }
  }
  return text;
}

/** Length of the valid UTF-8 sequence at `at`, or 0. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number;
  const length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  try {
    strict.decode(bytes.subarray(at, at + length));
    return length;
  } catch {
    return 0;
  }
}

/** For people: bytes that are not UTF-8 and control characters as \xNN. */
export function displayPath(path: string): string {
  let text = '';
  for (const char of path) {
    const code = char.codePointAt(0) as number;
    if (code >= 0xdc80 && code <= 0xdcff) text += `\\x${(code - 0xdc00).toString(16)}`;
    else if (code < 0x20 || code === 0x7f) text += `\\x${code.toString(16).padStart(2, '0')}`;
    else text += char;
  }
  return text;
}

/**
 * What is wrong with a path that claims to lie inside a root, or undefined when nothing is.
 * `''` is wrong: no action is ever addressed to the root itself.
 */
export function pathFault(path: unknown): string | undefined {
  if (typeof path !== 'string') return 'not a string';
  if (path === '') return 'empty';
  if (path.length > maxPathBytes) return 'too long';
  if (path.includes('\0')) return 'holds a NUL';
  for (const name of path.split('/')) {
    if (name === '') return 'absolute, or holds an empty name';
    if (name === '.' || name === '..') return `holds the name ${name}`;
    if (name.length > maxNameBytes || Buffer.byteLength(name) > maxNameBytes * 3) return 'holds a name that is too long';
  }
  if (!hasRawBytes(path) || fromBytes(toBytes(path)) === path) return undefined;
  return 'holds surrogates that stand for no bytes';
}
