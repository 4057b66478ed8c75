/**
 * What an import leaves in the volume about itself: which files it wrote, so that the next one can tell
 * them from what the container wrote, and which paths beside the manifest's the container shall link. The
 * container can write it too: it is checked, and it only ever speaks of the volume itself.
 */
import { isTable } from '../../config/values.ts';
import { volumePathFault } from '../volume/entry.ts';

/** At the volume's root. */
export const recordName = '.containai-import.json';

const maxBytes = 64 * 1024 * 1024;

export interface RecordedFile {
  readonly kind: 'file';
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly mtime: number;
  /** SHA-256 in hex. */
  readonly digest: string;
  /** Of the source, when it was read: as long as it is this, so is the content. */
  readonly ctime?: number;
}

export type Recorded =
  | RecordedFile
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'directory' };

export interface ImportRecord {
  /** Tells one source directory from another. */
  readonly source: string;
  readonly entries: ReadonlyMap<string, Recorded>;
  /** Paths of the home directory that are in the volume though no manifest says so. */
  readonly additional: readonly string[];
}

/** Always the same text for the same record. */
export function writeRecord({ source, entries, additional }: ImportRecord): string {
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
  const value = { version: 1, source, additional: [...additional].sort() };
  return `${JSON.stringify({ ...value, entries: Object.fromEntries(sorted) }, null, 1)}\n`;
}

/** Undefined for what is no record: then everything in the volume counts as the container's. */
export function readRecord(text: string): ImportRecord | undefined {
  if (text.length > maxBytes) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isTable(value) || value.version !== 1 || typeof value.source !== 'string') return undefined;
  const { entries, additional } = value;
  if (!isTable(entries) || !Array.isArray(additional)) return undefined;
  const known = new Map<string, Recorded>();
  for (const [path, each] of Object.entries(entries))
    if (volumePathFault(path) === undefined && isRecorded(each)) known.set(path, each);
  return {
    source: value.source,
    entries: known,
    additional: additional.filter(
      (path: unknown): path is string =>
        typeof path === 'string' && volumePathFault(path) === undefined,
    ),
  };
}

function isRecorded(value: unknown): value is Recorded {
  if (!isTable(value)) return false;
  const { kind, size, mtime, digest, target, ctime = 0 } = value;
  if (kind === 'directory') return true;
  if (kind === 'link') return typeof target === 'string';
  return (
    kind === 'file' &&
    Number.isSafeInteger(size) &&
    typeof mtime === 'number' &&
    typeof ctime === 'number' &&
    typeof digest === 'string' &&
    /^[0-9a-f]{64}$/.test(digest)
  );
}
