/**
 * Which paths of the source are wanted, and how: those of the manifest and those of additional_paths. What
 * additional_paths names is asked for by a person: a credential that is named comes with its content. Pure.
 */
import { isAbsolute, normalize, relative } from 'node:path';
import type { ManifestEntry } from '../manifest.ts';
import type { EntryFlag } from '../manifest-flags.ts';

export interface Wanted {
  /** Below the source directory. */
  readonly path: string;
  /** Below the volume's root. */
  readonly target: string;
  /** 'any': whatever stands there, for additional paths. */
  readonly kind: 'file' | 'directory' | 'any';
  readonly flags: ReadonlySet<EntryFlag>;
  /** Asked for by additional_paths. */
  readonly additional: boolean;
  /** The manifest or the configuration key that says so. */
  readonly from: string;
}

/** An additional path that cannot be taken. */
export interface Refused {
  readonly path: string;
  readonly why: string;
}

export interface WantedPaths {
  readonly wanted: readonly Wanted[];
  readonly refused: readonly Refused[];
  /** What the manifest calls a secret, in whichever way it is wanted; `*` in the last name of a pattern. */
  readonly secrets: readonly ManifestEntry[];
}

export interface WantedQuery {
  readonly entries: readonly ManifestEntry[];
  readonly additionalPaths: readonly string[];
  /** Directories that `~` may stand for in an absolute path: the source and the user's home. */
  readonly homes: readonly string[];
}

export function wantedPaths({ entries, additionalPaths, homes }: WantedQuery): WantedPaths {
  const refused: Refused[] = [];
  const asked = new Set<string>();
  for (const path of additionalPaths) {
    const below = belowHome(path, homes);
    if (typeof below === 'string') asked.add(below);
    else refused.push(below);
  }
  const fromManifest = entries
    .filter(
      ({ disabled, containerOnly, flags }) => !disabled && !containerOnly && !flags.has('glob'),
    )
    .map((entry): Wanted => {
      const additional = asked.delete(entry.source);
      const { source: path, target, flags, file: from } = entry;
      return { path, target, kind: kindOf(flags), flags, additional, from };
    });
  const secretFlags = new Map(entries.map((entry) => [entry.source, entry.flags]));
  const more = [...asked].map(
    (path): Wanted => ({
      path,
      target: path,
      kind: 'any',
      // One that the manifest knows but does not import by itself keeps what is said of it.
      flags: secretFlags.get(path) ?? new Set(),
      additional: true,
      from: 'import.additional_paths',
    }),
  );
  return {
    wanted: [...fromManifest, ...more],
    refused,
    secrets: entries.filter(({ flags }) => flags.has('secret')),
  };
}

function kindOf(flags: ReadonlySet<EntryFlag>): 'file' | 'directory' {
  return flags.has('file') ? 'file' : 'directory';
}

/** `~/x`, or an absolute path below a home, as a path below the source. */
function belowHome(text: string, homes: readonly string[]): string | Refused {
  const refuse = (why: string): Refused => ({ path: text, why });
  if (/\p{Cc}/u.test(text)) return refuse('holds a control character');
  if (text !== '~' && !text.startsWith('~/') && !isAbsolute(text))
    return refuse('is neither absolute nor begins with "~/"');
  const path = text.startsWith('~')
    ? normalize(`./${text.slice(2)}`)
    : homes
        .map((home) => relative(home, normalize(text)))
        .find((each) => each !== '..' && !each.startsWith('../'));
  if (path === undefined || path === '..' || path.startsWith('../'))
    return refuse('is not below the home directory');
  const clean = path.replace(/\/+$/, '').replace(/^\.\//, '');
  if (clean === '' || clean === '.') return refuse('is the whole home directory');
  return clean;
}

/** True when the manifest calls this path a secret, by name or by pattern. */
export function isSecretPath(secrets: readonly ManifestEntry[], path: string): boolean {
  return secrets.some(({ source, flags }) => {
    if (!flags.has('glob'))
      return source === path || (flags.has('directory') && path.startsWith(`${source}/`));
    return globMatches(source, path);
  });
}

/** `*` and `?` in a name; the public half of a key pair is none. */
function globMatches(pattern: string, path: string): boolean {
  const escaped = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '[^/]*')
    .replace(/\?/g, '[^/]');
  return new RegExp(`^${escaped}$`).test(path) && !path.endsWith('.pub');
}
