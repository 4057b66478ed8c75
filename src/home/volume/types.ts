/**
 * A data volume, reached through a short-lived helper container without network. Whoever has it open has
 * it alone. A write is all or nothing: also after a kill at any point, the next one that opens the volume
 * finds the old state or the new one, and nothing between.
 */
import type { EngineCommand } from '../../docker/engine.ts';
import type { NewEntry, VolumeEntry } from './entry.ts';

export interface OpenVolumeOptions {
  readonly command: EngineCommand;
  /** Must exist; see src/docker/volume.ts for making one. */
  readonly name: string;
  readonly signal?: AbortSignal | undefined;
  /** The helper's image; default: the agent image, built when it is not there. */
  readonly image?: string | undefined;
  /** How long to wait for somebody who has the volume open. Default 30,000; 0 to be refused at once. */
  readonly waitMs?: number | undefined;
  /** Told a line for people when something takes long. */
  readonly onProgress?: ((line: string) => void) | undefined;
}

export interface Volume {
  readonly name: string;
  /** What an interrupted write left, and what became of it when the volume was opened. */
  readonly recovered: 'nothing' | 'completed' | 'rolled-back';
  /** Everything in it, parents before what is in them, names in a fixed order. */
  list(options?: ListOptions): Promise<readonly VolumeEntry[]>;
  /** Entries with their contents, in the order of the paths. A content can be read until the next item is asked for. */
  read(paths: Iterable<string>): AsyncGenerator<VolumeItem>;
  write(request: WriteRequest): Promise<WriteResult>;
  /** Ends the helper container. */
  close(): Promise<void>;
}

export interface ListOptions {
  /** Also the digest of each file; reads all contents. */
  readonly digests?: boolean;
}

export type VolumeItem =
  | {
      readonly found: true;
      readonly entry: VolumeEntry;
      /** Of a file: exactly `entry.size` bytes. Empty for all else. */
      readonly content: AsyncIterable<Uint8Array>;
      /** After the content: how it ended. */
      readonly end: () => ReadEnd;
    }
  /** Gone, or not to be read. */
  | { readonly found: false; readonly path: string; readonly why: string };

export interface ReadEnd {
  /** SHA-256 in hex of what was yielded. */
  readonly digest: string;
  /** The file was written to while it was read, and what was yielded may be a mixture. */
  readonly torn: boolean;
}

export interface WriteRequest {
  /** Parents may be left out; they are made for the user `agent` with mode 0755. A path may come once. */
  readonly entries: Iterable<NewEntry> | AsyncIterable<NewEntry>;
  /** Paths that go. A directory goes only when nothing is left in it, so name what is in it too. */
  readonly remove?: readonly string[];
  /** Check and compare only: the result is what would be done. */
  readonly dryRun?: boolean;
  readonly onProgress?: (progress: WriteProgress) => void;
}

export interface WriteProgress {
  readonly files: number;
  readonly bytes: number;
}

export interface WriteResult {
  readonly created: readonly string[];
  /** Content, kind or link target is another now. */
  readonly updated: readonly string[];
  /** Only mode, owner or time. */
  readonly attributes: readonly string[];
  readonly removed: readonly string[];
  /** To be removed, but something is still in them. */
  readonly leftDirectories: readonly string[];
  /** Entries that stood there already (or, with onlyNew, something did). */
  readonly unchanged: number;
}
