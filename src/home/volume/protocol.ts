/** The messages between host and helper, in the order in which they come. See guest/main.ts and client.ts. */
import type { ErrorJson } from '../../errors.ts';
import type { VolumeEntry } from './entry.ts';

/** An entry to be written, as it travels; a file's content follows as data, exactly `size` bytes. */
export interface WireEntry {
  readonly kind: 'file' | 'directory' | 'link';
  readonly path: string;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly mtime?: number;
  readonly onlyNew?: boolean;
  /** Files. */
  readonly size?: number;
  /** Links. */
  readonly target?: string;
}

export type Request =
  | { readonly op: 'list'; readonly digests: boolean }
  | { readonly op: 'read'; readonly paths: readonly string[] }
  /** Then entries with their contents, removals, and `commit`. */
  | { readonly op: 'write'; readonly dryRun: boolean };

export type WritePart =
  | { readonly entry: WireEntry }
  | { readonly remove: readonly string[] }
  | { readonly commit: true };

export type Recovered = 'nothing' | 'completed' | 'rolled-back';

/** Lists of paths in a result; long ones come in several parts. */
export type ResultList = 'created' | 'updated' | 'attributes' | 'removed' | 'leftDirectories';

export type Answer =
  | { readonly ready: Recovered }
  /** It works on something that takes long. */
  | { readonly busy: true }
  | { readonly entries: readonly VolumeEntry[] }
  /** Then its content as data, and `end`. */
  | { readonly entry: VolumeEntry }
  | { readonly missing: string; readonly why: string }
  | { readonly end: { readonly digest: string; readonly torn: boolean } }
  | { readonly part: ResultList; readonly paths: readonly string[] }
  | { readonly done: { readonly unchanged: number } }
  /** The helper ends after it. */
  | { readonly error: ErrorJson };

/** Items in one message. */
export const batch = 500;
/** Where the volume is mounted in the helper. */
export const mountPoint = '/volume';
