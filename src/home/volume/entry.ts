/**
 * What stands in a volume, and what may be written into one: plain data that host and helper container
 * share. Paths are relative to the volume's root, with slashes, normal, and never lead out of it.
 */
import { CaiError } from '../../errors.ts';

interface Common {
  readonly path: string;
  readonly uid: number;
  readonly gid: number;
  /** Milliseconds since 1970. */
  readonly mtime: number;
}

export interface VolumeFile extends Common {
  readonly kind: 'file';
  readonly mode: number;
  readonly size: number;
  /** SHA-256 in hex, where it was asked for. */
  readonly digest?: string;
}

export interface VolumeDirectory extends Common {
  readonly kind: 'directory';
  readonly mode: number;
}

export interface VolumeLink extends Common {
  readonly kind: 'link';
  readonly target: string;
}

/** A socket, a pipe, a device, or a name that is no UTF-8 (then written with U+FFFD): never read, never written. */
export interface VolumeOther extends Common {
  readonly kind: 'other';
  readonly what: 'socket' | 'pipe' | 'device' | 'name';
}

export type VolumeEntry = VolumeFile | VolumeDirectory | VolumeLink | VolumeOther;

interface NewCommon {
  readonly path: string;
  /** Default: the user `agent`. */
  readonly uid?: number;
  readonly gid?: number;
  /** Write it only where nothing stands, whatever that is; for placeholders. */
  readonly onlyNew?: boolean;
}

/** What is to stand at a path. Replaces whatever stands there, a whole directory too; a directory stays one and keeps its contents. */
export type NewEntry =
  | (NewCommon & {
      readonly kind: 'file';
      readonly mode: number;
      /** Milliseconds since 1970; a difference below a second is none. Default: now, and then not compared. */
      readonly mtime?: number;
      /** Must be what `content` yields. */
      readonly size: number;
      readonly content: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
    })
  | (NewCommon & {
      readonly kind: 'directory';
      readonly mode: number;
      readonly mtime?: number;
    })
  | (NewCommon & { readonly kind: 'link'; readonly target: string; readonly mtime?: number });

/** At the volume's root: where new contents wait, and old ones until all is done. Never listed, read or written. */
export const reservedName = '.cai-volume';

const maxPath = 4096;
const maxName = 255;

/** What is wrong with a path, or undefined when it can be one in a volume. */
export function volumePathFault(path: string): string | undefined {
  if (path === '') return 'is empty';
  if (path.startsWith('/')) return 'is absolute';
  if (path.includes('\0')) return 'holds a NUL character';
  if (Buffer.byteLength(path) > maxPath) return 'is too long';
  const parts = path.split('/');
  if (parts.includes('..')) return 'leads upwards';
  if (parts.includes('') || parts.includes('.')) return 'is not normal';
  if (parts.some((part) => Buffer.byteLength(part) > maxName)) return 'has a name that is too long';
  if (parts[0] === reservedName) return 'is reserved';
  return undefined;
}

/** Throws NAME unless `path` can be one in a volume. */
export function checkVolumePath(path: string): void {
  const fault = volumePathFault(path);
  if (fault === undefined) return;
  throw new CaiError('NAME', `The path ${JSON.stringify(path.slice(0, 200))} ${fault}.`, { path });
}
