/**
 * Reads what `wire.ts` wrote, when it comes from a side that is not trusted (invariant 7): every path
 * stays inside the root, every number is sane, every content has the digest it claims. Throws PROTOCOL.
 * By hand and not by a schema library: 100,000 rows of a scan pass through here while somebody waits.
 */
import * as crypto from 'node:crypto';
import { type ErrorCode, exitCodes } from '../errors.ts';
import type {
  BlockedReason,
  Digest,
  DirectoryEntry,
  Entry,
  FileEntry,
  LinkEntry,
  Look,
} from '../tree/entry.ts';
import { linkFault } from '../tree/link.ts';
import { type Path, pathFault } from '../tree/path.ts';
import { cleanText } from './clean.ts';
import type { Kept, Observation, OutcomeError } from './replica.ts';
import { violation } from './violation.ts';
import { maxInlineBytes } from './wire.ts';

export const maxRows = 50_000;
const digestForm = /^[0-9a-f]{64}$/;
const keptForm = /^[A-Za-z0-9._=+-]{1,255}$/;
/** The widest range that a Date can hold. */
const maxTime = 8.64e15;

const blockedReasons: ReadonlySet<unknown> = new Set<BlockedReason>([
  'unreadable',
  'link-outside',
  'special',
  'too-large',
  'unstable',
  'name',
]);

export function checkArray(value: unknown, most = maxRows): readonly unknown[] {
  if (!Array.isArray(value)) throw violation('something else than a list');
  if (value.length > most) throw violation(`a list of ${value.length} items`);
  return value;
}

export function checkPath(value: unknown): Path {
  const fault = pathFault(value);
  if (fault !== undefined) throw violation(`a path that is not allowed (${fault})`);
  return value as Path;
}

export function checkDigest(value: unknown): Digest {
  if (typeof value !== 'string' || !digestForm.test(value)) throw violation('a faulty digest');
  return value;
}

export function checkCount(value: unknown, most = Number.MAX_SAFE_INTEGER): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0 || (value as number) > most) {
    throw violation('a number that is out of range');
  }
  return value as number;
}

export function checkNumber(value: unknown, most = maxTime): number {
  if (typeof value !== 'number' || !(Math.abs(value) <= most)) {
    throw violation('a number that is out of range');
  }
  return value;
}

/** A text for people; its control characters go. */
export function checkText(value: unknown, maxLength = 1000): string {
  if (typeof value !== 'string') throw violation('something else than a text');
  return cleanText(value, maxLength);
}

export function checkBoolean(value: unknown): boolean {
  if (typeof value !== 'boolean') throw violation('something else than yes or no');
  return value;
}

/** A look that stands in `row` from `at` on. */
export function checkLook(row: readonly unknown[], at: number, path: Path): Look {
  switch (row[at]) {
    case 'n':
      return null;
    case 'f':
    case 'x':
      return {
        kind: 'file',
        digest: checkDigest(row[at + 1]),
        size: checkCount(row[at + 2]),
        executable: row[at] === 'x',
        mode: checkCount(row[at + 3], 0o777),
        mtime: checkNumber(row[at + 4]),
      };
    case 'd':
      return { kind: 'directory', mode: checkCount(row[at + 1], 0o777) };
    case 'l':
      return checkLink(row[at + 1], path);
    case 'b':
      if (!blockedReasons.has(row[at + 1])) throw violation('a blocked path for no known reason');
      return {
        kind: 'blocked',
        why: row[at + 1] as BlockedReason,
        message: checkText(row[at + 2]),
      };
    default:
      throw violation('an entry of no known kind');
  }
}

function checkLink(target: unknown, path: Path): LinkEntry {
  const fault = linkFault(path, target);
  if (fault !== undefined) throw violation(`a link that is not allowed (${fault})`);
  return { kind: 'link', target: target as string };
}

/** Hands out the contents in a binary part, one after the other; every byte has to be asked for. */
export interface Contents {
  /** Bytes of that digest, in memory of their own. */
  take(length: unknown, digest: Digest, size?: number): Uint8Array;
  end(): void;
}

export function openContents(bytes: Uint8Array): Contents {
  let at = 0;
  return {
    take(length, digest, size) {
      const count = checkCount(length, maxInlineBytes);
      if (size !== undefined && size !== count) throw violation('a content of another size');
      if (at + count > bytes.length) throw violation('less content than it says');
      const content = bytes.slice(at, at + count);
      at += count;
      if (digestOf(content) !== digest) throw violation('a content that has another digest');
      return content;
    },
    end() {
      if (at !== bytes.length) throw violation('more content than it says');
    },
  };
}

// The one-shot hash is several times faster for small contents; Node 20.12 has it, 18 has not.
const oneShot = (crypto as { hash?: (name: string, data: Uint8Array) => string }).hash;

function digestOf(bytes: Uint8Array): Digest {
  if (oneShot !== undefined) return oneShot('sha256', bytes);
  return crypto.createHash('sha256').update(bytes).digest('hex');
}

export function checkRows(data: unknown, bytes: Uint8Array): Observation[] {
  const contents = openContents(bytes);
  const rows = checkArray(data).map((value) => checkRow(value, contents));
  contents.end();
  return rows;
}

const contentAt = 6;

function checkRow(value: unknown, contents: Contents): Observation {
  if (!Array.isArray(value)) throw violation('a row that is no list');
  const path = checkPath(value[0]);
  const look = checkLook(value, 1, path);
  if (look?.kind !== 'file' || value.length <= contentAt) return { path, look };
  return { path, look, bytes: contents.take(value[contentAt], look.digest, look.size) };
}

export function checkKept(value: unknown): Kept {
  const [id, path, look, expected] = checkArray(value, 4);
  const checked = checkPath(path);
  const entry = checkEntry(look, checked);
  if (entry.kind === 'directory') throw violation('a kept directory');
  return { id: checkKeptId(id), path: checked, entry, expected: checkBoolean(expected) };
}

export function checkKeptId(id: unknown): string {
  if (typeof id !== 'string' || !keptForm.test(id)) throw violation('a faulty id of a kept file');
  return id;
}

/** A look in a list of its own that is an entry. */
export function checkEntry(value: unknown, path: Path): Entry {
  const look = checkLook(checkArray(value, 5), 0, path);
  if (look === null || look.kind === 'blocked') throw violation('no entry where one must be');
  return look;
}

export function checkExpect(value: unknown, path: Path): Entry | null {
  const look = checkLook(checkArray(value, 5), 0, path);
  if (look?.kind === 'blocked') throw violation('a blocked path as what is expected');
  return look;
}

export function isFile(entry: Entry): entry is FileEntry {
  return entry.kind === 'file';
}

export function isDirectory(entry: Entry): entry is DirectoryEntry {
  return entry.kind === 'directory';
}

export function checkError(code: unknown, message: unknown): OutcomeError {
  if (typeof code !== 'string' || !Object.hasOwn(exitCodes, code)) {
    throw violation('an error of no known code');
  }
  return { code: code as ErrorCode, message: checkText(message) };
}
