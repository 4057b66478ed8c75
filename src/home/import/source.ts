/** What stands in the source directory, as plain data: the scan's result and the plan's input. */
import type { Wanted } from './wanted.ts';

interface Common {
  /** Below the source directory: where it was found, not where links lead. */
  readonly path: string;
}

export interface SourceFile extends Common {
  readonly kind: 'file';
  /** Absolute, links resolved: what is read. */
  readonly real: string;
  readonly mode: number;
  readonly size: number;
  /** Milliseconds since 1970, whole. */
  readonly mtime: number;
  /** When anything of it was last changed; no program can set it. */
  readonly ctime: number;
  /** What is in it, where a flag asks for that. */
  readonly text?: string;
  /** It stands behind a link that had this text. */
  readonly through?: string;
}

export interface SourceDirectory extends Common {
  readonly kind: 'directory';
  readonly real: string;
  readonly mode: number;
  readonly children: readonly SourceNode[];
  readonly through?: string;
}

export interface SourceLink extends Common {
  readonly kind: 'link';
  readonly target: string;
  /** Where its text leads: absolute, one step, links in the directory of the link resolved. */
  readonly leads: string;
  readonly state: 'inside' | 'outside' | 'broken';
}

/** What is not looked into, and why. */
export interface SourceOmitted extends Common {
  readonly kind: 'omitted';
  readonly why: string;
}

export type SourceNode = SourceFile | SourceDirectory | SourceLink | SourceOmitted;

export type ScannedRoot =
  | { readonly wanted: Wanted; readonly state: 'found'; readonly node: SourceNode }
  | { readonly wanted: Wanted; readonly state: 'missing'; readonly why: string }
  | { readonly wanted: Wanted; readonly state: 'omitted'; readonly why: string };

export interface SourceScan {
  /** The source directory's real path. */
  readonly root: string;
  readonly roots: readonly ScannedRoot[];
  /** How the source directory may be written in a path. */
  readonly homes: readonly string[];
  /** Modes of directories above wanted paths, by path. */
  readonly parentModes: ReadonlyMap<string, number>;
  /** Where a place of the source comes to stand in the volume. */
  readonly coverage: readonly Covered[];
}

export interface Covered {
  /** Absolute; both as it is written and with links resolved. */
  readonly place: string;
  readonly target: string;
}

/** The place in the volume of an absolute path of the source; undefined when nothing brings it there. */
export function volumePlace(coverage: readonly Covered[], absolute: string): string | undefined {
  let best: Covered | undefined;
  for (const each of coverage) {
    const fits = absolute === each.place || absolute.startsWith(`${each.place}/`);
    if (fits && each.place.length > (best?.place.length ?? 0)) best = each;
  }
  return best === undefined ? undefined : best.target + absolute.slice(best.place.length);
}
