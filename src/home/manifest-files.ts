/** Which manifests count: the one that is shipped, then those of the user. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readToml } from '../config/toml.ts';
import { CaiError } from '../errors.ts';
import { type ManifestEntry, manifestEntries } from './manifest.ts';

/** Below a home directory. */
export const userManifests = '.config/containai/manifests';

export interface Manifest {
  readonly entries: readonly ManifestEntry[];
  /** The files they come from, in order. */
  readonly files: readonly string[];
}

/** The shipped manifest stands beside this code, in the sources as in the bundle. */
export function shippedManifest(): Manifest {
  const path = fileURLToPath(new URL('./sync-manifest.toml', import.meta.url));
  return { entries: readManifest(path), files: [path] };
}

/**
 * The shipped manifest and those of a home directory, in the order of their names. An entry of a later
 * file takes the place of an earlier one with the same source. Throws CONFIG.
 */
export function loadManifests(home: string): Manifest {
  const shipped = shippedManifest();
  const files = userManifestFiles(join(home, userManifests));
  return mergeManifests([
    shipped,
    ...files.map((path) => ({ entries: readManifest(path), files: [path] })),
  ]);
}

/** Later ones go before earlier ones, source by source. Throws CONFIG when two write to the same place. */
export function mergeManifests(manifests: readonly Manifest[]): Manifest {
  const bySource = new Map<string, ManifestEntry>();
  for (const entry of manifests.flatMap(({ entries }) => entries))
    bySource.set(entry.source, entry);
  const entries = [...bySource.values()];
  const byTarget = new Map<string, ManifestEntry>();
  for (const entry of entries) {
    const other = byTarget.get(entry.target);
    if (other !== undefined)
      throw new CaiError(
        'CONFIG',
        `${entry.file}: ${entry.source} and ${other.source} have the same target ${entry.target}.`,
        { path: entry.file, next: 'Give one of them another target.' },
      );
    byTarget.set(entry.target, entry);
  }
  return { entries, files: manifests.flatMap(({ files }) => files) };
}

export function readManifest(path: string): readonly ManifestEntry[] {
  return manifestEntries(readToml(path));
}

export function userManifestFiles(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith('.toml') && !name.startsWith('.'))
      .sort()
      .map((name) => join(directory, name));
  } catch {
    // None, in most homes.
    return [];
  }
}
