/** What `cai sync` looks after: links in the container's home, and the places in the volume they lead to. Pure. */
import type { ManifestEntry } from '../manifest.ts';
import type { EntryFlag } from '../manifest-flags.ts';

export interface SyncItem {
  /** Below the home directory: where the link stands. */
  readonly link: string;
  /** Below the volume's root. */
  readonly target: string;
  /** 'any': an additional path, whatever it is. */
  readonly kind: 'file' | 'directory' | 'any';
  readonly flags: ReadonlySet<EntryFlag>;
}

/**
 * Those of the manifests, and what an import brought besides. A directory comes before what is in it:
 * once it is a link, that is in the volume with it.
 */
export function syncItems(
  entries: readonly ManifestEntry[],
  additional: readonly string[],
): readonly SyncItem[] {
  const known = new Map(entries.map((entry) => [entry.source, entry]));
  const fromManifest = entries.flatMap((entry): SyncItem[] => {
    const { link, target, flags, disabled } = entry;
    if (link === undefined || disabled || flags.has('glob')) return [];
    return [{ link, target, kind: flags.has('file') ? 'file' : 'directory', flags }];
  });
  const more = additional
    .filter((path) => known.get(path)?.disabled !== false)
    .map((path): SyncItem => {
      const flags = known.get(path)?.flags ?? new Set<EntryFlag>();
      return { link: path, target: path, kind: 'any', flags };
    });
  const depth = (path: string): number => path.split('/').length;
  return [...fromManifest, ...more].sort((a, b) => depth(a.link) - depth(b.link));
}

/** Something is to stand there from the start, so that what programs write is in the volume at once. */
export function needsPlaceholder({ kind, flags }: SyncItem): boolean {
  if (kind === 'any') return false;
  if (flags.has('credential')) return true;
  if (flags.has('optional')) return false;
  return kind === 'directory' || flags.has('secret') || flags.has('json-init');
}
