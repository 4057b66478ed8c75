/**
 * Paths inside a root: names joined by '/', the root itself being ''.
 *
 * Names are bytes on disk. Those that are valid UTF-8 are ordinary strings; every byte that is not
 * part of valid UTF-8 becomes one lone surrogate U+DC80..U+DCFF (Python's "surrogateescape"), so
 * that any name survives the way through strings and JSON unharmed. `toBytes` is the inverse.
 * A path from the other side is untrusted until `pathFault` has passed it (invariant 7).
 */
import { isUtf8 } from 'node:buffer';

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

/** The directories above a path, the nearest first; without the root, which is always there. */
export function* pathsAbove(path: Path): Generator<Path, void, undefined> {
  for (let at = parentPath(path); at !== ''; at = parentPath(at)) yield at;
}

/** True when `path` is `ancestor` or lies below it. */
export function isWithin(ancestor: Path, path: Path): boolean {
  return ancestor === '' || path === ancestor || path.startsWith(`${ancestor}/`);
}

// No `u` flag: the classes and look-arounds must see code units, not pairs.
const anySurrogate = /[\ud800-\udfff]/;
const loneSurrogate = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** True when the path holds bytes that are not UTF-8 (or surrogates that stand for nothing). */
export function hasRawBytes(path: string): boolean {
  return anySurrogate.test(path) && loneSurrogate.test(path);
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

const notAscii = /[\u0080-\uffff]/;

/** A path with one character a byte, U+0000..U+00FF: for those who must see bytes. */
export function toBinary(path: string): string {
  return notAscii.test(path) ? toBytes(path).toString('latin1') : path;
}

/** How many bytes a path has on disk. */
export function byteLength(path: string): number {
  return hasRawBytes(path) ? toBytes(path).length : Buffer.byteLength(path, 'utf8');
}

/** A path or name from the bytes that stand on disk. */
export function fromBytes(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return isUtf8(buffer) ? buffer.toString('utf8') : fromRawBytes(buffer);
}

function fromRawBytes(buffer: Buffer): string {
  let text = '';
  let at = 0;
  while (at < buffer.length) {
    const length = sequenceLength(buffer, at);
    if (length === 0) text += String.fromCharCode(0xdc00 + (buffer[at] as number));
    else text += buffer.toString('utf8', at, at + length);
    at += Math.max(length, 1);
  }
  return text;
}

/** Length of the valid UTF-8 sequence at `at`, or 0. */
function sequenceLength(buffer: Buffer, at: number): number {
  const first = buffer[at] as number;
  const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  const whole = at + length <= buffer.length && isUtf8(buffer.subarray(at, at + length));
  return whole ? length : 0;
}

// C1 controls steer terminals, the bidirectional marks reorder what is shown after them.
const unprintable = /[\u0080-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]/;

/** For people: bytes that are not UTF-8 and control characters as \xNN, what deceives as \u{NN}. */
export function displayPath(path: string): string {
  let text = '';
  for (const char of path) {
    const code = char.codePointAt(0) as number;
    if (code >= 0xdc80 && code <= 0xdcff) text += `\\x${(code - 0xdc00).toString(16)}`;
    else if (code < 0x20 || code === 0x7f) text += `\\x${code.toString(16).padStart(2, '0')}`;
    else if (code <= 0xffff && unprintable.test(char)) text += `\\u{${code.toString(16)}}`;
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
  // A code unit never stands for less than a byte, so this bounds the work below.
  if (path.length > maxPathBytes || byteLength(path) > maxPathBytes) return 'too long';
  for (const name of path.split('/')) {
    if (name === '') return 'absolute, or holds an empty name';
    if (name === '.' || name === '..') return `holds the name ${name}`;
    // A code unit stands for at most three bytes (a pair for four).
    if (name.length * 3 > maxNameBytes && byteLength(name) > maxNameBytes) {
      return 'holds a name that is too long';
    }
  }
  return textFault(path);
}

/** What keeps a string from being exactly one sequence of bytes on disk, or undefined. */
export function textFault(text: string): string | undefined {
  if (text.includes('\0')) return 'holds a NUL';
  if (!hasRawBytes(text) || fromBytes(toBytes(text)) === text) return undefined;
  return 'holds surrogates that stand for no bytes';
}
